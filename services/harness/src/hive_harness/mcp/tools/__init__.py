"""The agent's tools: what each is for, in words that an agent can act on, and which verb it calls.

Who may do what is decided by NATS permissions and the services; the role only decides which tools are listed.
"""

from collections.abc import Callable

from hive_kit.bus import Bus

from hive_harness.mail import Mail
from hive_harness.mcp.tools.identity import IdentityTools
from hive_harness.mcp.tools.loose_ends import LooseEndTools
from hive_harness.mcp.tools.mail import MailTools
from hive_harness.mcp.tools.questions import QuestionTools
from hive_harness.mcp.tools.reminders import ReminderTools
from hive_harness.mcp.tools.tool import Calls, Tool
from hive_harness.settings import Settings
from hive_harness.turns.turn import Turn


def tools_for(
    settings: Settings,
    bus: Bus,
    mail: Mail,
    turn: Callable[[], Turn | None],
    drafted: Callable[[], None] = lambda: None,
) -> list[Tool]:
    """Every tool that this agent has, by its role.

    `turn` gives the turn that runs; `drafted` is called when the manager has made a proposed repository.
    """
    calls = Calls(bus)
    tools = [
        *MailTools(calls, mail, turn).all(),
        *QuestionTools(calls).all(),
        *ReminderTools(calls).all(),
        *LooseEndTools(calls).all(),
        *IdentityTools(settings).all(),
    ]
    if settings.role == "manager":
        from hive_harness.mcp.tools.agents import AgentTools  # every other agent would pay for it and never use it
        from hive_harness.mcp.tools.approvals import ApprovalTools

        tools += [*ApprovalTools(calls, drafted).all(), *AgentTools(calls).all()]
    return tools


__all__ = ["Tool", "tools_for"]
