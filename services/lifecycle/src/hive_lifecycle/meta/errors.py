"""Why the swarm's flake could not be changed; a code and a sentence as the wire has them."""

from hive_wire.errors import ErrorCode, Refusal


class MetaError(Refusal):
    """Nothing was changed: `unknown_input`, `broken_lock` or `no_repo`."""


def broken_lock(text: str) -> MetaError:
    """The lock can't be read, or can't be changed to what was asked for."""
    return MetaError(ErrorCode.BROKEN_LOCK, text)


def no_repo(agent: str, text: str) -> MetaError:
    """The agent's applied repository is missing or damaged."""
    return MetaError(ErrorCode.NO_REPO, text, agent=agent)


def unknown_input(name: str, known: list[str]) -> MetaError:
    """The flake has no such input."""
    text = f"the swarm's flake has no input {name!r}; it has {', '.join(known) or 'none'}"
    return MetaError(ErrorCode.UNKNOWN_INPUT, text, known=known)
