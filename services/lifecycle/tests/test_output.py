"""What actions print: numbered, limited, kept for a while, told in batches. A real database, no service."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator

import pytest
from hive_kit.database import Database, migrate
from hive_kit.testing import eventually
from hive_lifecycle import actions, agents, output
from hive_lifecycle.actions import Action, Kind
from hive_lifecycle.output import Output
from hive_wire.broker import PAGE_BYTES
from hive_wire.builds import ActionsRequest, OutputRequest
from hive_wire.errors import ErrorCode, Refusal


@pytest.fixture
async def database(tmp_path) -> AsyncGenerator[Database]:
    migrate(tmp_path / "lifecycle.db", "hive_lifecycle")
    opened = Database(tmp_path / "lifecycle.db")
    await opened.write(lambda c: agents.add(c, "coder", 8100, 1))
    yield opened
    opened.close()


async def begin(database: Database) -> Action:
    return await database.write(lambda c: actions.begin(c, "coder", Kind.REBUILD, "operator", 1))


async def end(database: Database, action: Action) -> None:
    def work(connection) -> None:
        output.prune(connection, "coder")
        actions.end(connection, actions.Ended(action, None, gone=False, now=2), [])

    await database.write(work)


async def texts(database: Database, action: Action, after: int = 0, limit: int = 2000) -> list[str]:
    page = await database.read(lambda c: output.page(c, OutputRequest(action=action.id, after=after, limit=limit)))
    assert [line.n for line in page.lines] == list(range(after + 1, after + 1 + len(page.lines)))
    return [line.text for line in page.lines]


async def told(database: Database) -> list[list[str]]:
    """The batches that were told."""

    def look(connection) -> list[list[str]]:
        subject = "hive.evt.lifecycle.action.printed"
        rows = connection.exec_driver_sql("SELECT payload FROM outbox WHERE subject = ? ORDER BY id", (subject,))
        return [[line["text"] for line in json.loads(payload)["lines"]] for payload in rows.scalars()]

    return await database.read(look)


def printed(*lines: str) -> list[output.Line]:
    return [output.line(text) for text in lines]


async def test_lines_are_kept_and_told_while_the_action_is_under_way(database) -> None:
    action = await begin(database)
    prints = Output(action, database)
    prints.begin()
    prints("first")
    await eventually(lambda: texts(database, action))
    for number in range(250):
        prints(f"line {number}")
    await prints.finish()
    assert await texts(database, action) == ["first", *(f"line {n}" for n in range(250))]
    batches = await told(database)
    assert [text for batch in batches for text in batch] == await texts(database, action)
    assert max(map(len, batches)) == 100
    shown = await database.read(lambda c: actions.page(c, ActionsRequest(agent="coder")))
    assert [(one.id, one.lines, one.ended_at) for one in shown.actions] == [(action.id, 251, None)]


async def test_programs_may_print_from_any_thread(database) -> None:
    action = await begin(database)
    prints = Output(action, database)
    prints.begin()
    threads = [threading.Thread(target=lambda: [prints("x") for _ in range(200)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    await asyncio.to_thread(lambda: [thread.join() for thread in threads])
    await prints.finish()
    assert await texts(database, action) == ["x"] * 600


async def test_numbering_goes_on_where_a_killed_service_was(database) -> None:
    action = await begin(database)
    await database.write(lambda c: output.store(c, action, printed("one", "two")))
    again = Output(action, database)
    again.begin()
    again.say("the service was stopped here")
    await again.finish()
    assert await texts(database, action) == ["one", "two", "the service was stopped here"]


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("\x1b[31merror:\x1b[0m no\x07 such\r", "error: no such"),
        ("\x1b]0;title\x07build\tdone  ", "build\tdone"),
        ("tear\x00 \u2028here \udc80", "tear here"),
        ("x" * 3000, "x" * 1999 + "…"),
        ("\x1b" * 50_000, ""),
        ("ä€😀", "ä€😀"),
    ],
)
def test_what_a_program_prints_becomes_one_harmless_line(raw: str, kept: str) -> None:
    assert output.line(raw).text == kept


async def test_output_beyond_its_limits_is_left_out_with_a_word_and_what_steps_say_is_not(database) -> None:
    action = await begin(database)
    await database.write(lambda c: output.store(c, action, printed(*["x"] * output.MAX_LINES)))
    await database.write(lambda c: output.store(c, action, printed("too much", "and more")))
    await database.write(lambda c: output.store(c, action, [*printed("more"), output.line("settle", ours=True)]))
    assert await texts(database, action, after=output.MAX_LINES - 1) == ["x", output.LEFT_OUT, "settle"]

    large = "€" * 2000
    await end(database, action)
    action = await begin(database)
    for _ in range(15):
        await database.write(lambda c: output.store(c, action, printed(*[large] * 100)))
    shown = await database.read(lambda c: actions.page(c, ActionsRequest(limit=1)))
    assert shown.more
    count = shown.actions[0].lines
    assert count == output.MAX_BYTES // 6001 + 1
    assert await texts(database, action, after=count - 1) == [output.LEFT_OUT]


async def test_a_page_is_no_larger_than_a_reply_and_the_next_goes_on_behind_it(database) -> None:
    action = await begin(database)
    for _ in range(10):
        await database.write(lambda c: output.store(c, action, printed(*["€" * 2000] * 100)))
    seen, after = 0, 0
    while True:
        request = OutputRequest(action=action.id, after=after, limit=2000)
        page = await database.read(lambda c, request=request: output.page(c, request))
        assert len(page.model_dump_json().encode()) < PAGE_BYTES
        assert page.lines[0].n == after + 1
        seen, after = seen + len(page.lines), page.lines[-1].n
        if not page.more:
            break
    assert seen == 1000
    assert await texts(database, action, after=1000) == []


async def test_output_of_an_agents_last_twenty_actions_is_kept(database) -> None:
    made: list[Action] = []
    for _ in range(output.KEPT_ACTIONS + 3):
        action = await begin(database)
        await database.write(lambda c, action=action: output.store(c, action, printed("done")))
        await end(database, action)
        made.append(action)
    kept = [one.lines for one in (await database.read(lambda c: actions.page(c, ActionsRequest(limit=200)))).actions]
    assert kept == [1] * output.KEPT_ACTIONS + [0] * 3
    assert await texts(database, made[3]) == ["done"]
    for gone in (made[2].id, 999):
        with pytest.raises(Refusal) as refused:
            await database.read(lambda c, gone=gone: output.page(c, OutputRequest(action=gone)))
        assert refused.value.code is ErrorCode.UNKNOWN_ACTION


async def test_nothing_but_its_last_action_is_kept_of_who_was_purged(database) -> None:
    made = [await begin(database)]
    await database.write(lambda c: output.store(c, made[0], printed("secrets of the house")))
    await end(database, made[0])
    made.append(await begin(database))
    await database.write(lambda c: output.store(c, made[1], printed("done")))
    await database.write(lambda c: output.prune(c, "coder", keep=1))
    count = await database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM output_lines").scalar())
    assert (count, await texts(database, made[1])) == (1, ["done"])
    await database.write(lambda c: output.prune(c, "coder", keep=0))
    assert await database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM output_lines").scalar()) == 0


async def test_actions_are_paged_the_last_one_first_and_by_agent(database) -> None:
    await database.write(lambda c: agents.add(c, "writer", 8101, 1))
    for _ in range(3):
        await end(database, await begin(database))
    other = await database.write(lambda c: actions.begin(c, "writer", Kind.START, "operator", 1))
    page = await database.read(lambda c: actions.page(c, ActionsRequest(limit=2)))
    assert ([one.agent for one in page.actions], page.more) == (["writer", "coder"], True)
    page = await database.read(lambda c: actions.page(c, ActionsRequest(agent="coder", before=other.id)))
    assert ([one.kind for one in page.actions], page.more) == (["rebuild"] * 3, False)
