"""Reminders: mail to oneself, later."""

from hive_wire import broker
from hive_wire.broker import Reminder
from pydantic import AwareDatetime, Field

from hive_harness.mcp.tools.tool import Arguments, Calls, Tool


class RemindArguments(Arguments):
    """A reminder to set: with `in_seconds` or with `at`."""

    message: str = Field(min_length=1, max_length=262_144)
    """What it will say, with all that you need to know then."""
    in_seconds: float | None = Field(default=None, ge=0, le=10 * 365 * 86_400)
    """After so long; not together with `at`."""
    at: AwareDatetime | None = None
    """At this moment, ISO 8601 with its offset, such as `2031-05-01T09:00:00Z`; not together with `in_seconds`."""
    file_path: str | None = Field(default=None, min_length=1, max_length=1000)
    """For long texts: the text is written to this file in your folder then, and the mail only points to it."""


class ReminderTools:
    """The same for every agent."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(self) -> list[Tool]:
        """Every agent's."""
        return [
            Tool(
                "remind", "Remind yourself later",
                "Set a reminder: its message comes to your own inbox at its time and wakes you, also after restarts. "
                "Use it instead of sleeping or polling whenever something is to be done or looked at later, then end "
                "your turn. Returns the reminder's number at once; `get_loose_ends` lists those that are open, "
                "`cancel_loose_end` with kind `reminder` cancels one.",
                RemindArguments, Reminder, self._remind,
            )
        ]  # fmt: skip

    async def _remind(self, arguments: RemindArguments) -> tuple[Reminder, str]:
        reminder = await self._calls.keyed(broker.REMIND, arguments)
        return reminder, f"Reminder #{reminder.id} is set for {reminder.due:%Y-%m-%d %H:%M:%S} UTC."
