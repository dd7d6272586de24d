"""Proposals on their way into the applied repository, looked at with git itself."""

import threading
from typing import Any

import pytest
from hive_wire.errors import ErrorCode, Refusal

Shop = Any  # the fixture's class, in conftest.py
AGENT = "scout"


def _work(shop: Shop, text: str = "{ }\n") -> str:
    """A commit that git itself made in the working copy."""
    (shop.proposed / "agent.nix").write_text(text)
    shop.git("commit", "-q", "-a", "-m", "change")
    return shop.git("rev-parse", "HEAD")


@pytest.mark.parametrize("digits", [7, 12, 39, 40])
def test_a_commit_is_known_by_its_first_digits(shop: Shop, digits: int) -> None:
    commit = _work(shop)
    assert shop.repos.resolve(AGENT, commit[:digits]) == commit
    assert shop.repos.resolve(AGENT, commit[:digits].upper()) == commit


@pytest.mark.parametrize(
    "text",
    ["main", "HEAD", "deployed/0", "", "abcdef", "g" * 40, "a" * 41, " abcdef0", "abcdef0\n", "abcdef0^", "-abcdef"],
)
def test_what_could_move_is_no_commit(shop: Shop, text: str) -> None:
    with pytest.raises(Refusal) as refused:
        shop.repos.resolve(AGENT, text)
    assert refused.value.code is ErrorCode.BAD_COMMIT


def test_a_commit_that_is_not_there_is_unknown(shop: Shop) -> None:
    assert shop.refusal("1234567").code is ErrorCode.UNKNOWN_COMMIT
    assert shop.refusal("1" * 40).code is ErrorCode.UNKNOWN_COMMIT


def test_a_tree_a_file_and_a_tag_are_no_commits(shop: Shop) -> None:
    shop.git("tag", "-a", "-m", "x", "mine")
    for what in ("HEAD^{tree}", "HEAD:agent.nix", "mine"):
        assert shop.refusal(shop.git("rev-parse", what)).code is ErrorCode.UNKNOWN_COMMIT


