"""The folders that agents share with the host: which file a path means to whom, and opening it without being misled.

A place is a path below the swarm's state folder, in segments. Agents write in these folders, so that every link is
followed by hand and only within what the people concerned share; what is opened is opened without following any.
"""

import os
import stat
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import MANAGER, is_name

Place = tuple[str, ...]

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MOST_LINKS = 20


def state_folder(name: str) -> Place:
    """Where an agent's state folder lies; the agent sees it as `/state`."""
    return ("shared", "agents", name, "state")


def _proposed(name: str) -> Place:
    return ("config", "proposed", name)


class SharedFolders:
    """The shared folders of one swarm, whose state folder is `state`."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._hosts = tuple(dict.fromkeys((f"{state}/", f"{os.path.realpath(state)}/")))
        self.prefixes = (*self._hosts, "/state/", "/agents/", "/config/proposed/")
        """What every absolute path into the shared folders begins with, in somebody's eyes."""

    def places(self, path: str, people: Sequence[str]) -> list[Place]:
        """What an absolute path can mean to these principals, the likeliest first; links are not looked at."""
        host = next((prefix for prefix in self._hosts if path.startswith(prefix)), None)
        parts = [part for part in path.removeprefix(host or "").split("/") if part not in ("", ".")]
        if ".." in parts or "\0" in path:
            return []
        meant = _on_the_host(parts) if host else _in_a_container(parts, people)
        return [place for place in meant if is_shared(place, people)]

    def resolve(self, place: Place, people: Sequence[str]) -> Place:
        """Where the links on the way lead. Raises OSError (nothing there) or Refusal `bad_path` (it leads out)."""
        done: list[str] = []
        todo = deque(place)
        links = 0
        while todo:
            part = todo.popleft()
            if part in ("", "."):
                continue
            if part == "..":
                if not done:
                    raise _leads_out(place)
                done.pop()
                continue
            target = self._link((*done, part))
            if target is None:
                done.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise _leads_out(place)
            if target.startswith("/"):
                todo.extendleft(reversed(self._absolute(target, tuple(done), place)))
                done = []
            else:
                todo.extendleft(reversed(target.split("/")))
        found = tuple(done)
        if not is_shared(found, people):
            raise _leads_out(place)
        return found

    @contextmanager
    def folder(self, place: Place, *, make_after: int | None = None) -> Generator[int]:
        """A descriptor of the folder, opened without following a link anywhere below the swarm's state folder.

        Folders missing after the first `make_after` segments are made, with their parent's owner and mode.
        Raises OSError.
        """
        descriptor = os.open(self._state, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for number, part in enumerate(place):
                inner = _enter(descriptor, part, make=make_after is not None and number >= make_after)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def size(self, place: Place) -> int:
        """Bytes of a plain file whose links are resolved. Raises OSError, or Refusal `bad_path` for anything else."""
        with self.folder(place[:-1]) as folder:
            return _plain(os.stat(place[-1], dir_fd=folder, follow_symlinks=False), place).st_size

    def head(self, place: Place, most: int) -> tuple[bytes, int]:
        """The first `most` bytes of a plain file whose links are resolved, and its size. Raises as `size` does."""
        with self.folder(place[:-1]) as folder:
            _plain(os.stat(place[-1], dir_fd=folder, follow_symlinks=False), place)  # opening a device has effects
            descriptor = os.open(place[-1], _FILE, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as stream:
            size = _plain(os.fstat(descriptor), place).st_size
            return stream.read(most), size

    def _link(self, place: Place) -> str | None:
        """What a link says; None for anything else that is there."""
        path = self._state.joinpath(*place)
        try:
            return str(path.readlink())
        except OSError:
            path.lstat()
            return None

    def _absolute(self, target: str, at: Place, asked: Place) -> Place:
        """What an absolute link in the folder `at` means: it was made by the agent that sees this folder."""
        match at:
            case ("shared", "agents", name, "state", *_) | ("config", "proposed", name, *_):
                meant = self.places(target, (name,)) or self.places(target, (MANAGER,))
            case _:
                meant = []
        if not meant:
            raise _leads_out(asked)
        return meant[0]


def is_shared(place: Place, people: Sequence[str]) -> bool:
    """Whether a place lies in a folder that one of these shares; the manager shares everybody's."""
    match place:
        case ("shared", "agents", name, "state", _, *_) | ("config", "proposed", name, _, *_):
            return is_name(name) and (name in people or MANAGER in people)
        case _:
            return False


def _on_the_host(parts: Sequence[str]) -> list[Place]:
    match parts:
        case ["shared", "agents", name, "config", *rest]:
            return [(*_proposed(name), *rest)]
        case ["agents", name, "state", *rest]:  # a link that lifecycle makes beside the agent's home
            return [(*state_folder(name), *rest)]
        case _:
            return [tuple(parts)]


def _in_a_container(parts: Sequence[str], people: Sequence[str]) -> list[Place]:
    match parts:
        case ["state", *rest]:
            return [(*state_folder(name), *rest) for name in people]
        case ["agents", name, "state", *rest]:
            return [(*state_folder(name), *rest)]
        case ["agents", name, "config", *rest] | ["config", "proposed", name, *rest]:
            return [(*_proposed(name), *rest)]
        case _:
            return []


def _enter(folder: int, part: str, *, make: bool) -> int:
    try:
        return os.open(part, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    parent = os.fstat(folder)
    os.mkdir(part, 0o700, dir_fd=folder)
    inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    if os.geteuid() == 0:
        os.fchown(inner, parent.st_uid, parent.st_gid)
    os.fchmod(inner, stat.S_IMODE(parent.st_mode))
    return inner


def _plain(seen: os.stat_result, place: Place) -> os.stat_result:
    if not stat.S_ISREG(seen.st_mode):
        raise Refusal(ErrorCode.BAD_PATH, f"{'/'.join(place)} is no plain file")
    return seen


def _leads_out(place: Place) -> Refusal:
    return Refusal(ErrorCode.BAD_PATH, f"{'/'.join(place)} leads out of the shared folders")
