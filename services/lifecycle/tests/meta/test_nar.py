"""The hash of a tree as nix computes it."""

import os
from pathlib import Path
from typing import Any

import pytest
from hive_lifecycle.meta import nar
from pygit2.enums import FileMode, ObjectType

# `nix hash path` of the folder that `_fill` makes, by nix 2.8.
HASH = "sha256-eR29I4LZtwsFmtSd3fBWC4aw4+utIsoNYHBqA2xnUxY="


def test_a_folder_with_all_that_a_tree_can_hold_has_the_hash_that_nix_gives_it(tmp_path: Path) -> None:
    assert nar.of_folder(_fill(tmp_path / "tree")) == HASH


async def test_nix_gives_that_hash_here_too(tmp_path: Path, nix: Any) -> None:
    code, out, error = await nix.run("hash", "path", str(_fill(tmp_path / "tree")))
    assert (code, out.strip()) == (0, HASH), error


def test_a_git_tree_has_the_hash_of_the_folder_that_it_would_be(swarm: Any, tmp_path: Path) -> None:
    files = {"a": b"eight by", "a.b": b"", "run": b"#!/bin/sh\n", "link": b"a/../b", "ä": b"odd"}
    modes = {"run": FileMode.BLOB_EXECUTABLE, "link": FileMode.LINK}
    swarm.agent("coder")
    repo = swarm.agents["coder"]
    commit = repo.commit({name: (data, modes.get(name, FileMode.BLOB)) for name, data in files.items()})
    folder = tmp_path / "tree"
    folder.mkdir()
    for entry in repo.opened[commit].peel(ObjectType.TREE):
        _write(folder / str(entry.name), repo.opened[entry.id].read_raw(), entry.filemode)

    assert nar.of_tree(repo.opened[commit].peel(ObjectType.TREE)) == nar.of_folder(folder)


def test_a_name_that_is_no_text_is_hashed_by_its_bytes(swarm: Any, tmp_path: Path) -> None:
    swarm.agent("coder")
    repository = swarm.agents["coder"].opened
    blob = repository.create_blob(b"content")
    tree = repository.odb.write(int(ObjectType.TREE), b"100644 \xff\x00" + blob.raw)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / os.fsdecode(b"\xff")).write_bytes(b"content")

    assert nar.of_tree(repository[tree].peel(ObjectType.TREE)) == nar.of_folder(tmp_path / "tree")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="pipe"):
        nar.of_folder(tmp_path)


def _fill(folder: Path) -> Path:
    (folder / "a" / "deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "a" / "deep" / "file").write_bytes(b"seven b")
    (folder / "a.b").write_bytes(b"eight by")
    (folder / "A").write_bytes(b"")
    (folder / "ä").write_bytes(bytes(range(256)) * 5000)
    (folder / "link").symlink_to("../nowhere")
    (folder / "run").write_bytes(b"#!/bin/sh\n")
    (folder / "run").chmod(0o755)
    return folder


def _write(place: Path, data: bytes, mode: int) -> None:
    if mode == FileMode.LINK:
        place.symlink_to(os.fsdecode(data))
        return
    place.write_bytes(data)
    place.chmod(0o755 if mode == FileMode.BLOB_EXECUTABLE else 0o644)
