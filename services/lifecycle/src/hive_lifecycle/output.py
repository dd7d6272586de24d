"""What actions print: kept line by line with the action and told in batches while it is under way.

Decides limits, numbering and how long it is kept. What is printed is the steps' and their programs' matter.
"""

import asyncio
import contextlib
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from hive_kit.database import Database, raw
from hive_kit.outbox import emit
from hive_wire.broker import PAGE_BYTES
from hive_wire.builds import PRINTED, OutputLine, OutputPage, OutputRequest, Printed
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection

from hive_lifecycle import actions, clock
from hive_lifecycle.actions import Action

log = structlog.get_logger()

MAX_LINES = 20_000
MAX_BYTES = 8 << 20
MAX_LINE_CHARS = 2000
KEPT_ACTIONS = 20
LEFT_OUT = "… what follows is left out: an action's output is kept up to 20,000 lines or 8 MB"
_BATCH_LINES = 100
_BATCH_SECONDS = 0.2
_BATCH_BYTES = 512 << 10
_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Line:
    """One line. `ours`: a step says it, not a program; those are never left out."""

    at: int
    text: str
    ours: bool = False


def line(text: str, *, ours: bool = False) -> Line:
    """A line as it is kept: without control characters, cut where it is too long."""
    text = _CONTROLS.sub("", _ESCAPES.sub("", text[: 4 * MAX_LINE_CHARS])).rstrip()
    if len(text) > MAX_LINE_CHARS:
        text = text[: MAX_LINE_CHARS - 1] + "…"
    return Line(clock.now(), text, ours)


@dataclass
class Output:
    """What one action prints. Called with a program's line, from any thread."""

    action: Action
    database: Database
    _waiting: list[Line] = field(default_factory=list[Line])
    _size: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _some: asyncio.Event = field(default_factory=asyncio.Event)
    _many: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    _task: asyncio.Task[None] | None = None
    _ending: bool = False

    def __call__(self, text: str) -> None:
        self._add(line(text))

    def say(self, text: str) -> None:
        """A line of our own."""
        self._add(line(text, ours=True))

    @property
    def waiting(self) -> list[Line]:
        """What is not stored yet."""
        return self._waiting[:]

    def begin(self) -> None:
        """Store what comes, a batch at a time, until `finish`."""
        self._task = self._task or asyncio.create_task(self._store_for_ever(), name=f"output {self.action.id}")

    async def finish(self) -> None:
        """Store what there is. From here on nothing is stored by itself: `waiting` has what did not fit, and what
        is said later, for the transaction that ends the action."""
        self._ending = True
        self._some.set()
        self._many.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        while self._waiting and await self._store_batch():
            pass

    def _add(self, added: Line) -> None:
        with self._guard:
            if not added.ours and self._size > MAX_BYTES:
                return
            self._waiting.append(added)
            self._size += len(added.text)
        self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._some.set()
        if len(self._waiting) >= _BATCH_LINES:
            self._many.set()

    async def _store_for_ever(self) -> None:
        while not self._ending:
            await self._some.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BATCH_SECONDS):
                    await self._many.wait()
            if not await self._store_batch():
                await asyncio.sleep(1.0)

    async def _store_batch(self) -> bool:
        """One transaction; whether it went well. What it stored counts as stored even when we are cancelled."""
        batch = _first(self._waiting)
        try:
            if batch:
                await self.database.write(lambda c: store(c, self.action, batch), lambda _: self._drop(len(batch)))
        except Refusal as refusal:
            log.warning("output_waits", action=self.action.id, code=refusal.code)
            return False
        return True

    def _drop(self, count: int) -> None:
        with self._guard:
            self._size -= sum(len(dropped.text) for dropped in self._waiting[:count])
            del self._waiting[:count]
            if not self._waiting:
                self._some.clear()
            if len(self._waiting) < _BATCH_LINES and not self._ending:
                self._many.clear()


@dataclass
class Outputs:
    """The outputs of the actions under way."""

    database: Database
    _open: dict[int, Output] = field(default_factory=dict[int, Output])

    def of(self, action: Action) -> Output:
        """Where that action prints."""
        return self._open.setdefault(action.id, Output(action, self.database))

    def forget(self, action: Action) -> None:
        """It has ended."""
        self._open.pop(action.id, None)

    async def finish(self) -> None:
        """At the service's end: store what there is."""
        await asyncio.gather(*(output.finish() for output in self._open.values()))


