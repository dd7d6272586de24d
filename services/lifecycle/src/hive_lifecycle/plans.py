"""Which steps an action is made of, in order, and which ones undo it when it fails."""

from dataclasses import dataclass, field

from hive_lifecycle.actions import Action, Kind
from hive_lifecycle.flake import FINALIZE, FlakeSteps
from hive_lifecycle.removal import Removal
from hive_lifecycle.steps import Step, Steps

RESUMED_AT = {"health": "start", "rollback_health": "rollback_start"}
"""Steps that are resumed from an earlier one: what was up when the service was cut off may have been stopped, too."""
UNTOUCHED = "abort"
"""The only step back of an action that had not touched the agent yet."""
_BEFORE_IT_IS_TOUCHED = {"repos", "prepare", "build"}

Way = dict[str, Step]
"""Steps by name, in order."""


@dataclass(frozen=True)
class Plan:
    """Steps by name. `abort` is taken instead of `back` after a step that had not touched the agent yet; without
    either a failed action leaves things as they are."""

    forward: Way
    back: Way = field(default_factory=dict[str, Step])
    abort: Way = field(default_factory=dict[str, Step])

    def way_back(self, failed: str) -> Way:
        """The steps to take when that one has failed."""
        return self.abort if self.abort and failed in _BEFORE_IT_IS_TOUCHED else self.back

    def resumed_back(self, step: str | None) -> Way:
        """The way back that the step is on."""
        return self.abort if step in self.abort else self.back


@dataclass(frozen=True)
class Plans:
    """The steps of all actions."""

    steps: Steps
    flake: FlakeSteps
    removal: Removal

    def of(self, action: Action) -> Plan:
        """The steps of an action."""
        if action.kind is Kind.SPAWN and action.approval is not None:
            return self._approved_spawn()
        if action.kind in {Kind.DEPLOY, Kind.UPDATE, Kind.REBUILD}:
            return self._rebuild(action.kind)
        steps = self.steps
        leave: Way = {"leave": self.flake.abort}
        plans: dict[Kind, Plan] = {
            Kind.SPAWN: Plan(self._make(), leave),
            Kind.START: Plan(self._make(), leave),
            Kind.STOP: Plan({"stop": steps.stop}),
            Kind.KILL: Plan({"kill": steps.kill}),
            Kind.RESTART: Plan({"stop": steps.stop, **self._make()}, leave),
            Kind.DESTROY: Plan(self._unmake()),
        }
        return plans[action.kind]

    def _make(self) -> Way:
        """What is missing is made; an agent that has everything is only started."""
        steps, flake = self.steps, self.flake
        return {
            "inbox": steps.open_inbox,
            "repos": steps.seed_repos,
            "prepare": flake.prepare_missing,
            "build": flake.build_missing,
            "folders": steps.make_folders,
            "credentials": steps.make_credentials,
            "container": steps.install,
            FINALIZE: flake.finalize,
            "start": steps.start,
        }

    def _unmake(self) -> Way:
        removal = self.removal
        return {
            "container": removal.destroy_container,
            "credentials": removal.revoke_credentials,
            "inbox": removal.close_inbox,
            "flake": self.flake.remove,
            "repos": removal.remove_repos,
            "folders": removal.remove_folders,
        }

    def _rebuild(self, kind: Kind) -> Plan:
        """The way back is the way there, with what was deployed and installed before. Where nothing of that can
        differ there is none."""
        steps, flake = self.steps, self.flake
        switch: Way = {
            "settle": steps.settle,
            "configure": steps.configure,
            "install": steps.install,
            "start": steps.start_if_wanted,
            "health": steps.check_health,
        }
        repos = {
            Kind.DEPLOY: {},
            Kind.UPDATE: {"repos": steps.seed_repos},
            Kind.REBUILD: {"repos": steps.recover_repos},
        }
        forward = {**repos[kind], "prepare": flake.prepare, "build": flake.build, **switch, FINALIZE: flake.finalize}
        abort: Way = {UNTOUCHED: flake.abort}
        if kind is not Kind.DEPLOY and not steps.runtime.capabilities().builds:
            return Plan(forward, {"leave": flake.abort}, abort)
        back = {**switch, "settle": steps.stop_unless_switched, "flake": flake.undo}
        return Plan(forward, {f"rollback_{name}": step for name, step in back.items()}, abort)

    def _approved_spawn(self) -> Plan:
        """Approvals has the repositories already. The state folder is kept on the way back."""
        steps, flake, removal = self.steps, self.flake, self.removal
        return Plan(
            {
                "prepare": flake.prepare,
                "build": flake.build,
                "configure": steps.configure,
                "install": steps.install,
                "start": steps.start,
                "health": steps.check_health,
                FINALIZE: flake.finalize,
            },
            {
                "rollback_container": removal.destroy_container,
                "rollback_credentials": removal.revoke_credentials,
                "rollback_inbox": removal.close_inbox,
                "rollback_flake": flake.remove,
                "rollback_folders": removal.remove_folders,
            },
        )
