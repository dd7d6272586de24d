"""When an idle Claude Code process is ended: after a while without work, after many turns, or with a wrong login."""

import time

from hive_harness.runtime import AgentRuntime
from hive_harness.status import Status

_BUSY_LOOK_SECONDS = 5.0


class Rest:
    """Counts idle time and turns of one runtime. The session is always kept."""

    def __init__(self, runtime: AgentRuntime, status: Status, idle_seconds: float, turns: int) -> None:
        self._runtime, self._status = runtime, status
        self._idle_seconds, self._turns = idle_seconds, turns
        self._idle_since = time.monotonic()
        self._turns_awake = 0

    @property
    def worn(self) -> bool:
        """Whether the process has had as many turns as it is to have."""
        return self._turns_awake >= self._turns

    def turn_ended(self) -> None:
        """A turn ended just now."""
        self._turns_awake += 1
        self.worked()

    def worked(self) -> None:
        """Something other than a turn ended just now."""
        self._idle_since = time.monotonic()

    def seconds_left(self) -> float | None:
        """How long until there is something to do here; None while asleep."""
        if not self._runtime.awake:
            return None
        if self._runtime.busy:
            return _BUSY_LOOK_SECONDS
        return max(0.0, self._idle_since + self._idle_seconds - time.monotonic())

    async def look(self) -> None:
        """Hibernate if it is time to."""
        if self._runtime.busy:
            self.worked()
        elif self.seconds_left() == 0:
            await self.hibernate()

    async def hibernate(self) -> None:
        """End the process."""
        self._turns_awake = 0
        if self._runtime.awake:
            await self._runtime.hibernate()
        self._status.update(awake=False)
