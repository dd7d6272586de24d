"""Attempts to get something past the operator or out of a repository, each through a real proposed repository.

An attempt fails if it is refused with the code that it names, or if everything about it can be seen: git rebuilds the
proposed tree from the diff alone, and the named texts stand in the diff or in the notes.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hive_wire.errors import ErrorCode, Refusal

Shop = Any  # the fixture's class, in ../conftest.py
Make = Callable[[Shop], str]
Act = Callable[[Shop, str], None]
AGENT = "scout"
BAD, FIXED, CONFIG = ErrorCode.BAD_PROPOSAL, ErrorCode.FIXED_FILE, ErrorCode.BAD_CONFIG
UNKNOWN, NO_REPO, STALE, NO_COMMIT = (
    ErrorCode.UNKNOWN_COMMIT,
    ErrorCode.NO_REPO,
    ErrorCode.STALE_BASE,
    ErrorCode.BAD_COMMIT,
)
EVIL = b"{ evil = true; }\n"


@dataclass(frozen=True)
class Attempt:
    """`make` leaves the trap and names the commit; `code` is how it must be refused, or `shows` what must be seen."""

    name: str
    make: Make
    code: ErrorCode | None = None
    shows: tuple[str, ...] = ()
    then: Act | None = None
    """What is done after the submission, before the diff is read."""


def refused(code: ErrorCode, **attempts: Make) -> list[Attempt]:
    return [Attempt(name, make, code) for name, make in attempts.items()]


def file(path: str, content: Any) -> Make:
    return lambda shop: shop.commit({path: content})


def _entries(shop: Shop) -> list[tuple[bytes, bytes, str]]:
    return [(b"100644", name.encode(), shop.write("blob", data)) for name, data in shop.base_files.items()]


def _sorted(entries: list[tuple[bytes, bytes, str]]) -> list[tuple[bytes, bytes, str]]:
    return sorted(entries, key=lambda entry: entry[1] + b"/" * (entry[0] == b"40000"))


def entry(name: bytes, mode: bytes = b"100644", kind: str = "blob", data: bytes = EVIL) -> Make:
    """The template's files and one entry of any mode and name."""
    return lambda shop: shop.commit_tree(shop.tree(*_sorted([*_entries(shop), (mode, name, shop.write(kind, data))])))


def nested(name: bytes) -> Make:
    def make(shop: Shop) -> str:
        inner = shop.tree((b"100644", name, shop.write("blob", EVIL)))
        return shop.commit_tree(shop.tree(*_sorted([*_entries(shop), (b"40000", b"d", inner)])))

    return make


def tree_of(build: Callable[[Shop, str], list[tuple[bytes, bytes, str]]]) -> Make:
    """A tree with just these entries, in just that order; `build` is given the id of a blob."""
    return lambda shop: shop.commit_tree(shop.tree(*build(shop, shop.write("blob", EVIL))))


def raw_tree(data: bytes) -> Make:
    return lambda shop: shop.commit_tree(shop.write("tree", data))


def raw_commit(build: Callable[[str, str], bytes]) -> Make:
    """A commit of any bytes; `build` is given the start's tree with a change, and the start."""
    return lambda shop: shop.write("commit", build(shop.folder({**shop.base_files, "x.nix": EVIL}), shop.start))


W = "author a <a> 1 +0000\ncommitter a <a> 1 +0000\n"


def lines(*parts: str, message: bytes = b"m") -> Callable[[str, str], bytes]:
    return lambda tree, start: "".join(parts).format(t=tree, p=start).encode() + b"\n" + message


