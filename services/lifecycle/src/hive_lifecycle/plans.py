"""Which steps an action is made of, in order, and which ones undo it when it fails."""

from dataclasses import dataclass, field

from hive_lifecycle.actions import Action, Kind
from hive_lifecycle.steps import Step, Steps

RESUMED_AT = {"health": "start", "rollback_health": "rollback_start"}
"""Steps that are resumed from an earlier one: what was up when the service was cut off may have been stopped, too."""


@dataclass(frozen=True)
class Plan:
    """Steps by name. Without `back` a failed action leaves things as they are."""

    forward: dict[str, Step]
    back: dict[str, Step] = field(default_factory=dict[str, Step])


def plan_of(steps: Steps, action: Action) -> Plan:
    """The steps of an action."""
    if action.kind is Kind.SPAWN and action.approval is not None:
        return _approved_spawn(steps)
    if action.kind in {Kind.DEPLOY, Kind.UPDATE}:
        return _rebuild(steps, undo=action.kind is Kind.DEPLOY)
    make: dict[str, Step] = {
        "inbox": steps.open_inbox,
        "repos": steps.seed_repos,
        "folders": steps.make_folders,
        "credentials": steps.make_credentials,
        "container": steps.make_container,
        "start": steps.start,
    }
    unmake: dict[str, Step] = {
        "container": steps.destroy_container,
        "credentials": steps.revoke_credentials,
        "inbox": steps.close_inbox,
        "repos": steps.remove_repos,
        "folders": steps.remove_folders,
    }
    plans: dict[Kind, dict[str, Step]] = {
        Kind.SPAWN: make,
        Kind.START: make,
        Kind.STOP: {"stop": steps.stop},
        Kind.KILL: {"kill": steps.kill},
        Kind.RESTART: {"stop": steps.stop, **make},
        Kind.DESTROY: unmake,
    }
    return Plan(plans[action.kind])


def _rebuild(steps: Steps, *, undo: bool) -> Plan:
    """The way back is the way there, with what was deployed before."""
    forward: dict[str, Step] = {
        "settle": steps.settle,
        "configure": steps.configure,
        "start": steps.start_if_wanted,
        "health": steps.check_health,
    }
    back = {"settle": steps.stop, **{name: step for name, step in forward.items() if name != "settle"}}
    return Plan(forward, {f"rollback_{name}": step for name, step in back.items()} if undo else {})


def _approved_spawn(steps: Steps) -> Plan:
    """Approvals has the repositories already. The state folder is kept on the way back."""
    return Plan(
        {"configure": steps.configure, "start": steps.start, "health": steps.check_health},
        {
            "rollback_container": steps.destroy_container,
            "rollback_credentials": steps.revoke_credentials,
            "rollback_inbox": steps.close_inbox,
            "rollback_folders": steps.remove_folders,
        },
    )
