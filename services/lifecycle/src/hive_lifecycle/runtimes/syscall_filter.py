"""The seccomp program every sandboxed agent runs under: no user namespaces of its own (the usual first step
of a kernel exploit) and no kernel keyrings (which are not namespaced). Everything else stays allowed.
"""

import errno
import platform
import struct
from dataclasses import dataclass

_LOAD_WORD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _FLAGS_OFFSET = 0, 4, 16
_X32_BIT = 0x40000000
_CLONE_NEWUSER = 0x10000000


@dataclass(frozen=True)
class _Architecture:
    """Numbers from the kernel's linux/audit.h and its system call tables."""

    audit: int
    clone: int
    unshare: int
    keyrings: tuple[int, int, int]
    clone3: int = 435


_ARCHITECTURES = {
    "x86_64": _Architecture(0xC000003E, clone=56, unshare=272, keyrings=(248, 249, 250)),
    "aarch64": _Architecture(0xC00000B7, clone=220, unshare=97, keyrings=(217, 218, 219)),
}


def syscall_filter(machine: str | None = None) -> bytes | None:
    """The program as bubblewrap's --seccomp reads it; None for a processor it isn't written for.

    clone3 is "not implemented" because its flags lie in memory where no filter sees them; C libraries then
    use clone. So is every call of a foreign architecture.
    """
    known = _ARCHITECTURES.get(machine or platform.machine())
    if known is None:
        return None
    missing, denied = _ERRNO | errno.ENOSYS, _ERRNO | errno.EPERM
    with_flags = (known.clone, known.unshare)
    return b"".join(
        [
            _step(_LOAD_WORD, _ARCHITECTURE_OFFSET),
            _step(_JUMP_EQUAL, known.audit, when_true=1),
            _step(_RETURN, missing),
            _step(_LOAD_WORD, _NUMBER_OFFSET),
            *_answer(_JUMP_AT_LEAST, _X32_BIT, missing),
            *_answer(_JUMP_EQUAL, known.clone3, missing),
            *(step for number in known.keyrings for step in _answer(_JUMP_EQUAL, number, denied)),
            _step(_JUMP_EQUAL, with_flags[0], when_true=2),
            _step(_JUMP_EQUAL, with_flags[1], when_true=1),
            _step(_RETURN, _ALLOW),
            _step(_LOAD_WORD, _FLAGS_OFFSET),
            *_answer(_JUMP_ANY_BIT, _CLONE_NEWUSER, denied),
            _step(_RETURN, _ALLOW),
        ]
    )


def _step(code: int, operand: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, operand)


def _answer(test: int, operand: int, answer: int) -> list[bytes]:
    return [_step(test, operand, when_false=1), _step(_RETURN, answer)]
