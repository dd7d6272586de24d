"""An action to its end with what it prints, line by line and without a gap: events only say when to look."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from hive_kit.bus import Bus
from hive_wire import builds
from hive_wire.builds import ActionView, OutputLine, OutputRequest
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Wire

from hive_cli.problems import Problem
from hive_cli.session import go_on_asking

LOOK_SECONDS = 2.0
PAGE_LINES = 1000


class Build(Wire):
    """An action with all that it printed."""

    action: ActionView
    lines: list[OutputLine]

    def check(self) -> None:
        """Raises Problem when it failed."""
        if self.action.error is not None and self.action.ended_at is not None:
            text = f"{self.action.kind} of {self.action.agent}: {self.action.error}"
            raise Problem(text, "action_failed", details=self.action.model_dump(mode="json"))


@dataclass
class Alarm:
    """Set whenever something happened that may concern an action or a rollout."""

    _event: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, bus: Bus, *subjects: str) -> None:
        for subject in subjects:
            await bus.subscribe(subject, lambda _subject, _payload: self._event.set())

    async def wait(self, seconds: float = LOOK_SECONDS) -> None:
        """Until it was set since the last time, or so long."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        self._event.clear()


async def read(bus: Bus, action: int, show: Callable[[OutputLine], None], after: int = 0) -> Build:
    """What it printed so far, behind line `after`."""
    lines: list[OutputLine] = []
    while True:
        asked = OutputRequest(action=action, after=after, limit=PAGE_LINES)
        page = await go_on_asking(bus, builds.OUTPUT, asked)
        for line in page.lines:
            show(line)
            after = line.n
        lines += page.lines
        if not page.more or not page.lines:
            return Build(action=page.action, lines=lines)


async def follow(bus: Bus, action: int, show: Callable[[OutputLine], None]) -> Build:
    """The same, going on until the action has ended."""
    alarm = Alarm()
    await alarm.hear(bus, "hive.evt.lifecycle.action.printed", "hive.evt.lifecycle.agent.*")
    lines: list[OutputLine] = []
    while True:
        part = await read(bus, action, show, lines[-1].n if lines else 0)
        lines += part.lines
        if part.action.ended_at is not None:
            return Build(action=part.action, lines=lines)
        await alarm.wait()


async def watch(bus: Bus, action: int, show: Callable[[str], None], seconds: float) -> Build:
    """The same within so many seconds. Refuses with `timeout` after that."""
    try:
        async with asyncio.timeout(seconds):
            return await follow(bus, action, lambda line: show(line.text))
    except TimeoutError:
        text = f"action {action} has not ended within {seconds:g} s; `hive builds show {action} --follow` goes on"
        raise Refusal(ErrorCode.TIMEOUT, text, action=action) from None