NAMES = [
    *refused(
        BAD,
        a_symbolic_link=entry(b"passwd", b"120000", data=b"/etc/passwd"),
        a_symbolic_link_for_agent_nix=lambda shop: shop.commit({"agent.nix": (b"120000", b"/etc/passwd")}),
        a_symbolic_link_for_agent_toml=lambda shop: shop.commit(
            {"agent.toml": (b"120000", b"../../manager/agent.toml")}
        ),
        a_submodule=lambda shop: shop.commit_tree(
            shop.tree(*_sorted([*_entries(shop), (b"160000", b"sub", shop.start)]))
        ),
        a_submodules_declaration=file(".gitmodules", b'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c id\n'),
        attributes_that_hide_a_diff=file(".gitattributes", b"* -diff\n"),
        attributes_that_change_what_is_built=file("d/.gitattributes", b"* export-subst ident text eol=crlf\n"),
        attributes_in_capitals=file(".GitAttributes", b"* binary\n"),
        a_git_folder=nested(b".git"),
        a_git_folder_in_capitals=entry(b".GIT"),
        a_git_folder_with_a_space=entry(b".git "),
        a_git_folder_with_a_dot=entry(b".git."),
        a_git_folder_by_its_short_name=nested(b"GIT~1"),
        a_git_folder_with_an_invisible_letter=entry(".g\u200cit".encode()),
        a_git_folder_with_wide_letters=entry(".\uff47it".encode()),
        a_git_folder_as_a_stream=entry(b".git::$INDEX_ALLOCATION"),
        the_parent_folder=entry(b".."),
        the_same_folder=nested(b"."),
        a_name_of_nothing=entry(b""),
        a_slash_in_a_name=entry(b"../../etc/cron.d/x"),
        a_line_break_in_a_name=entry(b"a.nix\n+evil"),
        a_carriage_return_in_a_name=entry(b"a.nix\rb.nix"),
        a_terminal_escape_in_a_name=entry(b"\x1b[2Ja.nix"),
        a_backspace_in_a_name=entry(b"evil\x08\x08\x08\x08good"),
        a_c1_control_in_a_name=entry("a\u009b2J".encode()),
        a_line_separator_in_a_name=entry("a\u2028b".encode()),
        a_name_that_is_no_utf8=entry(b"caf\xe9.nix"),
        an_overlong_slash_in_a_name=entry(b"..\xc0\xafx"),
        a_backslash_in_a_name=entry(b"..\\..\\x"),
        a_name_twice=tree_of(lambda shop, blob: [*_entries(shop)[:1], *_entries(shop)]),
        a_file_and_a_folder_of_one_name=tree_of(
            lambda shop, blob: _sorted(
                [
                    *_entries(shop),
                    (b"100644", b"x", blob),
                    (b"100644", b"x.b", blob),
                    (b"40000", b"x", shop.tree((b"100644", b"y", blob))),
                ]
            )
        ),
        entries_out_of_order=tree_of(lambda shop, blob: [*_entries(shop), (b"100644", b"a", blob)]),
        a_group_writable_file=entry(b"x", b"100664"),
        a_setuid_file=entry(b"x", b"104755"),
        a_padded_folder_mode=lambda shop: shop.commit_tree(
            shop.tree(*_sorted([*_entries(shop), (b"040000", b"z", shop.tree())]))
        ),
        a_mode_of_nothing=entry(b"x", b""),
        a_mode_of_zero=entry(b"x", b"0"),
        a_device=entry(b"x", b"20666"),
        a_folder_that_is_a_file=entry(b"x", b"40000"),
        a_file_that_is_a_folder=entry(b"x", b"100644", kind="tree", data=b""),
        a_file_that_is_a_commit=lambda shop: shop.commit_tree(
            shop.tree(*_sorted([*_entries(shop), (b"100644", b"x", shop.start)]))
        ),
        a_tree_that_is_cut_off=raw_tree(b"100644 agent.nix\0abc"),
        a_tree_with_bytes_behind_it=lambda shop: shop.commit_tree(
            shop.write("tree", b"100644 a\0" + bytes.fromhex(shop.write("blob", EVIL)) + b"junk")
        ),
        no_agent_nix=lambda shop: shop.commit({"agent.nix": None}),
        a_folder_for_agent_nix=lambda shop: shop.commit({"agent.nix": None, "agent.nix/default.nix": EVIL}),
    ),
]

FLAKE = [
    *refused(
        FIXED,
        a_changed_flake=lambda shop: shop.commit({"flake.nix": shop.base_files["flake.nix"] + b"\n"}),
        a_flake_with_other_line_ends=lambda shop: shop.commit(
            {"flake.nix": shop.base_files["flake.nix"].replace(b"\n", b"\r\n")}
        ),
        an_executable_flake=lambda shop: shop.commit({"flake.nix": (b"100755", shop.base_files["flake.nix"])}),
        no_flake=lambda shop: shop.commit({"flake.nix": None}),
        a_moved_flake=lambda shop: shop.commit({"flake.nix": None, "d/flake.nix": shop.base_files["flake.nix"]}),
        a_folder_for_the_flake=lambda shop: shop.commit({"flake.nix": None, "flake.nix/default.nix": EVIL}),
        a_flake_in_other_letters=file("Flake.nix", EVIL),
        a_flake_in_capitals=file("FLAKE.NIX", EVIL),
        a_flake_with_an_invisible_letter=file("fl\u200bake.nix", EVIL),
        a_flake_with_a_turning_mark=file("\u202eflake.nix", EVIL),
        a_flake_in_wide_letters=file("\uff46lake.nix", EVIL),
        a_flake_with_a_space=file("flake.nix ", EVIL),
        a_flake_with_a_dot=file("flake.nix.", EVIL),
        a_flake_as_a_stream=file("flake.nix:evil", EVIL),
        a_lock_file=file("flake.lock", b"{}"),
        a_lock_file_in_other_letters=file("Flake.Lock", b"{}"),
        a_flake_from_a_second_parent=lambda shop: shop.commit(
            {"flake.nix": EVIL}, shop.start, shop.commit({"flake.nix": EVIL})
        ),
    ),
]


def _colliding(shop: Shop) -> str:
    """A commit and a file that begin with the same seven digits."""
    tree = shop.folder({**shop.base_files, "x.nix": EVIL})
    head = f"tree {tree}\nparent {shop.start}\n{W}\n".encode()

    def sha(kind: str, data: bytes) -> str:
        return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()

    commits = {sha("commit", head + b"%d" % n)[:7]: head + b"%d" % n for n in range(60_000)}
    for n in range(1_000_000):
        prefix = sha("blob", b"%d" % n)[:7]
        if prefix in commits:
            shop.write("blob", b"%d" % n)
            return shop.write("commit", commits[prefix])[:7]
    raise AssertionError("no two that begin alike")


