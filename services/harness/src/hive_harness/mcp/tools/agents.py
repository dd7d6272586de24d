"""The manager's hand on agents that exist: who there is, starting and stopping, what their containers print."""

from collections.abc import Awaitable, Callable
from typing import Any

from hive_wire import lifecycle
from hive_wire.lifecycle import Accepted, AgentList, AgentName, AgentView, LogsReply, LogsRequest
from hive_wire.model import Empty
from hive_wire.verb import Verb
from pydantic import Field

from hive_harness.mcp.tools.tool import Arguments, Calls, NoArguments, Tool

_LINES_MAX = 1000
_ENDS = (
    " Returns at once; `list_agents` shows how it goes. `action_in_flight` means that something else is being done to "
    "the agent."
)
_TOLD = " Its end comes as mail with the JSON event `{}`."


class AgentArguments(Arguments):
    """Which agent."""

    name: str = Field(min_length=1, max_length=64)
    """The agent's name."""


class LogsArguments(AgentArguments):
    """How much of the log."""

    lines: int = Field(default=200, ge=1, le=_LINES_MAX)
    """How many lines at most, the last ones."""


class AgentTools:
    """Destroying agents and logging them in stay the operator's."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(self) -> list[Tool]:
        """The manager's."""
        return [
            Tool(
                "list_agents", "Which agents there are",
                "List all agents with the state of their containers, what is being done to them, the deployed "
                "revision, whether they are logged in, and the last error. Destroyed agents are not listed.",
                NoArguments, AgentList, self._list, read_only=True, idempotent=True,
            ),
            Tool(
                "logs", "What an agent's container printed",
                "Show the last lines that an agent's container printed: its harness's log, for finding out why it "
                "fails or does not start. What the agent itself says and does is not in there; ask it.",
                LogsArguments, LogsReply, self._logs, read_only=True, idempotent=True, as_text=True,
            ),
            self._action(
                lifecycle.START, "Start an agent", "Start an agent that is stopped. Nothing happens where it runs.",
                self._calls.repeat, told="started", idempotent=True,
            ),
            self._action(
                lifecycle.STOP, "Stop an agent",
                "Stop an agent, giving a turn that runs time to end. Its mail waits until it is started again.",
                self._calls.repeat, told="stopped", destructive=True, idempotent=True,
            ),
            self._action(
                lifecycle.KILL, "Stop an agent at once",
                "Stop an agent at once, in the middle of what it does; the mail of its turn is handed out again later. "
                "For an agent that `stop` does not stop.",
                self._calls.repeat, told="killed", destructive=True, idempotent=True,
            ),
            self._action(
                lifecycle.RESTART, "Restart an agent",
                "Stop an agent and start it again with the same configuration.",
                self._calls.once, destructive=True,
            ),
            self._action(
                lifecycle.UPDATE, "Update an agent",
                "Start an agent anew with its deployed configuration and the installed version of hyperhive, as the "
                "event `needs_update` asks for. Nothing happens where it has both.",
                self._calls.repeat, told="rebuilt", destructive=True, idempotent=True,
            ),
        ]  # fmt: skip

    def _action(
        self,
        verb: Verb[AgentName, Accepted],
        title: str,
        description: str,
        call: Callable[..., Awaitable[Any]],  # Any: generic methods of Calls
        *,
        told: str | None = None,
        destructive: bool = False,
        idempotent: bool = False,
    ) -> Tool:
        async def act(arguments: AgentArguments) -> tuple[Accepted, str]:
            accepted: Accepted = await call(verb, AgentName(name=arguments.name))
            return accepted, _describe(accepted.agent)

        return Tool(
            verb.name,
            title,
            description + _ENDS + (_TOLD.format(told) if told else ""),
            AgentArguments,
            Accepted,
            act,
            destructive=destructive,
            idempotent=idempotent,
        )

    async def _list(self, _arguments: NoArguments) -> tuple[AgentList, str]:
        agents = await self._calls.repeat(lifecycle.LIST, Empty())
        return agents, "\n".join(_describe(agent) for agent in agents.agents)

    async def _logs(self, arguments: LogsArguments) -> tuple[LogsReply, str]:
        request = LogsRequest(name=arguments.name, lines=arguments.lines)
        reply = await self._calls.repeat(lifecycle.LOGS, request)
        text = "\n".join(reply.lines) if reply.lines else "It has printed nothing."
        return reply, f"(older lines are left out)\n{text}" if reply.cut else text


def _describe(agent: AgentView) -> str:
    facts = [f"{agent.name}: {agent.container}"]
    if agent.transient is not None:
        facts.append(f"{agent.transient} now")
    if agent.logged_in is False:
        facts.append("not logged in")
    if agent.needs_update:
        facts.append("needs an update")
    if agent.error is not None:
        facts.append(f"last action failed: {agent.error}")
    return ", ".join(facts)
