"""Reading and following what agents' containers printed."""

import asyncio
from pathlib import Path

import pytest
from hive_kit.testing import eventually
from hive_lifecycle.journals import PAGE_BYTES, Journals
from hive_lifecycle.runtimes import LocalRuntime, LogPage
from hive_wire import lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import LogsReply, LogsRequest
from hive_wire.model import Wire


class CountingRuntime(LocalRuntime):
    """Counts how often a log is read."""

    reads = 0

    async def logs(self, *values: object, **named: object) -> LogPage:
        self.reads += 1
        return await super().logs(*values, **named)  # pyright: ignore[reportArgumentType]  # passed on as they are


@pytest.fixture
def runtime(tmp_path: Path) -> CountingRuntime:
    return CountingRuntime(tmp_path, None)


@pytest.fixture
def journals(runtime: CountingRuntime) -> Journals:
    return Journals(runtime)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The log of the agent `coder`."""
    (tmp_path / "coder").mkdir()
    (tmp_path / "coder" / "log").write_text("one\ntwo\n")
    return tmp_path / "coder" / "log"


def put(log: Path, text: str) -> None:
    with log.open("a") as stream:
        stream.write(text)


async def read(journals: Journals, **request: object) -> LogsReply:
    return await journals.page(LogsRequest.model_validate({"name": "coder", **request}))


def look_outs() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "look-out coder"]


async def test_the_last_lines_and_then_what_comes_behind_them(journals, log):
    first = await read(journals, lines=1)
    assert (first.lines, first.cut) == (["two"], False)
    put(log, "three\nfour\nfive\n")
    second = await read(journals, after=first.cursor, lines=2)
    assert second.lines == ["three", "four"]
    third = await read(journals, after=second.cursor, wait_seconds=20)
    assert third.lines == ["five"]
    assert (await read(journals, after=third.cursor)).lines == []


@pytest.mark.spec("WAT-4", door="wire")
async def test_many_wait_with_one_look_out_and_all_are_told(journals, runtime, log):
    cursor = (await read(journals)).cursor
    waiting = [asyncio.create_task(read(journals, after=cursor, wait_seconds=20)) for _ in range(50)]
    await eventually(lambda: _of(look_outs()))
    before = runtime.reads
    await eventually(lambda: _of(runtime.reads - before), lambda reads: reads >= 2)
    assert len(look_outs()) == 1
    assert runtime.reads - before < 10
    put(log, "three\n")
    assert {tuple(reply.lines) for reply in await asyncio.gather(*waiting)} == {("three",)}
    assert look_outs() == []


async def test_nobody_looks_any_more_when_those_who_waited_have_gone(journals, log):
    cursor = (await read(journals)).cursor
    waiting = [asyncio.create_task(read(journals, after=cursor, wait_seconds=20)) for _ in range(2)]
    await eventually(lambda: _of(look_outs()))
    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    assert len(look_outs()) == 1
    put(log, "three\n")
    assert (await waiting[1]).lines == ["three"]
    last = asyncio.create_task(read(journals, after=cursor + "x", wait_seconds=20))
    await last
    short = await read(journals, after=(await read(journals)).cursor, wait_seconds=0.01)
    assert short.lines == []
    await eventually(lambda: _of(look_outs()), lambda found: not found)


async def test_a_page_holds_no_more_than_a_reply_can(journals, log):
    wide = "\x01" * 60_000  # six bytes each in JSON
    put(log, "".join(f"{number:02}{wide}\n" for number in range(30)))
    last = await read(journals, lines=5000)
    assert last.cut
    assert last.lines[-1].startswith("29")
    assert len(last.model_dump_json()) < PAGE_BYTES + 1000
    numbers, cursor = list[int](), "0-0-0"
    while True:
        page = await read(journals, after=cursor, lines=5000)
        assert len(page.model_dump_json()) < PAGE_BYTES + 1000
        if not page.lines:
            break
        numbers += [int(line[:2]) for line in page.lines if line[0].isdigit()]
        cursor = page.cursor
    assert numbers == list(range(30))


async def test_an_agent_that_never_had_a_container_has_printed_nothing(journals):
    assert (await read(journals)).lines == []


@pytest.mark.spec("WAT-4", door="wire")
async def test_logs_of_running_stopped_and_crashed_agents_are_read_and_followed(hive):
    await hive.start()
    await hive.spawned("coder")
    log = hive.state / "runtime" / "coder" / "log"
    put(log, "hello\n")
    first = await logs(hive, "coder", lines=1)
    assert first.lines == ["hello"]
    followers = [asyncio.create_task(logs(hive, "coder", after=first.cursor, wait_seconds=15)) for _ in range(3)]
    other = await logs(hive, "coder", unit="machine", lines=1)
    assert other.lines == ["hello"]
    put(log, "again\n")
    assert [reply.lines for reply in await asyncio.gather(*followers)] == [["again"]] * 3
    await hive.done(await hive.do(lifecycle.STOP, "coder"))
    assert "hello" in (await logs(hive, "coder")).lines
    (hive.work("coder") / "broken").touch()
    assert not (await hive.ended(await hive.do(lifecycle.START, "coder"))).ok
    assert "this harness is broken" in (await logs(hive, "coder")).lines
    assert await refusal(hive, name="nobody") is ErrorCode.UNKNOWN_AGENT
    assert await refusal(hive, name="coder", unit="kernel") is ErrorCode.BAD_REQUEST
    assert await refusal(hive, name="coder", lines=5001) is ErrorCode.BAD_REQUEST
    assert await refusal(hive, name="coder", wait_seconds=60) is ErrorCode.BAD_REQUEST
    waiting = asyncio.create_task(logs(hive, "coder", after=(await logs(hive, "coder")).cursor, wait_seconds=20))
    await hive.terminate()
    [told] = await asyncio.gather(waiting, return_exceptions=True)
    assert isinstance(told, Refusal)
    assert told.code is ErrorCode.UNAVAILABLE


async def logs(hive, name: str, **request: object) -> LogsReply:
    asked = LogsRequest.model_validate({"name": name, **request})
    return await hive.operator.call(lifecycle.LOGS, asked)


class Anything(Wire):
    """A request that no client of ours would make."""

    name: str
    unit: str = "harness"
    lines: int = 1
    wait_seconds: float = 0


async def refusal(hive, **request: object) -> ErrorCode | None:
    try:
        await hive.operator.call(lifecycle.LOGS, Anything.model_validate(request))
    except Refusal as refused:
        return refused.code
    return None


async def _of(value):
    return value
