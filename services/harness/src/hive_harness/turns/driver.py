"""Carries out one turn with the runtime: wakes it, repeats what is worth repeating, and says how it ended.

Knows nothing of mail: what an outcome means for it is the loop's to decide.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from hive_wire.live import AgentState

from hive_harness.live import Live
from hive_harness.outcome import Outcome, Raw, Result, decide, is_auth_failure
from hive_harness.runtime import AgentRuntime, RuntimeDiedError, SessionGoneError
from hive_harness.session import Kept
from hive_harness.status import Status
from hive_harness.turns.turn import Turn

log = structlog.get_logger()

LONGEST_DELAY = 300.0
_INTERRUPT_GRACE = 15.0
_TELLING = frozenset({"rate_limit_event"})
_TELLING_SYSTEM = frozenset({"api_retry", "model_refusal_no_fallback"})


class Driver:
    """Runs turns on one runtime, one after the other. `prepare` is awaited before each prompt."""

    def __init__(
        self,
        runtime: AgentRuntime,
        kept: Kept,
        status: Status,
        live: Live,
        prepare: Callable[[], Awaitable[None]],
        outage_delay: float,
        model: str | None,
    ) -> None:
        self._runtime, self._kept, self._status, self._live = runtime, kept, status, live
        self._prepare, self._outage_delay, self._default_model = prepare, outage_delay, model
        self._cancelled = False
        self._resume_now = asyncio.Event()
        self._guard: asyncio.Task[None] | None = None

    async def carry_out(self, turn: Turn, prompt: str) -> Outcome:
        """Run `turn` to its end, through compaction, a new session, outages and limits where they are needed."""
        self._cancelled = False
        compacted = renewed = False
        delay = self._outage_delay
        while True:
            outcome = await self._once(turn, prompt)
            if outcome.ok or self._cancelled:
                return outcome if outcome.ok else Outcome(Result.CANCELLED, "cancelled by the operator")
            if outcome.result is Result.PROMPT_TOO_LONG and not (compacted and renewed):
                renewed = compacted or not await self.compact()
                compacted = True
                if renewed:
                    await self._renew()
            elif outcome.result in (Result.API_OUTAGE, Result.PROVIDER_LIMIT):
                soonest = datetime.now(UTC) + timedelta(seconds=delay)
                until = max(outcome.resets_at or soonest, soonest)
                delay = min(delay * 2, LONGEST_DELAY)
                await self.park(_parked_because(outcome, until), until)
            else:
                return outcome
            if self._cancelled:
                return Outcome(Result.CANCELLED, "cancelled by the operator")

    async def cancel(self) -> None:
        """End the turn that runs, or stop waiting for the API; the outcome is then `cancelled` (or good already)."""
        self._cancelled = True
        self._resume_now.set()
        await self._runtime.interrupt()
        self._guard = asyncio.create_task(self._kill_later(), name="cancel-guard")

    def resume_now(self) -> None:
        """Stop waiting and try again at once."""
        self._resume_now.set()

    async def park(self, reason: str, until: datetime) -> None:
        """Wait until then, or until told to go on, in the state `parked`."""
        self._status.enter(AgentState.PARKED, reason, activity=None)
        self._live.error(reason, "parked", self._status.now.turn)
        self._resume_now.clear()
        if self._cancelled:
            return
        try:
            await asyncio.wait_for(self._resume_now.wait(), max(0.0, (until - datetime.now(UTC)).total_seconds()))
        except TimeoutError:
            pass

    async def compact(self) -> bool:
        """Compact the session; returns whether it was done."""
        self._status.enter(AgentState.COMPACTING, activity=None)
        done = False
        try:
            await self._wake()
            await self._runtime.quiet()
            async for event in self._runtime.compact():
                done = done or event.get("compact_result") == "success"
        except RuntimeDiedError as error:
            self._live.error(f"compaction failed: {error}", "compaction", self._status.now.turn)
            await self._runtime.kill()
        finally:
            self.cancelled_turn_ended()
        return done

    async def _once(self, turn: Turn, prompt: str) -> Outcome:
        """One try. A process that dies is cleaned up; its session is resumed at the next start."""
        heard: list[Raw] = []
        refused = False
        outcome = Outcome(Result.FAILED, "Claude Code gave no result")
        try:
            await self._wake()
        except RuntimeDiedError as error:
            return Outcome(Result.KILLED, str(error))
        if self._cancelled:
            return Outcome(Result.CANCELLED, "cancelled by the operator")
        self._status.enter(AgentState.THINKING, turn=turn.id)
        try:
            async for event in self._runtime.send(prompt, str(uuid.uuid4())):
                if _tells(event):
                    heard.append(event)
                if not refused and is_auth_failure(event):
                    refused = True
                    await self._runtime.interrupt()
                if event.get("type") == "result":
                    outcome = decide(event, heard)
        except RuntimeDiedError as error:
            await self._runtime.kill()
            self._status.update(awake=False)
            return _died(error)
        finally:
            self.cancelled_turn_ended()
        return outcome

    async def _wake(self) -> None:
        """Have a process up, with the session resumed and the model that was chosen."""
        model = self._kept.model or self._default_model
        await self._prepare()
        if self._runtime.awake:
            if model:
                await self._runtime.set_model(model)
            return
        if model:
            await self._runtime.set_model(model)
        try:
            await self._runtime.start(self._kept.session)
        except SessionGoneError:
            self._live.note("The session is gone; a new one begins.", "warning", self._status.now.turn)
            self._kept.keep_session(None)
            await self._runtime.start(None)
        self._status.update(awake=True)

    async def _renew(self) -> None:
        self._live.note("Compacting did not help; a new session begins.", "warning", self._status.now.turn)
        await self._runtime.hibernate()
        self._kept.keep_session(None)

    async def _kill_later(self) -> None:
        await asyncio.sleep(_INTERRUPT_GRACE)
        log.warning("interrupt_ignored")
        await self._runtime.kill()

    def cancelled_turn_ended(self) -> None:
        """The turn has ended as it was asked to; nothing needs to be killed."""
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None


def _tells(event: Raw) -> bool:
    """Whether the outcome may depend on this event."""
    return (
        event.get("type") in _TELLING
        or (event.get("type") == "system" and event.get("subtype") in _TELLING_SYSTEM)
        or is_auth_failure(event)
    )


def _died(error: RuntimeDiedError) -> Outcome:
    """A process ended by a signal was killed; one that ended by itself has failed at what it was given."""
    if error.code is not None and error.code >= 0:
        return Outcome(Result.FAILED, str(error))
    return Outcome(Result.KILLED, str(error))


def _parked_because(outcome: Outcome, until: datetime) -> str:
    what = "The provider's usage limit is reached" if outcome.resets_at else "The model's API fails"
    return f"{what} ({outcome.reason}). Next try at {until:%Y-%m-%d %H:%M:%S} UTC."