def test_an_agent_without_repositories_is_said_so(shop: Shop) -> None:
    for act in (
        lambda: shop.repos.resolve("nobody", "1234567"),
        lambda: shop.repos.take_in("nobody", "1" * 40),
        lambda: shop.repos.start("nobody"),
        lambda: shop.repos.paths("nobody", "1" * 40),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code is ErrorCode.NO_REPO
    assert (shop.repos.has("nobody"), shop.repos.deployed("nobody")) == (False, None)
    assert (shop.repos.has(AGENT), shop.repos.deployed(AGENT), shop.repos.start(AGENT)) == (
        True,
        shop.start,
        shop.start,
    )


@pytest.mark.parametrize("packed", [False, True])
def test_a_commit_comes_in_whole_with_its_history(shop: Shop, packed: bool) -> None:
    for number in range(30):
        text = "".join(f"# line {line}\n" for line in range(200)) + f"# {number}\n"
        (shop.proposed / "sub").mkdir(exist_ok=True)
        (shop.proposed / "sub" / "large.nix").write_text(text)
        shop.git("add", "-A")
        commit = _work(shop, f"{{ }} # {number}\n")
    if packed:
        shop.git("repack", "-q", "-a", "-d", "-f", "--depth=40", "--window=40")
        shop.git("prune-packed")
    assert shop.propose(commit[:9]).config.model is None
    shop.repos.tag(AGENT, "proposal/1", commit)
    shop.in_applied("fsck", "--strict", "--full")
    assert shop.in_applied("rev-list", "--objects", commit) == shop.git("rev-list", "--objects", commit)
    shop.repos.take_in(AGENT, commit)


def test_a_thin_history_in_several_packs_comes_in(shop: Shop) -> None:
    for number in range(6):
        commit = _work(shop, "\n" * 400 + f"{{ }} # {number}\n")
        shop.git("repack", "-q", "-d")
    shop.propose(commit)
    shop.in_applied("fsck", "--strict", "--full", commit)


def test_a_damaged_repository_is_repaired_by_nothing_but_said(shop: Shop) -> None:
    commit = _work(shop)
    tree = shop.git("rev-parse", "HEAD^{tree}")
    (shop.objects / tree[:2] / tree[2:]).unlink()
    assert shop.refusal(commit).code is ErrorCode.BAD_PROPOSAL
    assert shop.in_applied("cat-file", "-e", commit, check=False) == ""
    with pytest.raises(Refusal) as refused:
        shop.repos.check(AGENT, commit, shop.start)
    assert refused.value.code is ErrorCode.UNKNOWN_COMMIT


# CFG-3
def test_many_at_once_for_one_agent_do_not_disturb_each_other(shop: Shop) -> None:
    commits = [shop.commit({"agent.nix": b"{ } # %d\n" % number}) for number in range(8)]
    failures: list[BaseException] = []

    def submit(number: int, commit: str) -> None:
        try:
            for _ in range(5):
                shop.propose(commit)
                shop.repos.tag(AGENT, f"proposal/{number}", commit)
                shop.repos.set_branch(AGENT, f"build/{number}", commit)
                assert shop.diff(commit, shop.start).files == 1
                shop.repos.drop_branch(AGENT, f"build/{number}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=submit, args=pair) for pair in enumerate(commits)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert shop.in_applied("for-each-ref", "--format=%(objectname)", "refs/tags/proposal").split() == commits
    shop.in_applied("fsck", "--strict", "--full")


def test_a_proposal_must_descend_from_what_is_deployed(shop: Shop) -> None:
    first, second = shop.commit({"a.nix": b"1\n"}), shop.commit({"b.nix": b"2\n"})
    shop.propose(first)
    shop.repos.fast_forward(AGENT, first)
    refusal = shop.refusal(second, first)
    assert (refusal.code, refusal.details["deployed"]) == (ErrorCode.STALE_BASE, first)
    assert shop.refusal(shop.start, first).code is ErrorCode.STALE_BASE
    assert shop.refusal(first, first).code is ErrorCode.NOTHING_NEW
    both = shop.commit({"a.nix": b"1\n", "b.nix": b"2\n"}, second, first)
    assert shop.propose(both, first)


def test_a_spawn_may_be_of_the_start_itself(shop: Shop) -> None:
    assert shop.propose(shop.start, shop.start, spawn=True).notes == []
    assert shop.refusal(shop.start, shop.start).code is ErrorCode.NOTHING_NEW
    alone = shop.write(
        "commit",
        b"tree %s\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx" % shop.git("rev-parse", "HEAD^{tree}").encode(),
    )
    assert shop.refusal(alone, shop.start, spawn=True).code is ErrorCode.STALE_BASE


def test_flake_nix_can_not_be_touched(shop: Shop) -> None:
    flake = shop.base_files["flake.nix"]
    for files in (
        {"flake.nix": flake + b"# more\n"},
        {"flake.nix": None},
        {"flake.nix": (b"100755", flake)},
        {"flake.nix": None, "moved.nix": flake},
        {"flake.nix": None, "flake.nix/x": b""},
    ):
        refusal = shop.refusal(shop.commit(files))
        assert refusal.code is ErrorCode.FIXED_FILE
        assert "only the other files may change" in refusal.message
        assert refusal.details["problems"][0]["path"] == "flake.nix"


def test_a_deployed_change_of_the_flake_would_be_refused_again(shop: Shop) -> None:
    """The start commit is what counts, not what is deployed."""
    changed = shop.commit({"flake.nix": b"{ }\n"})
    shop.repos.take_in(AGENT, changed)
    shop.repos.fast_forward(AGENT, changed)
    assert (
        shop.refusal(shop.commit({"flake.nix": b"{ }\n", "x.nix": b""}, changed), changed).code is ErrorCode.FIXED_FILE
    )


def test_agent_nix_must_be_there_and_agent_toml_need_not(shop: Shop) -> None:
    refusal = shop.refusal(shop.commit({"agent.nix": None}))
    assert (refusal.code, refusal.details["problems"][0]["path"]) == (ErrorCode.BAD_PROPOSAL, "agent.nix")
    checked = shop.propose(shop.commit({"agent.toml": None, "agent.nix": b"{ }\n"}))
    assert checked.config.model_fields_set == set()
    assert checked.notes == []
    missed = shop.propose(shop.commit({"agent.toml": None}))
    assert missed.notes == ["agent.nix seems to read agent.toml, which is missing; the build may fail"]


def test_what_agent_toml_opens_is_noted(shop: Shop) -> None:
    toml = b"""model = "opus"
[mcp.files]
command = "npx"
args = ["files", "--root"]
[mcp.web]
url = "https://mcp.example/x"
[[mounts]]
host = "/srv"
at = "/data"
writable = true
[budgets]
turns_per_day = 3
"""
    nix = b"{ ... }: {\n  # model = 1\n  hyperhive.mcp = { };\n  hyperhive.budgets.turns_per_day = 4;\n}\n"
    checked = shop.propose(shop.commit({"agent.toml": toml, "agent.nix": nix}))
    assert (checked.config.model, checked.config.mounts[0].host) == ("opus", "/srv")
    assert checked.notes == [
        "an extra MCP server 'files' runs 'npx files --root' as the agent",
        "an extra MCP server 'web' is reached at 'https://mcp.example/x'",
        "the agent sees '/srv' at '/data', writable",
        "[budgets] is kept with the configuration; this version does not enforce it",
        "agent.nix seems to set 'budgets', as agent.toml does: on NixOS agent.nix wins",
        "agent.nix seems to set 'mcp', as agent.toml does: on NixOS agent.nix wins",
    ]


def test_what_can_not_be_seen_in_a_diff_is_noted(shop: Shop) -> None:
    notes = shop.propose(
        shop.commit(
            {
                "agent.nix": "{ }\n# \u202etxet\n# p\u0430ypal\n".encode(),
                "run.sh": (b"100755", b"#!/bin/sh\r\n"),
                "data.bin": b"\0\1",
                "latin.txt": b"ok\ncaf\xe9\n",
                "long.txt": b"x" * 2001,
                "n\u200bame.txt": b"",
                "caf\u00e9.txt": b"",
                "Agent.nix": b"{ }\n",
            }
        )
    ).notes
    for expected in (
        "agent.nix:2: U+202E RIGHT-TO-LEFT OVERRIDE",
        "agent.nix:3: a word that mixes alphabets, U+0430 CYRILLIC SMALL LETTER A among Latin letters",
        "run.sh is executable",
        "run.sh has lines that end with CR LF",
        "data.bin is binary; the diff has it as a binary patch",
        "latin.txt:2: not UTF-8; such bytes stand as \\xNN in the diff",
        "long.txt:1: a line of more than 2000 characters",
        "n\\u200bame.txt: its name holds U+200B ZERO WIDTH SPACE",
        "café.txt: its name is not plain ASCII: caf\\xe9.txt",
        "Agent.nix could be taken for agent.nix, and is another file",
        "run.sh is new, and no other file seems to name it",
    ):
        assert expected in notes


def test_a_file_that_is_named_elsewhere_and_one_that_was_there_are_not_noted(shop: Shop) -> None:
    first = shop.commit({"agent.nix": b"{ imports = [ ./more.nix ./d ]; }\n", "more.nix": b"\xff", "d/x.nix": b"{ }"})
    assert shop.propose(first).notes == ["more.nix:1: not UTF-8; such bytes stand as \\xNN in the diff"]
    shop.repos.fast_forward(AGENT, first)
    files = {"agent.nix": b"{ imports = [ ./more.nix ./d ]; }\n", "more.nix": b"\xff", "d/x.nix": b"{ } # 2"}
    assert shop.propose(shop.commit(files, first), first).notes == []


def test_files_of_a_commit_are_read_and_nothing_outside_it(shop: Shop) -> None:
    commit = shop.commit({"d/x.nix": b"inside\n", "large.txt": b"x" * (300 << 10)})
    shop.propose(commit)
    assert shop.repos.paths(AGENT, commit) == ["agent.nix", "agent.toml", "d/x.nix", "flake.nix", "large.txt"]
    assert shop.repos.read_file(AGENT, commit, "d/x.nix") == (b"inside\n", False)
    assert shop.repos.read_file(AGENT, commit, "large.txt") == (b"x" * (256 << 10), True)
    for path, code in (
        ("../../secret", ErrorCode.BAD_PATH),
        ("/etc/passwd", ErrorCode.BAD_PATH),
        ("d/../agent.nix", ErrorCode.BAD_PATH),
        ("d//x.nix", ErrorCode.BAD_PATH),
        ("", ErrorCode.BAD_PATH),
        ("agent.nix\0", ErrorCode.BAD_PATH),
        ("d\\x.nix", ErrorCode.BAD_PATH),
        ("d", ErrorCode.NOT_FOUND),
        ("missing.nix", ErrorCode.NOT_FOUND),
        ("HEAD", ErrorCode.NOT_FOUND),
    ):
        with pytest.raises(Refusal) as refused:
            shop.repos.read_file(AGENT, commit, path)
        assert refused.value.code is code, path


def test_a_proposal_of_many_files_comes_in_as_one_pack(shop: Shop) -> None:
    commit = shop.commit({f"d{number % 20}/{number}": b"%d\n" % number for number in range(1900)})
    shop.propose(commit)
    shop.repos.take_in(AGENT, commit)
    assert len(list((shop.applied / "objects" / "pack").glob("*.idx"))) == 1
    shop.in_applied("fsck", "--strict", "--full", commit)
    assert shop.rebuilt(shop.diff(commit, shop.start)) == shop.in_applied("rev-parse", f"{commit}^{{tree}}")
    assert shop.rebuilt(shop.diff(shop.start, commit)) == shop.in_applied("rev-parse", f"{shop.start}^{{tree}}")


def test_a_configuration_can_not_grow_in_steps_beyond_what_can_be_shown(shop: Shop) -> None:
    files = {f"{number}": bytes([number]) * (1 << 20) for number in range(45)}
    first = shop.commit(dict(list(files.items())[:15]))
    second = shop.commit(dict(list(files.items())[:30]), first)
    third = shop.commit(files, second)
    shop.repos.take_in(AGENT, first)
    shop.repos.take_in(AGENT, second)
    assert shop.refusal(third).code is ErrorCode.BAD_PROPOSAL


@pytest.mark.parametrize("kinds", [["blob"], ["blob", "tree"]])
def test_what_a_killed_process_had_begun_to_copy_is_completed(shop: Shop, kinds: list[str]) -> None:
    """Objects are written before those that name them, so that what is there can be relied on."""
    commit = shop.commit({"d/x.nix": b"{ }\n"})
    for line in shop.git("rev-list", "--objects", commit, f"^{shop.start}").split("\n"):
        oid = line.split()[0]
        if shop.git("cat-file", "-t", oid) in kinds:
            place = shop.applied / "objects" / oid[:2] / oid[2:]
            place.parent.mkdir(exist_ok=True)
            place.write_bytes((shop.objects / oid[:2] / oid[2:]).read_bytes())
    shop.propose(commit)
    shop.in_applied("fsck", "--strict", "--full", commit)
