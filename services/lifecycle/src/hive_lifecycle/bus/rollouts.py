"""The door of the swarm's flake, and of what is rebuilt when it changes."""

from dataclasses import dataclass

from hive_kit.bus import Caller, Service
from hive_wire import rollouts as wire
from hive_wire.model import Empty

from hive_lifecycle.rollouts.rolling_out import RollingOut


@dataclass(frozen=True)
class RolloutsDoor:
    """Answers the verbs about inputs and rollouts."""

    rolling_out: RollingOut

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.INPUTS, self.inputs)
        service.add(wire.UPDATE_INPUTS, self.update_inputs)
        service.add(wire.UPDATE_ALL, self.update_all)

    async def inputs(self, _caller: Caller, _request: Empty) -> wire.MetaInputs:
        return await self.rolling_out.inputs()

    async def update_inputs(self, caller: Caller, request: wire.InputsUpdate) -> wire.Rollout:
        return await self.rolling_out.update_inputs(request.names, caller.principal)

    async def update_all(self, caller: Caller, _request: Empty) -> wire.Rollout:
        return await self.rolling_out.update_all(caller.principal)