def _tag_object(shop: Shop) -> str:
    return shop.write(
        "tag", f"object {shop.commit({'x.nix': EVIL})}\ntype commit\ntag v1\ntagger a <a> 1 +0000\n\nm".encode()
    )


def _branch_like_a_commit(shop: Shop) -> str:
    shop.git("branch", "abcdef1", shop.commit({"x.nix": EVIL}))
    return "abcdef1"


def _after_revert(shop: Shop) -> str:
    return shop.commit({"x.nix": EVIL}, shop.commit({"flake.nix": EVIL}))


def _long_history(shop: Shop) -> str:
    tree, last = shop.folder({**shop.base_files, "x.nix": EVIL}), shop.start
    for _ in range(5001):
        last = shop.commit_tree(tree, last)
    return last


def _root(shop: Shop) -> str:
    return shop.write("commit", lines("tree {t}\n", W)(shop.folder(shop.base_files), ""))


def _grafted(shop: Shop) -> str:
    commit = _root(shop)
    (shop.proposed / ".git" / "info").mkdir(exist_ok=True)
    (shop.proposed / ".git" / "info" / "grafts").write_text(f"{commit} {shop.start}\n")
    return commit


def _replaced_descent(shop: Shop) -> str:
    commit = _root(shop)
    shop.git("update-ref", f"refs/replace/{commit}", shop.commit({"x.nix": EVIL}))
    return commit


def _shallow(shop: Shop) -> str:
    missing = "1234567890" * 4
    commit = shop.commit({"x.nix": EVIL}, missing)
    (shop.proposed / ".git" / "shallow").write_text(commit + "\n")
    return commit


COMMITS = [
    *refused(
        UNKNOWN,
        a_tag_object=_tag_object,
        a_tag_object_by_seven_digits=lambda shop: _tag_object(shop)[:7],
        a_tree_for_a_commit=lambda shop: shop.folder(shop.base_files),
        a_file_for_a_commit=lambda shop: shop.write("blob", EVIL),
        a_prefix_of_two_objects=_colliding,
        a_branch_that_looks_like_a_commit=_branch_like_a_commit,
        a_commit_with_a_false_id=lambda shop: shop.write("commit", b"tree", claim="ab" * 20),
    ),
    *refused(
        NO_COMMIT,
        a_branch=lambda shop: "main",
        a_way_back_from_a_commit=lambda shop: shop.commit({"x.nix": EVIL}) + "^0",
        a_path_in_a_commit=lambda shop: shop.commit({"x.nix": EVIL})[:9] + ":x",
        digits_of_another_alphabet=lambda shop: "\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
        a_commit_with_a_line_break=lambda shop: shop.commit({"x.nix": EVIL}) + "\n",
        six_digits=lambda shop: shop.commit({"x.nix": EVIL})[:6],
    ),
    *refused(
        BAD,
        a_huge_message=lambda shop: shop.commit({"x.nix": EVIL}, message=b"x" * (64 << 10)),
        a_nul_in_a_message=raw_commit(lines("tree {t}\nparent {p}\n", W, message=b"fine\0hidden")),
        a_nul_in_an_author=raw_commit(lines("tree {t}\nparent {p}\n", W.replace("author a", "author a\0b"))),
        an_unknown_header=raw_commit(lines("tree {t}\nparent {p}\n", W, "payload evil\n")),
        two_trees=raw_commit(lines("tree {t}\ntree {t}\nparent {p}\n", W)),
        a_parent_behind_the_author=raw_commit(lines("tree {t}\n", W, "parent {p}\n")),
        two_authors=raw_commit(lines("tree {t}\nparent {p}\nauthor b <b> 1 +0000\n", W)),
        no_committer=raw_commit(lines("tree {t}\nparent {p}\nauthor a <a> 1 +0000\n")),
        an_author_without_a_date=raw_commit(
            lines("tree {t}\nparent {p}\n", W.replace("author a <a> 1 +0000", "author a"))
        ),
        an_id_in_capitals=raw_commit(lambda tree, start: lines("tree {t}\nparent {p}\n", W)(tree.upper(), start)),
        a_parent_twice=raw_commit(lines("tree {t}\nparent {p}\nparent {p}\n", W)),
        a_parent_that_is_missing=lambda shop: shop.commit({"x.nix": EVIL}, "1234567890" * 4),
        a_parent_that_is_a_tree=lambda shop: shop.commit({"x.nix": EVIL}, shop.folder(shop.base_files)),
        a_tree_that_is_a_commit=lambda shop: shop.commit_tree(shop.start),
        a_tree_that_is_missing=lambda shop: shop.commit_tree("1234567890" * 4),
        a_shallow_history=_shallow,
        a_history_without_end=_long_history,
    ),
    *refused(
        STALE,
        a_history_of_its_own=_root,
        a_grafted_descent=_grafted,
        a_replaced_descent=_replaced_descent,
    ),
    Attempt(
        "a_turning_mark_in_a_message",
        lambda s: s.commit({"x.nix": EVIL}, message="a\u202eb".encode()),
        shows=("U+202E", EVIL.decode()),
    ),
    Attempt(
        "a_message_in_another_encoding",
        raw_commit(lines("tree {t}\nparent {p}\n", W, "encoding utf-16\n", message=b"\xff\xfe")),
        shows=("its author or message is not UTF-8", "+{ evil = true; }"),
    ),
    Attempt(
        "a_signature_with_a_payload",
        raw_commit(lines("tree {t}\nparent {p}\n", W, "gpgsig -----BEGIN\n tree {p}\n parent {t}\n -----END\n")),
        shows=("+{ evil = true; }",),
    ),
    Attempt(
        "dates_that_turn_history_round",
        raw_commit(lines("tree {t}\nparent {p}\n", W.replace(" 1 ", " 999999999999 "))),
        shows=("+{ evil = true; }",),
    ),
    Attempt("a_flake_that_was_changed_and_put_back", _after_revert, shows=("+{ evil = true; }",)),
    Attempt(
        "a_merge_that_hides_a_side",
        lambda s: s.commit({"x.nix": EVIL, "y.nix": EVIL}, s.commit({"x.nix": EVIL}), s.commit({"y.nix": EVIL})),
        shows=("b/x.nix", "b/y.nix"),
    ),
]


