"""Who the agent is."""

from hive_wire.model import Wire

from hive_harness.mcp.tools.tool import NoArguments, Tool
from hive_harness.settings import Settings


class WhoamiResult(Wire):
    """Who the agent is."""

    name: str
    role: str
    operator_pronouns: str
    revision: str
    state_dir: str


class IdentityTools:
    """What the settings say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def all(self) -> list[Tool]:
        """Every agent's."""
        return [
            Tool(
                "whoami", "Who you are",
                "Say your name, your role, the operator's pronouns, the configuration's revision and your folder.",
                NoArguments, WhoamiResult, self._whoami, read_only=True, idempotent=True,
            )
        ]  # fmt: skip

    async def _whoami(self, _arguments: NoArguments) -> tuple[WhoamiResult, str]:
        settings = self._settings
        result = WhoamiResult(
            name=settings.agent,
            role=settings.role,
            operator_pronouns=settings.operator_pronouns,
            revision=settings.revision,
            state_dir=str(settings.state_dir),
        )
        text = (
            f"You are {result.name} ({result.role}), revision {result.revision}, working in {result.state_dir}. "
            f"The operator: {result.operator_pronouns}."
        )
        return result, text
