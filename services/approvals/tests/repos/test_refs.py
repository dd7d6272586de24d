"""Tags, branches and the way of `applied/main`, looked at with git itself."""

import subprocess
from typing import Any

import pytest
from hive_wire.errors import ErrorCode, Refusal

Shop = Any  # the fixture's class, in conftest.py
AGENT = "scout"


def _taken(shop: Shop, text: bytes, *parents: str) -> str:
    commit = shop.commit({"x.nix": text}, *parents)
    shop.repos.take_in(AGENT, commit)
    return commit


def test_tags_are_made_once_and_never_move(shop: Shop) -> None:
    first, second = _taken(shop, b"1"), _taken(shop, b"2")
    for _ in range(2):
        shop.repos.tag(AGENT, "proposal/7", first)
        shop.repos.annotate(AGENT, "denied/7", first, "too much", 1_700_000_000)
    for act in (
        lambda: shop.repos.tag(AGENT, "proposal/7", second),
        lambda: shop.repos.annotate(AGENT, "denied/7", second, "too much", 1_700_000_000),
    ):
        with pytest.raises(RuntimeError):
            act()
    assert shop.in_applied("rev-parse", "proposal/7", "denied/7^{commit}").split() == [first, first]
    assert shop.in_applied("cat-file", "-t", "denied/7") == "tag"
    assert shop.in_applied("cat-file", "-t", "proposal/7") == "commit"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "a\nb\n",
        "a\n\n# no comment\n\n\n",
        "  kept  ",
        "nul \0 inside",
        "\u202e\U0001f600",
        "object x\ntype y\n\n",
        "x" * 70_000,
    ],
)
def test_an_annotated_tag_has_exactly_the_text_that_was_given(shop: Shop, message: str) -> None:
    shop.repos.annotate(AGENT, "failed/7", shop.start, message, 1_700_000_000)
    command = ["git", "-c", "safe.directory=*", "-C", str(shop.applied), "cat-file", "tag", "failed/7"]
    _, _, kept = subprocess.check_output(command).partition(b"\n\n")
    assert kept == message.encode()
    shop.in_applied("fsck", "--full")


def test_branches_come_and_go(shop: Shop) -> None:
    first, second = _taken(shop, b"1"), _taken(shop, b"2")
    for commit in (first, first, second):
        shop.repos.set_branch(AGENT, "build/7", commit)
        assert shop.in_applied("rev-parse", "refs/heads/build/7") == commit
    for _ in range(2):
        shop.repos.drop_branch(AGENT, "build/7")
    assert shop.in_applied("for-each-ref", "--format=%(refname)", "refs/heads") == "refs/heads/main"


def test_packed_references_are_found_and_dropped(shop: Shop) -> None:
    first = _taken(shop, b"1")
    shop.repos.tag(AGENT, "proposal/7", first)
    shop.repos.set_branch(AGENT, "build/7", first)
    shop.in_applied("pack-refs", "--all")
    shop.repos.tag(AGENT, "proposal/7", first)
    shop.repos.drop_branch(AGENT, "build/7")
    assert "build/7" not in shop.in_applied("for-each-ref")
    assert shop.repos.deployed(AGENT) == shop.start


def test_main_only_goes_forward(shop: Shop) -> None:
    first = _taken(shop, b"1")
    second, aside = _taken(shop, b"2", first), _taken(shop, b"3")
    for commit in (first, first, second):
        shop.repos.fast_forward(AGENT, commit)
        assert shop.repos.deployed(AGENT) == commit
    for commit in (first, aside, shop.start):
        with pytest.raises(Refusal) as refused:
            shop.repos.fast_forward(AGENT, commit)
        assert refused.value.code is ErrorCode.STALE_BASE
    assert shop.in_applied("rev-parse", "main") == second
    assert shop.repos.start(AGENT) == shop.start


def test_descent_follows_links_and_not_dates(shop: Shop) -> None:
    tree = shop.git("rev-parse", "HEAD^{tree}")

    def dated(seconds: int, *parents: str) -> str:
        links = "".join(f"parent {parent}\n" for parent in parents)
        who = f"m <m> {seconds} +0000"
        return shop.write("commit", f"tree {tree}\n{links}author {who}\ncommitter {who}\n\nx".encode())

    old = dated(1, shop.start)
    chain = [old]
    for number in range(5):
        chain.append(dated(999_999_999_999 if number % 2 else 0, chain[-1]))
    shop.repos.take_in(AGENT, chain[-1])
    assert all(shop.repos.descends(AGENT, chain[-1], commit) for commit in [shop.start, *chain])
    assert not shop.repos.descends(AGENT, old, chain[1])


def test_locks_that_a_killed_process_left_stop_nothing(shop: Shop) -> None:
    first = _taken(shop, b"1")
    for name in ("refs/heads/main.lock", "refs/heads/build/7.lock", "refs/tags/proposal/7.lock", "packed-refs.lock"):
        (shop.applied / name).parent.mkdir(parents=True, exist_ok=True)
        (shop.applied / name).touch()
    shop.repos.tag(AGENT, "proposal/7", first)
    shop.repos.set_branch(AGENT, "build/7", first)
    shop.repos.fast_forward(AGENT, first)
    (shop.applied / "packed-refs.lock").touch()
    (shop.applied / "refs/heads/build/7.lock").touch()
    shop.repos.drop_branch(AGENT, "build/7")
    assert shop.in_applied("for-each-ref", "--format=%(refname:short)").split() == ["main", "deployed/0", "proposal/7"]