def _elsewhere(shop: Shop) -> tuple[str, Path]:
    """A commit whose file is not in the proposed repository but outside of it, and the folder of objects there."""
    commit = shop.commit({"x.nix": EVIL})
    blob = shop.write("blob", EVIL)
    outside = shop.proposed.parent.parent / "outside"
    (outside / blob[:2]).mkdir(parents=True)
    (shop.objects / blob[:2] / blob[2:]).rename(outside / blob[:2] / blob[2:])
    return commit, outside


def _alternates(name: str) -> Make:
    def make(shop: Shop) -> str:
        commit, outside = _elsewhere(shop)
        (shop.objects / "info").mkdir(exist_ok=True)
        (shop.objects / "info" / name).write_text(f"{outside}\n")
        return commit

    return make


def _linked_object(shop: Shop) -> str:
    commit, outside = _elsewhere(shop)
    [blob] = outside.rglob("*/*")
    (shop.objects / blob.parent.name).mkdir(exist_ok=True)
    (shop.objects / blob.parent.name / blob.name).symlink_to(blob)
    return commit


def _linked_fan(shop: Shop) -> str:
    commit, outside = _elsewhere(shop)
    [fan] = outside.iterdir()
    place = shop.objects / fan.name
    if place.exists():
        for each in place.iterdir():
            each.rename(fan / each.name)
        place.rmdir()
    place.symlink_to(fan)
    return commit


def _moved_away(*parts: str, back: Callable[[Path, Path], None]) -> Make:
    """Part of the repository lies outside, and something that leads there is in its place."""

    def make(shop: Shop) -> str:
        commit = shop.commit({"x.nix": EVIL})
        if parts[-1:] == ("pack",):
            shop.git("update-ref", "refs/heads/x", commit)
            shop.git("repack", "-q", "-a", "-d")
            shop.git("prune-packed")
        place = shop.proposed.joinpath(*parts)
        outside = shop.proposed.parent.parent / "outside"
        place.rename(outside)
        back(place, outside)
        return commit

    return make


def _linked_pack(shop: Shop) -> str:
    commit = shop.commit({"x.nix": EVIL})
    shop.git("update-ref", "refs/heads/x", commit)
    shop.git("repack", "-q", "-a", "-d")
    outside = shop.proposed.parent.parent / "outside.pack"
    [pack] = (shop.objects / "pack").glob("*.pack")
    pack.rename(outside)
    pack.symlink_to(outside)
    return commit


def _pipe(shop: Shop) -> str:
    commit, outside = _elsewhere(shop)
    [blob] = outside.rglob("*/*")
    os.mkfifo(shop.objects / blob.parent.name / blob.name)
    return commit


def _claimed(data: bytes, head: bytes | None = None) -> Make:
    """A file whose object holds something else than its id says."""

    def make(shop: Shop) -> str:
        honest = b"honest\n"
        oid = hashlib.sha1(b"blob 7\0" + honest, usedforsecurity=False).hexdigest()
        shop.write("blob", data, claim=oid, head=head)
        return shop.commit_tree(shop.tree(*_sorted([*_entries(shop), (b"100644", b"x", oid)])))

    return make


