"""Folders that several users work in: one group, setgid, and default access lists, so that whatever is made there
belongs to the group and is open to it, whatever the maker's umask. Used only where agents have users of their own.
"""

import os
import stat
import struct
from pathlib import Path

import structlog

log = structlog.get_logger()

_ACCESS_LIST = "system.posix_acl_default"
_VERSION, _USER, _GROUP, _OTHER, _NO_ID = 2, 0x01, 0x04, 0x20, 0xFFFFFFFF  # linux/posix_acl_xattr.h


def share(folder: Path, group: int, mode: int, *, inherit: bool) -> None:
    """Give the folder itself to the group. `inherit`: what is made in it later is open to the group in the same way.

    The folder's owner stays; a link in its place is refused (OSError).
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _share(descriptor, group, mode, inherit)
    finally:
        os.close(descriptor)


def share_tree(folder: Path, group: int, mode: int) -> None:
    """Give all that is in the folder to the group, unless the folder shows that this was done. Follows no link."""
    if not folder.exists():
        return
    seen = folder.lstat()
    if seen.st_gid == group and seen.st_mode & 0o7777 == mode:
        return
    for _, _, files, descriptor in os.fwalk(folder, topdown=False, follow_symlinks=False):
        for name in files:
            _share_file(name, descriptor, group, mode)
        _share(descriptor, group, mode, inherit=True)


def _share(descriptor: int, group: int, mode: int, inherit: bool) -> None:
    if os.fstat(descriptor).st_gid != group:
        os.fchown(descriptor, -1, group)
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        os.fchmod(descriptor, mode)
    if not inherit:
        return
    try:
        os.setxattr(descriptor, _ACCESS_LIST, _access_list(mode))
    except OSError as error:
        log.warning("no_access_lists", error=str(error))


def _share_file(name: str, folder: int, group: int, mode: int) -> None:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return  # a link, or gone
    try:
        seen = os.fstat(descriptor)
        if stat.S_ISREG(seen.st_mode):
            for_group = (seen.st_mode & 0o700) >> 3 & mode & 0o070
            os.fchown(descriptor, -1, group)
            os.fchmod(descriptor, stat.S_IMODE(seen.st_mode) & 0o700 | for_group)
    finally:
        os.close(descriptor)


def _access_list(mode: int) -> bytes:
    """The default entries for owner, group and others that a folder of that mode hands down."""
    entries = ((_USER, 0o7), (_GROUP, mode >> 3 & 0o7), (_OTHER, 0))
    packed = b"".join(struct.pack("<HHI", tag, bits, _NO_ID) for tag, bits in entries)
    return struct.pack("<I", _VERSION) + packed
