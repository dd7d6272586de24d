"""Folders of the host that an agent's configuration asks for: which may be shown to it, and where.

Whether the agent's user may read or write them stays as the host has it: nothing is given to that user.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from hive_wire.agent_config import MountEntry

from hive_lifecycle import layout as places
from hive_lifecycle.runtimes import Mount, StartFailed, code_paths

_KERNELS = tuple(map(Path, ("/proc", "/sys", "/dev")))
_OURS = (
    *(places.STATE, places.HOME, places.STORE, places.RUN, places.OWN, places.EVERYONE, "/config", places.APPLIED),
    *("/proc", "/sys", "/dev", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix"),
)


def mounts(entries: Sequence[MountEntry], private: Iterable[Path]) -> tuple[Mount, ...]:
    """The mounts that a configuration asks for. `private`: folders that no agent may see any part of.

    Raises StartFailed with a sentence for the first that can't be had.
    """
    if not entries:
        return ()
    hidden = [folder.resolve() for folder in private]
    taken = [PurePosixPath(target) for target in (*_OURS, *map(str, code_paths()))]
    made: list[Mount] = []
    for entry in entries:
        target = PurePosixPath(entry.at)
        other = next((place for place in taken if _overlap(place, target)), None)
        if other is not None:
            raise StartFailed(f"nothing can be mounted at {entry.at}: it overlaps {other}, which is there already")
        taken.append(target)
        source = _source(entry.host, hidden)
        made.append(Mount(source, str(target), writable=entry.writable, shared=True))
    return tuple(made)


def _source(host: str, hidden: list[Path]) -> Path:
    source = Path(os.path.realpath(host))
    named = host if host == str(source) else f"{host} (which leads to {source})"
    if any(source.is_relative_to(place) for place in _KERNELS):
        raise StartFailed(f"{named} can't be mounted: the kernel's own folders are not for agents")
    if any(source.is_relative_to(place) or place.is_relative_to(source) for place in hidden):
        raise StartFailed(f"{named} can't be mounted: hyperhive's own files are in it or around it")
    if not source.is_dir():
        raise StartFailed(f"{named} can't be mounted: there is no such folder on this host")
    return source


def _overlap(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