def _packed(*objects: tuple[str, bytes]) -> Callable[[Shop], None]:
    """A pack and an index of (id, raw entry), whatever they hold."""

    def make(shop: Shop) -> None:
        body, places = b"PACK" + struct.pack(">II", 2, len(objects)), {}
        for oid, raw in objects:
            places[oid] = len(body)
            body += raw
        ids = sorted(places)
        counts = [sum(int(oid[:2], 16) <= first for oid in ids) for first in range(256)]
        index = b"\xfftOc" + struct.pack(">I", 2) + struct.pack(">256I", *counts)
        index += b"".join(bytes.fromhex(oid) for oid in ids) + bytes(4 * len(ids))
        index += b"".join(struct.pack(">I", places[oid]) for oid in ids) + bytes(40)
        folder = shop.objects / "pack"
        folder.mkdir(exist_ok=True)
        (folder / "pack-evil.idx").write_bytes(index)
        (folder / "pack-evil.pack").write_bytes(body + bytes(20))

    return make


def _head(kind: int, size: int) -> bytes:
    first, size = kind << 4 | size & 15, size >> 4
    made = bytearray()
    while size:
        made.append(first | 128)
        first, size = size & 127, size >> 7
    return bytes([*made, first])


X, Y = "aa" * 20, "bb" * 20
BASE = hashlib.sha1(b"blob 1\0a", usedforsecurity=False).hexdigest()


def in_pack(*objects: tuple[str, bytes]) -> Make:
    def make(shop: Shop) -> str:
        _packed(*objects)(shop)
        return shop.commit_tree(shop.tree(*_sorted([*_entries(shop), (b"100644", b"x", X)])))

    return make


def _short_index(shop: Shop) -> str:
    commit = in_pack((X, _head(3, 1) + zlib.compress(b"a")))(shop)
    place = shop.objects / "pack" / "pack-evil.idx"
    place.write_bytes(place.read_bytes()[:1040])
    return commit


def _config_that_runs(shop: Shop) -> str:
    ran = shop.proposed.parent.parent / "ran"
    script = shop.proposed.parent.parent / "run.sh"
    script.write_text(f"#!/bin/sh\ntouch {ran}\n")
    script.chmod(0o755)
    commit = shop.commit({"x.nix": EVIL})
    with (shop.proposed / ".git" / "config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = {script}\n\tworktree = /etc\n\tattributesFile = /dev/zero\n")
        config.write(
            f"[include]\n\tpath = {script}\n[diff]\n\texternal = {script}\n[extensions]\n\tobjectFormat = sha256\n"
        )
    for hook in ("post-checkout", "reference-transaction", "pre-push"):
        (shop.proposed / ".git" / "hooks").mkdir(exist_ok=True)
        (shop.proposed / ".git" / "hooks" / hook).symlink_to(script)
    return commit


def _nothing_ran(shop: Shop, _commit: str) -> None:
    assert not (shop.proposed.parent.parent / "ran").exists()


def _common_folder(shop: Shop) -> str:
    (shop.proposed / ".git" / "commondir").write_text("../../../applied/scout\n")
    return shop.commit({"x.nix": EVIL})


def _replaced_content(shop: Shop) -> str:
    commit = shop.commit({"x.nix": EVIL})
    shop.git("update-ref", f"refs/replace/{commit}", shop.start)
    shop.git("update-ref", f"refs/replace/{shop.write('blob', EVIL)}", shop.write("blob", b"{ }\n"))
    return commit


def _move_branch(shop: Shop, commit: str) -> None:
    shop.git("update-ref", "refs/heads/main", shop.commit({"x.nix": b"{ other = 1; }\n"}, commit))


def _overwrite_objects(shop: Shop, commit: str) -> None:
    for place in shop.objects.rglob("*"):
        if place.is_file():
            place.chmod(0o644)
            with place.open("r+b") as opened:
                opened.write(b"overwritten")
    shop.in_applied("fsck", "--strict", "--full", commit)


def _remove_objects(shop: Shop, commit: str) -> None:
    shop.objects.rename(shop.objects.with_name("gone"))
    shop.in_applied("fsck", "--strict", "--full", commit)


def _swap_base(shop: Shop, commit: str) -> None:
    other = shop.commit({"y.nix": b"{ }\n"})
    shop.repos.take_in(AGENT, other)
    before = shop.diff(commit, shop.start).digest
    shop.repos.fast_forward(AGENT, other)
    assert shop.diff(commit, other).digest != before
    with pytest.raises(Refusal) as stale:
        shop.repos.check(AGENT, commit, other)
    assert stale.value.code is STALE
    with pytest.raises(Refusal):
        shop.repos.fast_forward(AGENT, commit)


def _other_commit_of_the_same_tree(shop: Shop, commit: str) -> None:
    other = shop.commit({"x.nix": EVIL}, message=b"another message")
    shop.repos.take_in(AGENT, other)
    assert shop.diff(other, shop.start).digest != shop.diff(commit, shop.start).digest


EVIL_SEEN = ("+{ evil = true; }",)

