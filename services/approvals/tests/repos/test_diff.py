"""The diff of a proposal: git itself rebuilds the proposed tree from it, so nothing was left out."""

import json
import random
from itertools import pairwise
from typing import Any

import pytest
from hive_wire.approvals import DiffPart, FileStatus
from hive_wire.errors import ErrorCode, Refusal

Shop = Any  # the fixture's class, in conftest.py
AGENT = "scout"
_FRAME = 400


def _pages(diff: Any, max_bytes: int) -> list[list[DiffPart]]:
    pages: list[list[DiffPart]] = []
    cursor: str | None = None
    while True:
        parts, cursor = diff.page(cursor, max_bytes)
        pages.append(parts)
        if cursor is None:
            return pages


def _check_pages(diff: Any, max_bytes: int) -> list[list[DiffPart]]:
    """That the pages are the whole diff, file by file, each within its size."""
    pages = _pages(diff, max_bytes)
    parts = [part for page in pages for part in page]
    assert "".join(part.text for part in parts) == "".join(patch.text for patch in diff.patches)
    assert [part.number for part in parts] == sorted(part.number for part in parts)
    for page, following in pairwise(pages):
        assert [part.continues for part in page[:-1]] == [False] * (len(page) - 1)
        assert page[-1].continues == (page[-1].number == following[0].number)
    assert not pages[-1] or not pages[-1][-1].continues
    for page in pages:
        assert sum(len(json.dumps(part.text, ensure_ascii=False).encode()) for part in page) <= max(max_bytes, _FRAME)
    return pages


@pytest.fixture
def many(shop: Shop) -> tuple[Shop, str, str]:
    lines = [b"line %d\n" % number for number in range(300)]
    first = shop.commit(
        {
            "changed.nix": b"".join(lines),
            "gone.nix": b"was here\n",
            "mode.sh": b"#!/bin/sh\n",
            "old name.nix": b"".join(lines[:50]),
            "picture.png": b"\x89PNG\0" + bytes(range(256)),
            "no-end": b"a\nb",
            'quo"ted\u00e9.txt': b"1\n",
        }
    )
    lines[5], lines[250] = b"other 5\n", b"other 250\n"
    second = shop.commit(
        {
            "changed.nix": b"".join(lines),
            "mode.sh": (b"100755", b"#!/bin/sh\n"),
            "new/name.nix": b"".join(b"line %d\n" % number for number in range(50)),
            "picture.png": b"\x89PNG\0" + bytes(range(255, -1, -1)),
            "no-end": b"a\nb\n",
            'quo"ted\u00e9.txt': b"2\r\n",
            "added.nix": b"{ }\n",
            "nul-late": b"x" * 9000 + b"\n\0\nafter\n",
            "empty": b"",
        },
        first,
    )
    shop.propose(second)
    return shop, first, second


@pytest.mark.parametrize("against", ["base", "nothing"])
def test_git_rebuilds_the_proposed_tree_from_the_diff(many: tuple[Shop, str, str], against: str) -> None:
    shop, first, second = many
    diff = shop.diff(second, first if against == "base" else None)
    assert shop.rebuilt(diff) == shop.in_applied("rev-parse", f"{second}^{{tree}}")
    numbers = [
        line.split("\t") for line in shop.in_applied("diff", "--numstat", diff.base or _empty(shop), second).split("\n")
    ]
    texts = [(int(added), int(deleted)) for added, deleted, _path in numbers if added != "-"]
    if against == "nothing":
        assert (diff.additions, diff.deletions) == (sum(a for a, _ in texts), sum(d for _, d in texts))
    assert diff.files == (10 if against == "base" else len(numbers))


def _empty(shop: Shop) -> str:
    return shop.in_applied("hash-object", "-t", "tree", "-w", "--stdin")


def test_every_kind_of_change_is_named(many: tuple[Shop, str, str]) -> None:
    shop, first, second = many
    parts = {part.path: part for page in _check_pages(shop.diff(second, first), 1 << 20) for part in page}
    shown = {path: (p.status, p.old_path, p.old_mode, p.new_mode, p.binary) for path, p in parts.items()}
    plain, run = "100644", "100755"
    assert shown == {
        "added.nix": (FileStatus.ADDED, None, None, plain, False),
        "changed.nix": (FileStatus.MODIFIED, None, plain, plain, False),
        "empty": (FileStatus.ADDED, None, None, plain, False),
        "gone.nix": (FileStatus.DELETED, None, plain, None, False),
        "mode.sh": (FileStatus.MODIFIED, None, plain, run, False),
        "new/name.nix": (FileStatus.RENAMED, "old name.nix", plain, plain, False),
        "no-end": (FileStatus.MODIFIED, None, plain, plain, False),
        "nul-late": (FileStatus.ADDED, None, None, plain, False),
        "picture.png": (FileStatus.MODIFIED, None, plain, plain, True),
        'quo"ted\u00e9.txt': (FileStatus.MODIFIED, None, plain, plain, False),
    }
    assert (parts["changed.nix"].additions, parts["changed.nix"].deletions) == (2, 2)
    assert "GIT binary patch" in parts["picture.png"].text
    assert "old mode 100644\nnew mode 100755" in parts["mode.sh"].text
    assert "\\ No newline at end of file" in parts["no-end"].text


