"""The role files that an agent's system prompt ends with, and their substitutions."""

from importlib import resources

from hive_harness.settings import Settings


def role_text(settings: Settings) -> str:
    """The agent's role file with its name, folders and so on put in, then what its configuration adds."""
    text = resources.files("hive_harness.prompts").joinpath(f"{settings.role}.md").read_text()
    substitutions = {
        "name": settings.agent,
        "pronouns": settings.operator_pronouns,
        "revision": settings.revision,
        "state": str(settings.state_dir),
        "agents": str(settings.agents_dir),
        "proposed": str(settings.proposed_dir),
        "applied": str(settings.applied_dir),
    }
    for key, value in substitutions.items():
        text = text.replace("{" + key + "}", value)
    return f"{text}\n{settings.prompt_append}\n" if settings.prompt_append else text