REPOSITORIES = [
    *refused(
        BAD,
        alternates=_alternates("alternates"),
        alternates_over_http=_alternates("http-alternates"),
        an_object_that_is_a_link=_linked_object,
        a_folder_of_objects_that_is_a_link=_linked_fan,
        an_object_that_is_a_pipe=_pipe,
        an_object_with_other_content=_claimed(EVIL),
        an_object_that_unpacks_to_very_much=_claimed(bytes(50 << 20)),
        an_object_that_lies_about_its_length=_claimed(b"honest\n", b"blob 6\0"),
        an_object_with_a_padded_length=_claimed(b"honest\n", b"blob 07\0"),
        an_object_of_an_unknown_kind=_claimed(b"honest\n", b"blog 7\0"),
        an_object_without_a_header=_claimed(b"honest\n", b""),
        a_pack_whose_index_lies=in_pack((X, _head(3, len(EVIL)) + zlib.compress(EVIL))),
        a_delta_of_itself=in_pack((X, _head(7, 4) + bytes.fromhex(X) + zlib.compress(b"\1\1\1a"))),
        two_deltas_of_each_other=in_pack(
            (X, _head(7, 4) + bytes.fromhex(Y) + zlib.compress(b"\1\1\1a")),
            (Y, _head(7, 4) + bytes.fromhex(X) + zlib.compress(b"\1\1\1a")),
        ),
        a_delta_before_the_pack=in_pack((X, _head(6, 4) + b"\xff\xff\x7f" + zlib.compress(b"\1\1\1a"))),
        a_delta_that_reads_beyond_its_base=in_pack(
            (BASE, _head(3, 1) + zlib.compress(b"a")),
            (X, _head(7, 5) + bytes.fromhex(BASE) + zlib.compress(b"\1\x40\x91\x7f\x40")),
        ),
        a_packed_object_that_claims_to_be_huge=in_pack((X, _head(3, 1 << 40) + zlib.compress(b"a"))),
        a_packed_object_that_unpacks_to_very_much=in_pack((X, _head(3, 10) + zlib.compress(bytes(50 << 20)))),
        a_packed_object_with_a_length_without_end=in_pack((X, b"\xff" * 30)),
    ),
    *refused(
        NO_REPO,
        a_repository_that_is_a_link=_moved_away(back=lambda place, outside: place.symlink_to(outside)),
        a_git_folder_that_is_a_link=_moved_away(".git", back=lambda place, outside: place.symlink_to(outside)),
        a_git_folder_that_is_a_file=_moved_away(
            ".git", back=lambda place, outside: place.write_text(f"gitdir: {outside}\n") and None
        ),
        objects_that_are_a_link=_moved_away(".git", "objects", back=lambda place, outside: place.symlink_to(outside)),
        packs_that_are_a_link=_moved_away(
            ".git", "objects", "pack", back=lambda place, outside: place.symlink_to(outside)
        ),
        a_pack_that_is_a_link=_linked_pack,
        a_pack_whose_index_is_cut_off=_short_index,
    ),
    Attempt("a_configuration_that_runs_something", _config_that_runs, shows=EVIL_SEEN, then=_nothing_ran),
    Attempt("a_common_folder_elsewhere", _common_folder, shows=EVIL_SEEN),
    Attempt("content_behind_replacements", _replaced_content, shows=EVIL_SEEN),
    Attempt("a_branch_moved_after_showing", file("x.nix", EVIL), shows=EVIL_SEEN, then=_move_branch),
    Attempt("objects_overwritten_after_submitting", file("x.nix", EVIL), shows=EVIL_SEEN, then=_overwrite_objects),
    Attempt("objects_removed_after_submitting", file("x.nix", EVIL), shows=EVIL_SEEN, then=_remove_objects),
    Attempt("a_base_swapped_after_showing", file("x.nix", EVIL), shows=EVIL_SEEN, then=_swap_base),
    Attempt("another_commit_of_one_tree", file("x.nix", EVIL), shows=EVIL_SEEN, then=_other_commit_of_the_same_tree),
]


def _tree_bomb(shop: Shop) -> str:
    oid = shop.write("blob", EVIL)
    oid = shop.tree(*[(b"100644", b"%d" % n, oid) for n in range(10)])
    for _ in range(8):
        oid = shop.tree(*[(b"40000", b"%d" % n, oid) for n in range(10)])
    return shop.commit_tree(shop.tree(*_sorted([*_entries(shop), (b"40000", b"d", oid)])))


def _deep(levels: int, name: bytes) -> Make:
    def make(shop: Shop) -> str:
        oid = shop.tree((b"100644", b"x", shop.write("blob", EVIL)))
        for _ in range(levels):
            oid = shop.tree((b"40000", name, oid))
        return shop.commit_tree(shop.tree(*_sorted([*_entries(shop), (b"40000", b"d", oid)])))

    return make


SIZES = refused(
    BAD,
    a_file_that_is_too_large=file("x", bytes((1 << 20) + 1)),
    too_many_files=lambda shop: shop.commit({f"d/{number}": b"" for number in range(2001)}),
    a_tree_that_unfolds_to_very_many_files=_tree_bomb,
    folders_without_end=_deep(3000, b"d"),
    a_path_that_is_too_long=_deep(6, b"d" * 200),
    too_many_bytes=lambda shop: shop.commit({f"{number}": bytes([number]) * (1 << 20) for number in range(17)}),
)

