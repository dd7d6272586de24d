"""Folders of agents that have users of their own: given to one user, or shared by several.

Shared is: one group, setgid, and default access lists, so that whatever is made there belongs to the group and is
open to it, whatever the maker's umask. Follows no link that an agent could have put there.
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


def give(folder: Path, uid: int, gid: int) -> None:
    """Make the folder the user's; with all that is in it when it was somebody else's (the service's own, after a run
    without users). Its parent must not be writable by agents."""
    if folder.lstat().st_uid == uid:
        return
    for _, folders, files, descriptor in os.fwalk(folder, follow_symlinks=False):
        for name in (*folders, *files):
            os.chown(name, uid, gid, dir_fd=descriptor, follow_symlinks=False)
    os.chown(folder, uid, gid, follow_symlinks=False)


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
