"""Reading a log whose writer puts it aside when it is full."""

import os
import time
from pathlib import Path

import pytest
from hive_lifecycle.runtimes.logs import read_page


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def put(log: Path, text: str, *, ago: float = -3600) -> None:
    """Write so many seconds ago; before now, the writer counts as busy."""
    with log.open("a") as stream:
        stream.write(text)
    os.utime(log, (time.time() - ago,) * 2)


def put_aside(log: Path) -> None:
    log.rename(log.with_name("log.1"))


def follow(log: Path, cursor: str, lines: int = 100) -> tuple[list[str], str, bool]:
    page = read_page(log, lines, cursor)
    return [*page.lines], page.cursor, page.cut


def test_a_cursor_taken_before_there_is_a_log_misses_nothing(log):
    cursor = read_page(log, 10, None).cursor
    assert follow(log, cursor) == ([], cursor, False)
    put(log, "one\n")
    assert follow(log, cursor)[::2] == (["one"], False)


def test_a_cursor_holds_across_the_putting_aside_of_a_full_log(log):
    put(log, "one\ntwo\n")
    cursor = read_page(log, 10, None).cursor
    put(log, "three\nfo")
    put_aside(log)
    put(log, "ur\nfive\n")
    lines, cursor, cut = follow(log, cursor, 2)
    assert (lines, cut) == (["three", "four"], False)
    assert follow(log, cursor)[::2] == (["five"], False)


def test_lines_that_are_gone_are_said_to_be_missing(log):
    put(log, "one\n")
    cursor = read_page(log, 10, None).cursor
    for text in ("two\n", "three\n", "four\n"):
        put_aside(log)
        put(log, text)
    assert follow(log, cursor)[::2] == (["three", "four"], True)


def test_a_new_file_with_the_inode_of_an_old_one_is_not_taken_for_it(log):
    put(log, "one\n")
    cursor = read_page(log, 10, None).cursor
    log.write_text("something else of some length\n")
    assert follow(log, cursor)[::2] == (["something else of some length"], True)


def test_an_unfinished_line_is_told_once_it_is_whole(log):
    put(log, "one\n")
    cursor = read_page(log, 10, None).cursor
    put(log, "tw")
    assert follow(log, cursor)[0] == []
    put(log, "o\n")
    assert follow(log, cursor)[0] == ["two"]


def test_the_unfinished_last_words_of_a_writer_that_has_gone_are_told(log):
    put(log, "one\n")
    cursor = read_page(log, 10, None).cursor
    put(log, "tw", ago=60)
    assert follow(log, cursor)[0] == ["tw"]


def test_a_page_by_page_reading_gives_every_line_once(log):
    put(log, "".join(f"{n}\n" for n in range(40_000)))
    put_aside(log)
    put(log, "".join(f"{n}\n" for n in range(40_000, 60_000)))
    cursor, found = read_page(log.with_name("none"), 1, None).cursor, []
    while True:
        lines, cursor, cut = follow(log, cursor, 5000)
        assert not cut
        if not lines:
            break
        found += lines
    assert found == [str(n) for n in range(60_000)]
    assert list(read_page(log, 30_000, None).lines) == found[-30_000:]