DIFF_LIKE = b"""--- a/flake.nix
+++ b/flake.nix
@@ -1,1 +1,1 @@
-old
diff --git a/safe.nix b/safe.nix
\\ No newline at end of file
"""


def shown(name: str, path: str, content: Any, *shows: str) -> Attempt:
    return Attempt(name, file(path, content), shows=shows)


CONTENTS = [
    shown(
        "a_turning_mark", "agent.nix", "{ }\n/* \u202e } evil { \u2066 */\n".encode(), "agent.nix:2: U+202E", "U+2066"
    ),
    shown("a_zero_width_letter", "agent.nix", "{ a\u200bb = 1; }\n".encode(), "agent.nix:1: U+200B"),
    shown("an_invisible_filler", "agent.nix", "{ \u3164 = 1; }\n".encode(), "agent.nix:1: U+3164"),
    shown("text_in_tag_characters", "agent.nix", "{ } # \U000e0065\U000e0076\n".encode(), "U+E0065"),
    shown("text_in_variation_selectors", "agent.nix", "{ } # a\U000e0100\ufe01\n".encode(), "U+E0100", "U+FE01"),
    shown("a_letter_of_another_alphabet", "agent.nix", '{ url = "ex\u0430mple.org"; }\n'.encode(), "U+0430 CYRILLIC"),
    shown("a_terminal_escape", "agent.nix", b"{ } # \x1b[1A\x1b[2Kgone\n", "agent.nix:1: U+001B", "\x1b[2Kgone"),
    shown("a_backspace", "agent.nix", b"evil\x08\x08\x08\x08{ }\n", "agent.nix:1: U+0008", "+evil\x08"),
    shown(
        "a_carriage_return_that_covers_a_line",
        "agent.nix",
        b"evil = 1;\r{ }\n",
        "agent.nix:1: U+000D",
        "+evil = 1;\r{ }",
    ),
    shown(
        "lines_split_by_other_marks",
        "agent.nix",
        "{ }\u2028evil\u2029\u0085\x0b\x0c\n".encode(),
        "U+2028",
        "U+0085",
        "U+000B",
    ),
    shown("a_space_that_is_none", "agent.nix", "{ a\u00a0= 1; }\n".encode(), "agent.nix:1: U+00A0"),
    shown("a_byte_order_mark", "agent.nix", b"\xef\xbb\xbf{ }\n", "agent.nix:1: U+FEFF"),
    shown("bytes_that_are_no_text", "agent.nix", b"{ } # \xff\xfe\n", "agent.nix:1: not UTF-8", "\\xff\\xfe"),
    shown("a_nul_far_into_a_text", "x.nix", b"#" * 9000 + b"\n\0evil\n", "x.nix:2: U+0000", "+\0evil"),
    shown("a_nul_at_the_beginning", "agent.nix", b"\0{ evil = true; }\n", "agent.nix is binary", "GIT binary patch"),
    shown(
        "a_program", "run", (b"100755", b"\x7fELF\0\1\2\3"), "run is executable", "run is binary", "GIT binary patch"
    ),
    shown(
        "a_line_far_too_long_to_read",
        "agent.nix",
        b"{ }" + b" " * 100_000 + b"evil\n",
        "agent.nix:1: a line of more",
        " evil\n",
    ),
    shown("evil_below_ten_thousand_lines", "x.nix", b"# fine\n" * 20_000 + EVIL, "+{ evil = true; }"),
    shown(
        "content_that_looks_like_a_diff",
        "agent.nix",
        DIFF_LIKE,
        "++++ b/flake.nix",
        "+diff --git a/safe.nix",
        "+\\ No newline",
    ),
    shown("content_without_a_last_line_end", "agent.nix", b"{ }", "\\ No newline at end of file"),
    shown("only_line_ends_changed", "agent.toml", b"model = 'x'\r\n", "agent.toml has lines that end with CR LF"),
    shown("only_a_mode_changed", "agent.nix", (b"100755", b"{ }\n"), "agent.nix is executable", "new mode 100755"),
    shown("only_spaces_changed", "agent.nix", b"{ ... }:\n{\n\t}\n", "+\t}"),
    shown("a_name_with_markup", "<img src=x onerror=alert(1)>.nix", EVIL, "<img src=x onerror=alert(1)>.nix"),
    shown("a_name_with_quotes", "a\"b'c.nix", EVIL, '\\"b', "+{ evil"),
    shown("a_name_that_is_an_option", "--upload-pack=evil", EVIL, "--upload-pack=evil"),
    shown("a_name_with_a_turning_mark", "a\u202exin.exe", EVIL, "a\\u202exin.exe: its name holds U+202E"),
    shown("a_name_of_other_letters", "\u0430gent.nix", EVIL, "its name is not plain ASCII: \\u0430gent.nix"),
    shown("a_name_like_agent_nix", "Agent.nix", EVIL, "Agent.nix could be taken for agent.nix"),
    shown("a_name_like_agent_toml", "agent.TOML", EVIL, "agent.TOML could be taken for agent.toml"),
    shown("a_name_of_spaces", " .nix", EVIL, "b/ .nix"),
    shown("a_name_with_a_tab_word", "b/x.nix\u00a0", EVIL, "its name holds U+00A0"),
    shown("a_file_in_a_hidden_folder", ".hidden/x.nix", EVIL, "b/.hidden/x.nix"),
    shown("a_file_that_no_other_names", "dormant.nix", EVIL, "dormant.nix is new, and no other file seems to name it"),
    shown("an_ignored_file", ".gitignore", b"*\n", "+*\n"),
    Attempt(
        "a_renamed_file",
        lambda s: s.commit({"agent.toml": None, "b.txt": s.base_files["agent.toml"]}),
        shows=("rename from agent.toml", "rename to b.txt"),
    ),
    Attempt(
        "a_deleted_file",
        lambda s: s.commit({"agent.toml": None}),
        shows=("deleted file mode", "agent.nix seems to read agent.toml"),
    ),
]

