"""What hyperhive itself needs to know of an agent: the content of `agent.toml`, checked by this one model.

Every key is optional; an empty or missing file is the default. Unknown keys are refused, so that a typo is found.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hive_wire.names import NAME_PATTERN

_Principal = Annotated[str, Field(pattern=NAME_PATTERN)]
_Line = Annotated[str, Field(min_length=1, max_length=1000)]
_Count = Annotated[int, Field(strict=True, ge=1)]
_Dollars = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A table of `agent.toml`. Frozen; unknown keys are refused; docstrings become descriptions."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Messages(Section):
    """`[messages]`: whom the agent may write to."""

    allow: list[_Principal] | None = Field(default=None, max_length=500)
    """Names of agents, `manager`, `operator`; everyone when missing."""


class Tools(Section):
    """`[tools]`: which of Claude Code's own tools the agent may use."""

    allow: list[_Line] | None = Field(default=None, max_length=200)
    """Patterns such as `Read` or `Bash(git *)`; all when missing. hyperhive's own tools are always there."""


class Prompt(Section):
    """`[prompt]`: what the agent is told beside its role."""

    append: str = Field(default="", max_length=100_000)
    """Text that is added to the system prompt."""


class McpServer(Section):
    """`[mcp.<key>]`: an extra MCP server, started by `command` or reached at `url`."""

    command: _Line | None = None
    args: list[str] = Field(default_factory=list[str], max_length=200)
    env: dict[str, str] = Field(default_factory=dict[str, str])
    url: _Line | None = Field(default=None, pattern=r"^https?://")
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    allowed_tools: list[_Line] = Field(default_factory=lambda: ["*"], max_length=200)
    """Names or patterns of its tools."""

    @model_validator(mode="after")
    def _one_way(self) -> "McpServer":
        if (self.command is None) == (self.url is None):
            raise ValueError("either `command` or `url` must be set, and not both")
        return self


class MountEntry(Section):
    """`[[mounts]]`: a folder of the host that the agent sees."""

    host: str = Field(pattern=r"^/[^\x00]*$", max_length=4096)
    """An absolute path on the host."""
    at: str = Field(pattern=r"^/[^\x00]*$", max_length=4096)
    """Where the agent sees it."""
    writable: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def _plain(self) -> "MountEntry":
        for path in (self.host, self.at):
            if any(part in {".", ".."} for part in path.split("/")):
                raise ValueError("paths must be absolute, without `.` or `..`")
        return self


class Budgets(Section):
    """`[budgets]`: how much the agent may use."""

    turns_per_hour: _Count | None = None
    turns_per_day: _Count | None = None
    tokens_per_hour: _Count | None = None
    tokens_per_day: _Count | None = None
    cost_usd_per_hour: _Dollars | None = None
    cost_usd_per_day: _Dollars | None = None


class AgentConfig(Section):
    """The whole of `agent.toml`."""

    model: str | None = Field(default=None, min_length=1, max_length=200)
    """The model to begin with; a choice made at run time goes before it."""
    prompt: Prompt = Prompt()
    messages: Messages = Messages()
    tools: Tools = Tools()
    mcp: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")], McpServer] = Field(
        default_factory=dict[str, McpServer], max_length=20
    )
    """Extra MCP servers by key; the key `hyperhive` is ours."""
    mounts: list[MountEntry] = Field(default_factory=list[MountEntry], max_length=50)
    budgets: Budgets = Budgets()

    @model_validator(mode="after")
    def _own_key_is_free(self) -> "AgentConfig":
        if "hyperhive" in self.mcp:
            raise ValueError("the key `hyperhive` belongs to hyperhive's own MCP server")
        return self
