"""The manager's requests for the operator's approval: new agents, and changes to what agents are."""

from collections.abc import Callable

from hive_wire import approvals
from hive_wire.approvals import Approval, Draft, Text
from pydantic import Field

from hive_harness.mcp.tools.tool import Arguments, Calls, Tool

_DECIDED = (
    " Returns at once with the approval's number, status `pending`; nothing happens until the operator has approved "
    "it. What the operator decided comes as mail with the JSON event `approval_resolved`, and after an approval what "
    "came of it with `spawned` or `rebuilt`."
)


class SpawnArguments(Arguments):
    """A new agent to ask for."""

    name: str = Field(min_length=1, max_length=64)
    """Its name: a small letter, then up to 30 small letters, digits and `-`."""
    description: Text = ""
    """Why it is needed and what it will do; the operator decides by it."""


class DraftArguments(Arguments):
    """A new agent to prepare."""

    name: str = Field(min_length=1, max_length=64)
    """Its name: a small letter, then up to 30 small letters, digits and `-`."""


class SpawnCommitArguments(Arguments):
    """A draft's commit, to make the agent from."""

    name: str = Field(min_length=1, max_length=64)
    """The draft's name."""
    commit: str = Field(min_length=1, max_length=100)
    """The commit's id, 7 to 40 hexadecimal digits; names of branches and tags are refused."""
    description: Text = ""
    """Why it is needed and what it will do; the operator decides by it and the diff."""


class ApplyArguments(Arguments):
    """A commit to deploy."""

    agent: str = Field(min_length=1, max_length=64)
    """Whose configuration it changes."""
    commit: str = Field(min_length=1, max_length=100)
    """The commit's id, 7 to 40 hexadecimal digits; names of branches and tags are refused."""
    description: Text = Field(min_length=1)
    """What changes and why; the operator decides by it and the diff."""


class ApprovalTools:
    """`drafted` is called when a repository was made, so that git may be used in it at once."""

    def __init__(self, calls: Calls, drafted: Callable[[], None]) -> None:
        self._calls, self._drafted = calls, drafted

    def all(self) -> list[Tool]:
        """The manager's."""
        return [
            Tool(
                "request_spawn", "Ask for a new agent",
                "Ask the operator to approve a new agent that starts from the template, without any configuration of "
                "its own. When it needs a prompt, a model or tools of its own from the start, use "
                "`request_spawn_draft` instead. A bad or taken name is refused at once with the reason." + _DECIDED,
                SpawnArguments, Approval, self._spawn,
            ),
            Tool(
                "request_spawn_draft", "Prepare a new agent",
                "Make the proposed repository and the state folder of an agent to be, without starting anything and "
                "without asking anybody. Then edit its files in the proposed repository, commit with git, and ask "
                "with `request_spawn_commit`. A bad or taken name is refused at once with the reason.",
                DraftArguments, Draft, self._draft,
            ),
            Tool(
                "request_spawn_commit", "Ask for a drafted agent",
                "Ask the operator to approve a commit of a draft's proposed repository and to make the agent from "
                "it." + _DECIDED,
                SpawnCommitArguments, Approval, self._spawn_commit,
            ),
            Tool(
                "request_apply_commit", "Ask for a change of an agent",
                "Ask the operator to approve a commit of an agent's proposed repository (your own included) and to "
                "deploy it. The commit must descend from what is deployed; `flake.nix` can't change; mistakes in "
                "`agent.toml` are refused with file, line and key. Deploying restarts that agent." + _DECIDED,
                ApplyArguments, Approval, self._apply,
            ),
        ]  # fmt: skip

    async def _spawn(self, arguments: SpawnArguments) -> tuple[Approval, str]:
        return _told(await self._calls.keyed(approvals.REQUEST_SPAWN, arguments))

    async def _draft(self, arguments: DraftArguments) -> tuple[Draft, str]:
        draft = await self._calls.keyed(approvals.REQUEST_SPAWN_DRAFT, arguments)
        self._drafted()
        return draft, f"The draft {draft.name} is ready to be edited; it starts at commit {draft.start_commit}."

    async def _spawn_commit(self, arguments: SpawnCommitArguments) -> tuple[Approval, str]:
        return _told(await self._calls.keyed(approvals.REQUEST_SPAWN_COMMIT, arguments))

    async def _apply(self, arguments: ApplyArguments) -> tuple[Approval, str]:
        return _told(await self._calls.keyed(approvals.REQUEST_APPLY_COMMIT, arguments))


def _told(approval: Approval) -> tuple[Approval, str]:
    text = f"Approval #{approval.id} ({approval.kind} {approval.agent}, commit {approval.commit[:12]}) is "
    text += f"{approval.status}. The operator decides; how it ends comes as mail."
    return approval, "\n".join([text, *approval.notes])
