"""What the log of the swarm's flake says of a change: who came, went or was deployed, and which inputs moved."""

from collections.abc import Iterable

from hive_lifecycle.meta.flake_text import order

REVISION_LENGTH = 12


def deploy_message(agent: str, commit: str, approval: int | None = None) -> str:
    """An agent's configuration was deployed at that commit."""
    cause = "" if approval is None else f" (approval {approval})"
    return f"deploy agent-{agent}: {commit[:REVISION_LENGTH]}{cause}"


def update_message(names: Iterable[str]) -> str:
    """Those inputs were locked anew."""
    return f"lock update: {', '.join(order(names))}"


def ensured_message(before: Iterable[str], after: Iterable[str], moved: Iterable[str]) -> str:
    """What making the flake fit the list of agents came to; `moved` are inputs that point or are locked elsewhere."""
    old, new = set(before), set(after)
    if not old:
        return f"begin with {', '.join(order(new))}"
    parts = (("add", new - old), ("remove", old - new), ("lock", (set(moved) & old & new)))
    told = [f"{verb} {', '.join(order(names))}" for verb, names in parts if names]
    return "; ".join(told) or "write flake.nix anew"
