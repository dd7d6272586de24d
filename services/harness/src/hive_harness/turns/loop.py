"""The loop itself: wait for mail, run a turn, settle its messages; and what the operator may ask of it meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from hive_wire.broker import Cause, RecvReply
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.live import AgentState, LiveKind

from hive_harness.live import Live
from hive_harness.login import HOW, Login
from hive_harness.mail import Mail, Receiving, ReplacedError, ids_of
from hive_harness.outcome import Outcome, Raw, Result, decide
from hive_harness.rendering import render
from hive_harness.runtime import AgentRuntime
from hive_harness.session import Kept
from hive_harness.settings import Settings
from hive_harness.status import Status
from hive_harness.turns.driver import Driver
from hive_harness.turns.hearing import Hearing
from hive_harness.turns.rest import Rest
from hive_harness.turns.turn import Turn

log = structlog.get_logger()

_LOGIN_LOOK_SECONDS = 3.0
_FAILURES_OF_A_BROKEN_SESSION = 3
"""Fewer than make a message dead (MSG-16), so that a broken conversation costs no message."""
_CAUSES = {
    Result.NEEDS_LOGIN: Cause.LOGIN,
    Result.KILLED: Cause.KILLED,
    Result.CANCELLED: Cause.CANCELLED,
}


class TurnLoop:
    """Runs until cancelled, or until a newer harness takes over (`ReplacedError`)."""

    def __init__(
        self,
        settings: Settings,
        mail: Mail,
        runtime: AgentRuntime,
        driver: Driver,
        hearing: Hearing,
        login: Login,
        kept: Kept,
        status: Status,
        live: Live,
    ) -> None:
        self._settings, self._mail, self._runtime, self._driver = settings, mail, runtime, driver
        self._hearing, self._login, self._kept, self._status, self._live = hearing, login, kept, status, live
        self._poked = asyncio.Event()
        self._receiving: asyncio.Task[RecvReply] | None = None
        self._settling: set[asyncio.Task[None]] = set()
        self._number = 0
        self._turn_id = ""
        self._deaths = 0
        self._failures = 0
        self._rest = Rest(runtime, status, settings.idle_hibernate_seconds, settings.turns_before_recycle)
        self._held: list[Turn] = []
        self._compaction_asked = False
        self._new_session_asked = False
        hearing.on_own_turn = self._own_turn_ended

    @property
    def turn(self) -> Turn | None:
        """The turn that runs; mail that Claude takes belongs to it."""
        return self._hearing.turn

    async def run(self) -> None:
        """Requeue what was in flight, then turn after turn. Nothing but a newer harness ends it."""
        await self._begin()
        troubles = 0
        while True:
            try:
                await self._step()
                troubles = 0
            except ReplacedError:
                raise
            except Exception as error:  # the loop's edge: whatever it is, it is shown and the loop goes on
                troubles += 1
                log.exception("turn_loop_trouble")
                self._live.error(f"{type(error).__name__}: {error}", "harness")
                await asyncio.sleep(min(0.5 * 2**troubles, 30))

    async def cancel(self) -> None:
        """Interrupt the running turn; its messages stay in flight. Raises Refusal `no_turn`."""
        if self.turn is None and self._status.state is not AgentState.COMPACTING:
            raise Refusal(ErrorCode.NO_TURN, "no turn is running")
        self._status.enter(AgentState.CANCELLING, activity=None)
        await self._driver.cancel()

    async def retry(self) -> None:
        """Put a cancelled turn's messages back in line, or end a wait for the API. Raises Refusal `no_turn`."""
        if self._status.state is AgentState.PARKED and not self._held:
            self._driver.resume_now()
            return
        for turn in self._take_held():
            await self._mail.nack(turn.id, turn.ids, "the operator wants it tried again", Cause.CANCELLED)

    async def dismiss(self) -> None:
        """Ack a cancelled turn's messages. Raises Refusal `no_turn`."""
        for turn in self._take_held():
            await self._mail.ack(turn.id, turn.ids)

    def compact(self) -> None:
        """Compact the session as soon as no turn runs."""
        self._compaction_asked = True
        self._poked.set()

    def new_session(self) -> None:
        """Begin the next turn without the old conversation."""
        self._new_session_asked = True
        self._poked.set()

    def set_model(self, model: str) -> None:
        """Use `model` from the next turn on."""
        if not self._kept.keep_model(model):
            self._live.note("The model choice could not be written; it holds until the next restart.", "warning")
        self._status.update(model=model)

    def check_login(self) -> None:
        """Look at once for a login; one that was refused is tried again."""
        self._login.forgive()
        self._status.update(logged_in=self._login.present)
        self._poked.set()

    async def close(self) -> None:
        """End what runs: the mail of a turn that is cut off stays in flight, and the next start requeues it."""
        if self._receiving is not None:
            self._receiving.cancel()
        if self._status.state in (AgentState.THINKING, AgentState.COMPACTING):
            await self._runtime.interrupt()
        await self._runtime.hibernate()
        await self._runtime.kill()
        self._status.enter(AgentState.OFFLINE, awake=False, turn=None, activity=None)

    async def _begin(self) -> None:
        requeued = await self._mail.begin()
        self._live.epoch = self._mail.epoch
        self._next_turn()
        if requeued:
            self._live.note(f"{requeued} messages that were in flight are back in line.")
        self._status.enter(AgentState.IDLE, logged_in=self._login.present)
        log.info("loop_started", epoch=self._mail.epoch, requeued=requeued)

    async def _step(self) -> None:
        if not self._login.present:
            await self._wait_for_login()
            return
        if self._new_session_asked:
            await self._drop_session()
        if self._compaction_asked:
            await self._compact_now()
        reply = await self._next_mail()
        if reply is not None and reply.messages:
            await self._run_turn(reply)

    async def _next_mail(self) -> RecvReply | None:
        """Mail, or None when there is something else to look at. The request is kept open meanwhile."""
        if self._receiving is None:
            receiving = Receiving(self._turn_id, self._settings.recv_wait_seconds)
            self._receiving = asyncio.create_task(self._mail.receive(receiving), name="recv")
        poked = asyncio.create_task(self._poked.wait())
        await asyncio.wait(
            {self._receiving, poked}, timeout=self._rest.seconds_left(), return_when=asyncio.FIRST_COMPLETED
        )
        poked.cancel()
        self._poked.clear()
        if self._receiving.done():
            task, self._receiving = self._receiving, None
            return task.result()
        await self._rest.look()
        return None

    async def _run_turn(self, reply: RecvReply) -> None:
        turn = Turn(self._turn_id, reply.messages, ids=ids_of(reply.messages))
        self._next_turn()
        await self._runtime.quiet()
        prompt = render(reply.messages, reply.waiting)
        self._hearing.begin(turn, len(prompt))
        try:
            outcome = await self._driver.carry_out(turn, prompt)
        except Exception as error:  # our own fault, or the disk's: the mail is not to blame
            log.exception("turn_failed", turn=turn.id)
            await self._runtime.kill()
            outcome = Outcome(Result.KILLED, f"the harness could not run the turn: {type(error).__name__}: {error}")
        finally:
            self._hearing.turn = None
        await self._settle(turn, outcome)
        await self._after(outcome)

    async def _settle(self, turn: Turn, outcome: Outcome) -> None:
        """Say what became of the turn, here and to the broker."""
        self._say_ended(turn, outcome)
        if outcome.result is Result.NEEDS_LOGIN:
            self._login.refuse()
        if not turn.ids:
            return
        if outcome.ok:
            await self._mail.ack(turn.id, turn.ids)
        elif outcome.result is Result.CANCELLED:
            self._held.append(turn)
            self._status.update(cancelled_turn=turn.id)
        else:
            cause = _CAUSES.get(outcome.result, Cause.HANDLING)
            await self._mail.nack(turn.id, turn.ids, outcome.reason or outcome.result, cause)

    def _say_ended(self, turn: Turn, outcome: Outcome) -> None:
        now = datetime.now(UTC)
        figures = turn.figures
        self._live.say(LiveKind.TURN_ENDED, turn.summary(outcome, now), turn.id)
        self._live.turn_ended(turn.row(self._mail.epoch, outcome, now))
        now_status = self._status.now
        self._status.enter(
            AgentState.IDLE,
            turn=None,
            activity=None,
            turns=now_status.turns + 1,
            last_turn_seconds=turn.seconds(now),
            ctx_tokens=figures.ctx_tokens or now_status.ctx_tokens,
            ctx_limit=figures.ctx_limit or now_status.ctx_limit,
            cost_usd=now_status.cost_usd if figures.session_cost_usd is None else figures.session_cost_usd,
        )
        self._rest.turn_ended()
        log.info("turn_ended", turn=turn.id, outcome=outcome.result, seconds=turn.seconds(now))

    async def _after(self, outcome: Outcome) -> None:
        """Look after the process: end it where it grew or has the wrong login, pause where it keeps dying."""
        if outcome.result is Result.NEEDS_LOGIN or self._rest.worn:
            await self._rest.hibernate()
        self._failures = self._failures + 1 if outcome.result is Result.FAILED else 0
        if self._failures == _FAILURES_OF_A_BROKEN_SESSION:
            self._live.note("Turns fail one after the other, so the conversation may be to blame.", "warning")
            await self._drop_session()
        if outcome.result is not Result.KILLED:
            self._deaths = 0
            return
        self._deaths += 1
        if self._deaths > 1:
            until = datetime.now(UTC) + timedelta(seconds=min(2.0**self._deaths, 60))
            await self._driver.park(f"Claude Code keeps ending: {outcome.reason}", until)
            self._status.enter(AgentState.IDLE)

    def _own_turn_ended(self, turn: Turn, result: Raw | None) -> None:
        self._driver.cancelled_turn_ended()
        outcome = decide(result) if result is not None else Outcome(Result.KILLED, "Claude Code ended")
        task = asyncio.create_task(self._settle(turn, outcome), name="settle-own-turn")
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _wait_for_login(self) -> None:
        """Wait for a login to appear. Mail stays with the broker."""
        await self._rest.hibernate()
        self._status.enter(AgentState.NEEDS_LOGIN, HOW, logged_in=False)
        while not self._login.present:
            self._poked.clear()
            try:
                await asyncio.wait_for(self._poked.wait(), _LOGIN_LOOK_SECONDS)
            except TimeoutError:
                pass
        self._status.enter(AgentState.IDLE, logged_in=True)

    async def _compact_now(self) -> None:
        self._compaction_asked = False
        if self._kept.session is None:
            self._live.note("There is no session to compact.")
            return
        await self._driver.compact()
        self._status.enter(AgentState.IDLE)
        self._rest.worked()

    async def _drop_session(self) -> None:
        self._new_session_asked = False
        await self._rest.hibernate()
        self._kept.keep_session(None)
        self._status.update(session=None, ctx_tokens=None, cost_usd=None)
        self._live.note("The next turn begins a new session.")

    def _next_turn(self) -> None:
        self._number += 1
        self._turn_id = f"{self._mail.epoch}.{self._number}"

    def _take_held(self) -> list[Turn]:
        held, self._held = self._held, []
        if not held:
            raise Refusal(ErrorCode.NO_TURN, "no cancelled turn waits for a decision")
        self._status.update(cancelled_turn=None)
        return held
