"""What a terminal shows of text that somebody decides on."""

import unicodedata

import pytest
from hive_cli.visible import coloured_diff, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcödé 漢字 🙂\n\ttab", "plain ünïcödé 漢字 🙂\n\ttab"),
        ("\x1b[2J\x1b]0;title\x07", "<U+001B>[2J<U+001B>]0;title<U+0007>"),
        ("hidden\rshown", "hidden<U+000D>shown"),
        ("a\u202eb\u2066c", "a<U+202E>b<U+2066>c"),
        ("zero\u200bwidth\ufeff", "zero<U+200B>width<U+FEFF>"),
        ("filler\u3164 \u115f \ufe0f \U000e0100", "filler<U+3164> <U+115F> <U+FE0F> <U+E0100>"),
        ("line\u2028paragraph\u2029next\x85", "line<U+2028>paragraph<U+2029>next<U+0085>"),
        ("no-break\u00a0space", "no-break<U+00A0>space"),
    ],
)
def test_whatever_hides_or_steers_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_no_control_or_format_character_of_unicode_reaches_the_terminal() -> None:
    everything = "".join(map(chr, range(0x110000)))
    left = {letter for letter in visible(everything) if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp", "Cs")}
    assert left == {"\n", "\t"}


def test_a_diff_is_coloured_by_line_and_hides_nothing() -> None:
    text = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\u202e\x1b[8m\n same\n"
    lines = coloured_diff(text).split("\n")
    assert lines[4:6] == ["\x1b[31m-old\x1b[0m", "\x1b[32m+new\x1b[7m<U+202E>\x1b[27m\x1b[7m<U+001B>\x1b[27m[8m\x1b[0m"]
    assert lines[6:] == [" same", ""]
    assert all(line.startswith("\x1b[") and line.endswith("\x1b[0m") for line in lines[:6])
