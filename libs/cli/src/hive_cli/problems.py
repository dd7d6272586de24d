"""How a command ends: the documented exit codes, and the one exception that carries a sentence to the operator."""

from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """Exit codes of every `hive` command."""

    OK = 0
    """Done."""
    FAILED = 1
    """Refused, or it could not be done; the line on stderr begins with the error's code."""
    USAGE = 2
    """The command line is not understood."""
    UNREACHABLE = 3
    """The swarm is not set up, not running, or the service that answers is not up."""
    TIMEOUT = 4
    """No answer, or no end of the action, in time; whether it took effect is unknown."""


class Problem(Exception):
    """Something that can't be done, said in one sentence that the operator can act on."""

    def __init__(
        self,
        message: str,
        code: str = "failed",
        exit_code: Exit = Exit.FAILED,
        details: dict[str, Any] | None = None,  # Any: facts differ by code
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.exit_code = exit_code
        self.details: dict[str, Any] = details or {}


def exit_code_of(code: str) -> Exit:
    """The exit code for a code of the wire."""
    if code in ("unavailable", "disconnected"):
        return Exit.UNREACHABLE
    return Exit.TIMEOUT if code == "timeout" else Exit.FAILED
