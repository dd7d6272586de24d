"""Where a reminder's long text goes: a file in its owner's state folder, whole or absent, never through a link."""

import contextlib
import os
import stat

from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import OPERATOR

from hive_broker.shared_folders import Place, SharedFolders, state_folder


def place_of(folders: SharedFolders, owner: str, path: str) -> Place:
    """The place that `path` names: `/state/…`, the host's path of the same, or relative. Refuses `bad_path`."""
    if owner == OPERATOR:
        raise Refusal(ErrorCode.BAD_PATH, "the operator has no state folder; leave the file out", path=path)
    own = state_folder(owner)
    if path.startswith("/"):
        meant = folders.places(path, (owner,))
    else:
        parts = [part for part in path.split("/") if part not in ("", ".")]
        meant = [] if ".." in parts or "\0" in path else [(*own, *parts)]
    if path.endswith("/") or not meant or meant[0][: len(own)] != own or len(meant[0]) == len(own):
        raise Refusal(
            ErrorCode.BAD_PATH,
            "file_path must name a file in your state folder: /state/…, or relative to it",
            path=path,
        )
    return meant[0]


def write(folders: SharedFolders, place: Place, reminder: int, text: str) -> None:
    """Put the text there, over an earlier plain file; missing folders are made. Again is the same as once.

    Owner and mode follow the folder. Raises OSError, or Refusal `bad_path` where a link or no plain file is in the way.
    """
    own = len(state_folder(""))
    with folders.folder(place[:-1], make_after=own) as opened:
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=opened)
        try:
            _refuse_unless_plain(folder, place)
            temporary = f".reminder-{reminder}.tmp"
            with contextlib.suppress(FileNotFoundError):  # of an attempt that was killed
                os.unlink(temporary, dir_fd=folder)
            _write_new(folder, temporary, text)
            os.rename(temporary, place[-1], src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        finally:
            os.close(folder)


def _write_new(folder: int, name: str, text: str) -> None:
    seen = os.fstat(folder)
    descriptor = os.open(
        name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder
    )
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        if os.geteuid() == 0:
            os.fchown(descriptor, seen.st_uid, seen.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(seen.st_mode) & 0o666)
        os.fsync(descriptor)


def _refuse_unless_plain(folder: int, place: Place) -> None:
    try:
        seen = os.stat(place[-1], dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(seen.st_mode):
        raise Refusal(ErrorCode.BAD_PATH, f"{place[-1]} is there already and no plain file")