CONFIGURATIONS = [
    *refused(
        CONFIG,
        a_key_twice=file("agent.toml", b"model = 'a'\nmodel = 'b'\n"),
        a_table_twice=file("agent.toml", b"[tools]\nallow = []\n[tools]\nallow = ['Bash']\n"),
        a_table_extended_by_dots=file("agent.toml", b"prompt = { append = 'a' }\nprompt.append = 'b'\n"),
        a_key_of_another_alphabet=file("agent.toml", "'m\u043edel' = 'x'\n".encode()),
        a_configuration_behind_a_byte_order_mark=file("agent.toml", b"\xef\xbb\xbfmodel = 'x'\n"),
        a_configuration_in_another_encoding=file("agent.toml", "model = 'x'\n".encode("utf-16")),
        a_nul_in_a_configuration=file("agent.toml", b"model = 'x'\n\0[tools]\n"),
        a_key_that_is_unknown=file("agent.toml", b"sandbox = false\n"),
        a_server_under_our_own_key=file("agent.toml", b"[mcp.hyperhive]\ncommand = 'evil'\n"),
        a_mount_with_a_way_out=file("agent.toml", b"[[mounts]]\nhost = '/srv/../etc'\nat = '/x'\n"),
        a_budget_without_end=file("agent.toml", b"[budgets]\ncost_usd_per_day = inf\n"),
        brackets_without_end=file("agent.toml", b"a = " + b"[" * 100_000),
        a_configuration_that_is_too_large=file("agent.toml", b"#" * ((256 << 10) + 1)),
    ),
    shown(
        "a_server_of_its_own",
        "agent.toml",
        b"[mcp.x]\ncommand = 'sh'\nargs = ['-c', 'evil']\n",
        "runs 'sh -c evil' as the agent",
        "+args = ['-c', 'evil']",
    ),
    shown(
        "a_writable_mount",
        "agent.toml",
        b"[[mounts]]\nhost = '/'\nat = '/host'\nwritable = true\n",
        "the agent sees '/' at '/host', writable",
    ),
    shown("a_prompt_with_a_turning_mark", "agent.toml", "prompt.append = '\u202e'\n".encode(), "agent.toml:1: U+202E"),
    Attempt(
        "an_option_set_twice",
        lambda s: s.commit({"agent.toml": b"model = 'a'\n", "agent.nix": b'{ hyperhive.model = "b"; }\n'}),
        shows=("agent.nix seems to set 'model'",),
    ),
]

LATER = ("no_agent_nix", "a_folder_for_agent_nix")
"""Well formed, so they are taken in; what they lack is found afterwards."""

ATTEMPTS = [*NAMES, *FLAKE, *COMMITS, *REPOSITORIES, *SIZES, *CONTENTS, *CONFIGURATIONS]


def _state(shop: Shop) -> tuple[str, int]:
    objects = [path for path in (shop.applied / "objects").rglob("*") if path.is_file()]
    return shop.in_applied("for-each-ref"), len(objects)


# CFG-1, REL-5
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_nothing_gets_past_the_operator(shop: Shop, attempt: Attempt) -> None:
    before = _state(shop)
    named = attempt.make(shop)
    if attempt.code is not None:
        assert shop.refusal(named).code is attempt.code
        refs, objects = _state(shop)
        assert refs == before[0]
        assert objects == before[1] or attempt.code in (FIXED, CONFIG, STALE) or attempt.name in LATER
        return
    notes = shop.propose(named).notes
    digest = shop.diff(named, shop.start).digest
    if attempt.then is not None:
        attempt.then(shop, named)
    diff = shop.diff(named, shop.start)
    parts, following = diff.page(None, 8 << 20)
    assert following is None
    assert diff.digest == digest
    assert shop.rebuilt(diff) == shop.in_applied("rev-parse", f"{named}^{{tree}}")
    seen = "\n".join([*notes, *(part.text for part in parts), *(part.path for part in parts)])
    for text in attempt.shows:
        assert text in seen


def test_the_attempts_are_many_and_each_has_its_end() -> None:
    assert len(ATTEMPTS) >= 60
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS)
    assert all((attempt.code is None) != (attempt.shows == ()) for attempt in ATTEMPTS)
