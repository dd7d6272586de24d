"""Memory and process limits of a whole agent: control groups (v1 or v2) below the service's own where this
machine lets us make them, else resource limits, which hold per process only.
"""

import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PARENT = "hyperhive"
_SMALLEST_DATA_LIMIT = 2 << 30


@dataclass(frozen=True)
class ControlGroups:
    """Where groups can be made for each controller; None where they can't."""

    memory: Path | None
    pids: Path | None

    def make(self, root: Path, name: str, memory: int | None, processes: int | None) -> tuple[Path, ...]:
        """Make (or set anew) the groups of one agent. What can't be made is left out."""
        leaf = f"{zlib.crc32(str(root).encode()):08x}-{name}"
        made: list[Path] = []
        for base, files, limit in (
            (self.memory, ("memory.max", "memory.limit_in_bytes"), memory),
            (self.pids, ("pids.max",), processes),
        ):
            if base is not None and _limited(base / leaf, files, limit) and base / leaf not in made:
                made.append(base / leaf)
        return tuple(made)


def data_limit(memory_bytes: int | None) -> int | None:
    """The limit per process where there are no groups. Never below 2 GiB: Claude Code reserves (and does not use)
    so much that it aborts at its start under 512 MiB."""
    return None if memory_bytes is None else max(memory_bytes, _SMALLEST_DATA_LIMIT)


def remove(groups: Iterable[Path]) -> None:
    """Remove empty groups; one that still holds a process stays, and is used again by the next start."""
    for group in groups:
        try:
            group.rmdir()
        except OSError:
            continue


def find_control_groups() -> ControlGroups:
    """Look where the service's own groups are, and try."""
    mounted = _hierarchies()
    return ControlGroups(memory=_usable(mounted, "memory"), pids=_usable(mounted, "pids"))


def _usable(mounted: dict[str, Path], controller: str) -> Path | None:
    own = mounted.get(controller)
    if own is not None:
        return _parent_below(own)
    unified = mounted.get("")
    if unified is None or controller not in _words(unified / "cgroup.controllers"):
        return None
    for candidate in (unified, unified.parent):
        if (candidate == unified or _delegated(candidate)) and _enable(candidate, controller):
            parent = _parent_below(candidate)
            return parent if parent is not None and _enable(parent, controller) else None
    return None


def _hierarchies() -> dict[str, Path]:
    """This process's own group in each hierarchy, by controller; "" is the unified one."""
    places: dict[str, Path] = {}
    for line in _lines(Path("/proc/self/mountinfo")):
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup":
            places |= dict.fromkeys(options.split(","), Path(before.split()[4]))
        elif kind == "cgroup2":
            places[""] = Path(before.split()[4])
    own: dict[str, Path] = {}
    for line in _lines(Path("/proc/self/cgroup")):
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            if controller in places:
                own[controller] = places[controller] / path.lstrip("/")
    return own


def _parent_below(group: Path) -> Path | None:
    parent = group / _PARENT
    try:
        parent.mkdir(exist_ok=True)
    except OSError:
        return None
    return parent if os.access(parent, os.W_OK) else None


def _delegated(group: Path) -> bool:
    """Whether systemd has left that group to us (see its CGROUP_DELEGATION document)."""
    for attribute in ("trusted.delegate", "user.delegate"):
        try:
            if os.getxattr(group, attribute) == b"1":
                return True
        except OSError:
            continue
    return False


def _enable(group: Path, controller: str) -> bool:
    if controller in _words(group / "cgroup.subtree_control"):
        return True
    return _set(group / "cgroup.subtree_control", f"+{controller}")


def _limited(group: Path, files: tuple[str, ...], limit: int | None) -> bool:
    try:
        group.mkdir(exist_ok=True)
    except OSError:
        return False
    for file in files:
        if (group / file).exists():
            unlimited = "-1" if file == "memory.limit_in_bytes" else "max"
            _set(group / file, str(limit) if limit is not None else unlimited)
    return True


def _set(file: Path, value: str) -> bool:
    try:
        file.write_text(value)
    except OSError:
        return False
    return True


def _words(file: Path) -> list[str]:
    return " ".join(_lines(file)).split()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
