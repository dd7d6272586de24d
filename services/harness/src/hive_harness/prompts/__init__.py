"""The role files that an agent's system prompt ends with, and their substitutions."""

from importlib import resources

from hive_harness.settings import Settings


def role_text(settings: Settings) -> str:
    """The text of the agent's role file with its name, the operator's pronouns and the revision put in."""
    text = resources.files("hive_harness.prompts").joinpath(f"{settings.role}.md").read_text()
    substitutions = {
        "name": settings.agent,
        "pronouns": settings.operator_pronouns,
        "revision": settings.revision,
        "state": str(settings.state_dir),
    }
    for key, value in substitutions.items():
        text = text.replace("{" + key + "}", value)
    return text