@pytest.mark.parametrize("max_bytes", [1, 300, 2000, 30_000, 1 << 20])
def test_pages_of_any_size_are_the_whole_diff(many: tuple[Shop, str, str], max_bytes: int) -> None:
    shop, first, second = many
    _check_pages(shop.diff(second, first), max_bytes)


def test_pages_end_at_lines_where_lines_are_short_enough(shop: Shop) -> None:
    commit = shop.commit({"a": b"".join(b"line %d\n" % number for number in range(10_000))})
    shop.propose(commit)
    pages = _check_pages(shop.diff(commit, shop.start), 20_000)
    assert 5 < len(pages) < 20
    assert all(page[-1].text.endswith("\n") for page in pages)
    assert [part.additions for page in pages for part in page] == [10_000] * len(pages)


@pytest.mark.parametrize(
    "content",
    [b"x" * 500_000, "\u20ac".encode() * 100_000, b"\x01" * 100_000, b"\xff" * 100_000],
    ids=["ascii", "utf-8", "control", "binary"],
)
def test_one_line_longer_than_a_page_goes_on_over_pages(shop: Shop, content: bytes) -> None:
    commit = shop.commit({"a": content + b"\nb\n"})
    shop.propose(commit)
    pages = _check_pages(shop.diff(commit, shop.start), 50_000)
    assert len(pages) > 5


def test_bytes_that_are_no_text_stand_as_escapes(shop: Shop) -> None:
    commit = shop.commit({"latin": b"caf\xe9 \xe2\x82 ok\n"})
    notes = shop.propose(commit).notes
    [part] = _check_pages(shop.diff(commit, shop.start), 1 << 20)[0]
    assert "+caf\\xe9 \\xe2\\x82 ok\n" in part.text
    assert any("not UTF-8" in note for note in notes)


def test_sixteen_million_bytes_are_shown_to_the_last_line(shop: Shop) -> None:
    pick = random.Random(4)
    files: dict[str, bytes] = {}
    for number in range(15):
        lines = [b"%d: %s\n" % (line, pick.randbytes(500).hex().encode()) for line in range(1030)]
        files[f"large/{number}.txt"] = b"".join(lines)[: (1 << 20) - 1] + b"\n"
    commit = shop.commit(files)
    shop.propose(commit)
    diff = shop.diff(commit, shop.start)
    assert diff.files == 15
    pages = _check_pages(diff, 1 << 20)
    assert 14 < len(pages) < 40
    assert shop.rebuilt(diff) == shop.in_applied("rev-parse", f"{commit}^{{tree}}")


def test_the_digest_tells_apart_whatever_differs(shop: Shop) -> None:
    variants = [
        {"a.nix": b"1\n"},
        {"a.nix": b"1"},
        {"a.nix": (b"100755", b"1\n")},
        {"b.nix": b"1\n"},
        {"a.nix": b"1\n", "b.nix": b""},
        {"a.nix": b"\0"},
        {"a.nix": b"\xff"},
        {"a.nix": b"\\xff"},
        {"agent.toml": None, "a.nix": shop.base_files["agent.toml"]},
    ]
    commits = [shop.commit(files) for files in variants]
    commits.append(shop.commit(variants[0], message=b"another message"))
    for commit in commits:
        shop.propose(commit)
    digests = [shop.diff(commit, shop.start).digest for commit in commits]
    digests += [shop.diff(commit, None).digest for commit in commits]
    digests += [shop.diff(commits[0], commits[1]).digest]
    assert len(set(digests)) == len(digests)
    assert digests[0] == shop.diff(commits[0], shop.start).digest
    assert all(len(digest) == 64 for digest in digests)


def test_nothing_changed_is_an_empty_diff(shop: Shop) -> None:
    diff = shop.diff(shop.start, shop.start)
    assert (diff.files, diff.page(None, 1000)) == (0, ([], None))


@pytest.mark.parametrize(
    "cursor", ["", "x", "0", "0:x", "1:0", "99:0", "0:999999", "-1:0", "0:-1", "\u0663:0", "0:0:0"]
)
def test_a_cursor_that_no_page_gave_is_refused(shop: Shop, cursor: str) -> None:
    commit = shop.commit({"a": b"1\n"})
    shop.propose(commit)
    with pytest.raises(Refusal) as refused:
        shop.diff(commit, shop.start).page(cursor, 1000)
    assert refused.value.code is ErrorCode.BAD_REQUEST


def test_a_commit_that_was_not_taken_in_has_no_diff(shop: Shop) -> None:
    for base, commit in ((None, "1" * 40), ("1" * 40, shop.start), (None, "main"), (None, "")):
        with pytest.raises(Refusal) as refused:
            shop.repos.diff(AGENT, base, commit)
        assert refused.value.code is ErrorCode.UNKNOWN_COMMIT
