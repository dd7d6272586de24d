"""What locks inputs: the interface, what it is asked, and what it leaves to the flake's keeper.

A locker works on texts alone: which commits are wanted, and what becomes of the new lock, is not its matter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hive_lifecycle.meta.lock_file import LockFile
from hive_lifecycle.meta.pins import Pin

Output = Callable[[str], None]
"""Takes one line, without its end, as soon as it is printed."""


@dataclass(frozen=True)
class PinnedInput:
    """An agent's input: `url` as flake.nix has it, its applied repository, and the commit to lock."""

    url: str
    repository: Path
    pin: Pin


@dataclass(frozen=True)
class LockRequest:
    """flake.nix, what it is locked to so far, and the inputs to lock at given commits, by name.

    An input of flake.nix that neither the lock nor `pins` has is locked to the newest of what it points at.
    """

    flake: str
    lock: LockFile
    pins: Mapping[str, PinnedInput]


class Locker(Protocol):
    """Makes the new text of flake.lock."""

    async def lock(self, request: LockRequest, output: Output) -> LockFile:
        """Exactly the inputs of flake.nix, what was locked before unchanged. Refuses `broken_lock`, `no_repo`."""
        ...
