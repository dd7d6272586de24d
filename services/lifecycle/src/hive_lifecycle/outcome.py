"""What became of an action, in words: why a step failed, and what was done about it."""

from hive_wire.errors import Refusal
from sqlalchemy import Connection

from hive_lifecycle import agents
from hive_lifecycle.actions import Action, Kind
from hive_lifecycle.plans import UNTOUCHED
from hive_lifecycle.runtimes import BuildFailed, InstallFailed, StartFailed, StillRunning, UnknownAgent


def why(error: Exception) -> str | None:
    """Why a step failed, as a sentence; None for what is a fault of ours."""
    match error:
        case Refusal():
            return error.message
        case StartFailed() | BuildFailed() | InstallFailed() | OSError():
            return str(error)
        case StillRunning():
            return "something of it survived even SIGKILL"
        case UnknownAgent():
            return "the runtime doesn't know it; rebuild it"
        case _:
            return None


def is_gone(action: Action, failed: str | None) -> bool:
    """Whether nothing is left of the agent that could run. `failed`: why the last steps failed, there or back."""
    if action.kind is Kind.DESTROY:
        return action.wrong is None and failed is None
    return action.kind is Kind.SPAWN and action.approval is not None and action.wrong is not None and failed is None


def sentence(connection: Connection, action: Action, failed: str | None) -> str | None:
    """Why the action failed and what became of it; None when it did not."""
    if action.wrong is None:
        return failed
    parts = [action.wrong, _what_became(connection, action, failed)]
    return "; ".join(filter(None, parts)) + (f": {failed}" if failed else "")


def _what_became(connection: Connection, action: Action, failed: str | None) -> str:
    if action.step == UNTOUCHED:
        return "what runs was not touched"
    if action.approval is None:
        rolled_back = action.kind in {Kind.UPDATE, Kind.REBUILD}
        built = rolled_back and agents.get(connection, action.agent).system is not None
        return "what was installed before is in use again" if built else ""
    if action.kind is Kind.SPAWN:
        return "its container could not be removed" if failed else "its container was removed, its state folder is kept"
    what = f"rolled back to {agents.get(connection, action.agent).revision or 'the defaults'}"
    return what + (", which does not come up either" if failed else "")
