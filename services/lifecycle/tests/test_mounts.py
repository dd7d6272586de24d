"""Folders of the host that a configuration asks for."""

import sys
from pathlib import Path

import pytest
from hive_lifecycle.mounts import mounts
from hive_lifecycle.runtimes import Mount, StartFailed
from hive_wire.agent_config import MountEntry


def entry(host: object, at: str = "/data", writable: bool = False) -> MountEntry:
    return MountEntry(host=str(host), at=at, writable=writable)


def test_a_folder_is_mounted_where_it_was_asked_for_and_given_to_nobody(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (tmp_path / "link").symlink_to(source)
    made = mounts([entry(tmp_path / "link", writable=True)], [tmp_path / "swarm"])
    assert made == (Mount(source, "/data", writable=True, shared=True),)


@pytest.mark.parametrize(
    "host", ["/", "/proc", "/proc/self", "/sys/kernel", "/dev", "/dev/shm", "swarm", "swarm/agents", ".", "link"]
)
def test_a_folder_with_hyperhives_or_the_kernels_own_in_it_or_around_it_is_refused(tmp_path: Path, host: str) -> None:
    swarm = tmp_path / "swarm"
    (swarm / "agents").mkdir(parents=True)
    (tmp_path / "link").symlink_to(swarm / "agents")
    with pytest.raises(StartFailed):
        mounts([entry(tmp_path if host == "." else tmp_path / host)], [swarm])


@pytest.mark.parametrize("host", ["missing", "file"])
def test_what_is_no_folder_is_refused(tmp_path: Path, host: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartFailed, match="no such folder"):
        mounts([entry(tmp_path / host)], [])


@pytest.mark.parametrize(
    "at",
    ["/", "/state", "/state/x", "/home", "/home/agent/.claude", "/run/hive", "/run", "/agents", "/applied/x",
     "/config/proposed", "/var/lib/hive", "/proc/x", "/dev", "/etc", "/usr/lib", sys.prefix],
)  # fmt: skip
def test_a_place_that_is_taken_is_refused(tmp_path: Path, at: str) -> None:
    with pytest.raises(StartFailed, match="overlaps"):
        mounts([entry(tmp_path, at)], [])


def test_two_mounts_can_not_overlap(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="overlaps"):
        mounts([entry(tmp_path, "/data"), entry(tmp_path, "/data/inner")], [])


@pytest.mark.spec("CFG-4", door="wire")
async def test_a_sandboxed_agent_sees_what_is_mounted_and_a_mount_that_can_not_be_is_rolled_back(
    walled_hive, tmp_path: Path
) -> None:
    hive = walled_hive
    source = tmp_path / "books"
    source.mkdir()
    source.chmod(0o755)
    (source / "one.txt").write_text("x")
    await hive.start()
    await hive.spawned("coder")
    await hive.approve(7, "coder", {"mounts": [{"host": str(source), "at": "/data/books"}]})
    finished = await hive.finished(7)
    assert finished.ok, finished.error
    await hive.until("coder", transient=None)
    pid = (await hive.runtime.status("coder")).pid
    assert [file.name for file in Path(f"/proc/{pid}/root/data/books").iterdir()] == ["one.txt"]
    await hive.approve(8, "coder", {"mounts": [{"host": str(hive.state), "at": "/data"}]})
    finished = await hive.finished(8)
    assert not finished.ok
    assert "hyperhive's own files" in (finished.error or "")
    view = await hive.until("coder", transient=None)
    assert (view.revision, view.container) == (hive.commit(7), "running")


async def test_without_a_sandbox_nothing_is_mounted_and_the_deploy_says_so(hive, tmp_path: Path) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.approve(7, "coder", {"mounts": [{"host": str(tmp_path), "at": "/data"}]})
    finished = await hive.finished(7)
    assert finished.ok
    assert any(note.startswith("nothing was mounted") for note in finished.notes)
