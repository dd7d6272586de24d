"""Any bytes in a repository are refused with a code or shown; nothing crashes, hangs or is followed. REL-5."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hive_approvals.config_repo import raw
from hive_approvals.config_repo.packs import Pack
from hive_wire.errors import ErrorCode, Refusal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Shop = Any  # the fixture's class, in conftest.py
AGENT = "scout"
WHO = b"author a <a> 1 +0000\ncommitter a <a> 1 +0000\n"
COMMIT = b"tree " + b"1" * 40 + b"\nparent " + b"2" * 40 + b"\n" + WHO + b"\nmessage\n"
TREE = b"100644 agent.nix\0" + b"1" * 20 + b"40000 d\0" + b"2" * 20
CODES = {ErrorCode.BAD_PROPOSAL, ErrorCode.UNKNOWN_COMMIT, ErrorCode.NO_REPO}

_CHANGES = st.lists(
    st.tuples(st.integers(0, 1 << 20), st.sampled_from(["set", "cut", "insert"]), st.binary(min_size=1, max_size=8)),
    min_size=1,
    max_size=4,
)


def _changed(data: bytes, changes: list[tuple[int, str, bytes]]) -> bytes:
    for place, how, what in changes:
        at = place % (len(data) + 1)
        behind = {"set": data[at + len(what) :], "cut": data[at:], "insert": data[at:]}[how]
        data = data[: max(0, at - len(what))] + behind if how == "cut" else data[:at] + what + behind
    return data


@settings(max_examples=300, deadline=None, derandomize=True)
@given(_CHANGES, st.sampled_from([COMMIT, TREE]), st.sampled_from([raw.commit, raw.tree]))
def test_any_commit_and_tree_is_taken_apart_or_malformed(changes: Any, data: bytes, read: Any) -> None:
    try:
        read(_changed(data, changes))
    except raw.Malformed:
        pass


@pytest.fixture(scope="module")
def packed() -> tuple[bytes, bytes, list[str]]:
    """A pack of git's own with deltas, its index and the ids in it."""
    with tempfile.TemporaryDirectory() as folder:
        git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a"]
        subprocess.run([*git, "init", "-q"], check=True)
        for number in range(4):
            (Path(folder) / "a").write_text("".join(f"line {line}\n" for line in range(80)) + str(number))
            subprocess.run([*git, "add", "a"], check=True)
            subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
        subprocess.run([*git, "repack", "-q", "-a", "-d", "-f"], check=True)
        [place] = (Path(folder) / ".git" / "objects" / "pack").glob("*.pack")
        listed = subprocess.check_output([*git, "verify-pack", "-v", str(place)], text=True)
        ids = [line.split()[0] for line in listed.splitlines() if len(line.split()) >= 5 and len(line.split()[0]) == 40]
        assert " 1 " in listed
        return place.read_bytes(), place.with_suffix(".idx").read_bytes(), ids


def _read_all(pack: bytes, index: bytes, ids: list[str]) -> int:
    """How many objects are read right; those that are read wrong have another id."""
    with tempfile.TemporaryFile() as file:
        file.write(pack)
        file.flush()
        right = 0

        def find(oid: str, limit: int, depth: int) -> raw.Raw | None:
            return opened.read(oid, limit, depth)

        try:
            opened = Pack(index, file.fileno(), find)
            for oid in ids:
                found = opened.read(oid, 1 << 20)
                right += found is not None and found.id() == oid
                opened.starting_with(oid[:7])
        except raw.Malformed:
            pass
        return right


def test_a_pack_is_read_as_git_wrote_it(packed: tuple[bytes, bytes, list[str]]) -> None:
    pack, index, ids = packed
    assert len(ids) == 12
    assert _read_all(pack, index, ids) == 12


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=_CHANGES, of_index=st.booleans())
def test_any_pack_is_read_or_malformed(packed: tuple[bytes, bytes, list[str]], changes: Any, of_index: bool) -> None:
    pack, index, ids = packed
    if of_index:
        index = _changed(index, changes)
    else:
        pack = _changed(pack, changes)
    _read_all(pack, index, ids)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=_CHANGES, kind=st.sampled_from(["commit", "tree", "blob"]))
def test_any_object_comes_in_or_is_refused(shop: Shop, changes: Any, kind: str) -> None:
    blob = shop.write("blob", _changed(b"{ }\n", changes if kind == "blob" else []))
    entries = [(b"100644", name.encode(), shop.write("blob", data)) for name, data in shop.base_files.items()]
    listed = b"".join(m + b" " + n + b"\0" + bytes.fromhex(i) for m, n, i in [*entries, (b"100644", b"x", blob)])
    tree = shop.write("tree", _changed(listed, changes if kind == "tree" else []))
    head = f"tree {tree}\nparent {shop.start}\n".encode() + WHO + b"\nmessage\n"
    commit = shop.write("commit", _changed(head, changes if kind == "commit" else []))
    try:
        shop.propose(commit)
    except Refusal as refusal:
        assert refusal.code in CODES | {ErrorCode.STALE_BASE, ErrorCode.FIXED_FILE, ErrorCode.NOTHING_NEW}
    else:
        diff = shop.diff(commit, shop.start)
        assert shop.rebuilt(diff) == shop.in_applied("rev-parse", f"{commit}^{{tree}}")


def test_the_two_repositories_share_no_file(shop: Shop) -> None:
    """Whoever may write a proposed repository could else change what is deployed."""
    places = [place for place in shop.applied.rglob("*") if place.is_file()]
    assert places
    assert {place.stat().st_nlink for place in places} == {1}
    assert not [place for place in shop.proposed.rglob("*") if place.is_symlink()]


def test_a_repository_that_the_service_can_not_read_is_said_so(shop: Shop) -> None:
    commit = shop.commit({"x.nix": b"{ }\n"})
    shop.objects.rename(shop.objects.with_name("elsewhere"))
    assert shop.refusal(commit).code is ErrorCode.NO_REPO
    os.mkfifo(shop.objects)
    assert shop.refusal(commit).code is ErrorCode.NO_REPO
    shop.objects.unlink()
    shop.objects.with_name("elsewhere").rename(shop.objects)
    assert shop.propose(commit)


def test_removing_a_repository_follows_no_link(shop: Shop, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (shop.proposed / "link").symlink_to(kept)
    shop.repos.remove(AGENT)
    shop.repos.remove(AGENT)
    assert (kept / "file").exists()
    assert not shop.proposed.exists()
    assert not shop.applied.exists()
    assert list(shop.applied.parent.iterdir()) == []


def test_what_a_killed_process_left_half_done_is_swept(shop: Shop) -> None:
    for folder in (shop.repos.applied, shop.repos.proposed):
        (folder / f".{AGENT}.dead.new" / "refs").mkdir(parents=True)
    (shop.applied / "objects" / "pack" / "tmp_pack-dead.pack").write_bytes(b"half")
    shop.proposed.rename(shop.repos.proposed / f".{AGENT}.beef.new")
    assert shop.repos.seed(AGENT, 1) == shop.start
    assert [place.name for place in shop.repos.proposed.iterdir()] == [AGENT]
    assert shop.propose(shop.commit({"x.nix": b"{ }\n"}))