def store(connection: Connection, action: Action, lines: Sequence[Line]) -> None:
    """Number the lines, keep them as far as the limits go, and tell."""
    if not lines:
        return
    last, size = connection.exec_driver_sql("SELECT lines, printed_bytes FROM actions WHERE id = ?", (action.id,)).one()
    kept, size = _within_limits(lines, int(last), int(size))
    if not kept:
        return
    numbered = [OutputLine(n=n, at=clock.moment(one.at), text=one.text) for n, one in enumerate(kept, last + 1)]
    raw(connection).executemany(
        "INSERT INTO output_lines (action, n, at, text) VALUES (?, ?, ?, ?)",
        [(action.id, shown.n, one.at, one.text) for shown, one in zip(numbered, kept, strict=True)],
    )
    connection.exec_driver_sql(
        "UPDATE actions SET lines = ?, printed_bytes = ? WHERE id = ?", (numbered[-1].n, size, action.id)
    )
    emit(connection, PRINTED, Printed(action=action.id, agent=action.agent, lines=numbered))


def prune(connection: Connection, agent: str, keep: int = KEPT_ACTIONS) -> None:
    """Forget what all but the agent's last actions printed."""
    before = connection.exec_driver_sql(
        "SELECT id FROM actions WHERE agent = ? ORDER BY id DESC LIMIT 1 OFFSET ?", (agent, keep)
    ).scalar()
    if before is None:
        return
    old = "SELECT id FROM actions WHERE agent = ? AND id <= ? AND lines > 0"
    connection.exec_driver_sql(f"DELETE FROM output_lines WHERE action IN ({old})", (agent, before))
    connection.exec_driver_sql(
        "UPDATE actions SET lines = 0 WHERE agent = ? AND id <= ? AND lines > 0", (agent, before)
    )


def page(connection: Connection, request: OutputRequest) -> OutputPage:
    """The lines behind `after`, as many as a reply can hold. Refuses `unknown_action`, also when what the action
    printed is no longer kept."""
    row = connection.exec_driver_sql("SELECT * FROM actions WHERE id = ?", (request.action,)).one_or_none()
    if row is None or (row.lines == 0 and row.ended_at is not None):
        what = (
            f"there is no action {request.action}" if row is None else f"what action {request.action} printed is gone"
        )
        text = f"{what}; output is kept of each agent's last {KEPT_ACTIONS} actions"
        raise Refusal(ErrorCode.UNKNOWN_ACTION, text, action=request.action)
    rows = connection.exec_driver_sql(
        "SELECT n, at, text FROM output_lines WHERE action = ? AND n > ? ORDER BY n LIMIT ?",
        (request.action, request.after, request.limit),
    )
    lines: list[OutputLine] = []
    size = 0
    for found in rows:
        one = OutputLine(n=found.n, at=clock.moment(found.at), text=found.text)
        size += len(one.model_dump_json().encode())
        if size > PAGE_BYTES // 2:  # the rest of a reply's limit is for those who pass it on
            break
        lines.append(one)
    shown = actions.view(row)
    return OutputPage(action=shown, lines=lines, more=bool(lines) and lines[-1].n < shown.lines)


def _first(waiting: list[Line]) -> list[Line]:
    batch: list[Line] = []
    size = 0
    for one in waiting[:_BATCH_LINES]:
        size += len(one.text.encode())
        if size > _BATCH_BYTES and batch:
            break
        batch.append(one)
    return batch


def _within_limits(lines: Sequence[Line], last: int, size: int) -> tuple[list[Line], int]:
    """The lines that are kept; programs' lines end with a word about the rest. The size so far: at its limit, no more
    of them are taken."""
    kept: list[Line] = []
    for one in lines:
        if one.ours:
            kept.append(one)
            continue
        if size >= MAX_BYTES:
            continue
        size += len(one.text.encode()) + 1
        if size >= MAX_BYTES or last + len(kept) >= MAX_LINES:
            size = MAX_BYTES
            kept.append(Line(one.at, LEFT_OUT))
        else:
            kept.append(one)
    return kept, size
