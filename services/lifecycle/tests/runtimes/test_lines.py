"""What becomes of a program's output on its way to a page."""

from hive_lifecycle.runtimes.nixos.lines import MAX_CHARS, Lines


def all_of(*pieces: bytes) -> list[str]:
    lines = Lines()
    return [line for piece in pieces for line in lines.feed(piece)] + lines.end()


def test_lines_may_come_in_pieces_and_the_last_one_without_an_end():
    assert all_of(b"on", b"e\ntwo\r", b"\nthree") == ["one", "two", "three"]


def test_escape_sequences_and_control_characters_are_taken_out():
    assert all_of(b"\x1b[31;1merror:\x1b[0m no\x07 \x1b]8;;http://x\x07link\x1b]8;;\x07\n") == ["error: no link"]


def test_of_a_progress_bar_one_line_is_shown_and_the_last_is_kept():
    assert all_of(b" 1%\r", b" 2%\r", b" 3%\r done\n") == [" 1%", " done"]


def test_a_line_without_end_is_cut_and_needs_no_memory():
    lines = Lines()
    for _ in range(100):
        assert lines.feed(b"x" * 10_000) == []
    assert len(lines._rest) < 100_000
    (line,) = lines.feed(b"\n")
    assert len(line) == MAX_CHARS


def test_text_that_is_not_utf_8_is_shown_as_far_as_it_is():
    assert all_of(b"caf\xc3\xa9 \xff\n") == ["café �"]
