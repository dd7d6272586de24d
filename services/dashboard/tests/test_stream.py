"""The numbered stream: nothing twice, nothing missed, and a slow page holds up nobody."""

import pytest
from hive_dashboard.stream import Pages
from hive_wire.live import LiveEvent
from hive_wire.page import LiveRowEvent, TileRemovedEvent


def names(frames: bytes) -> list[str]:
    return [line.split('"name":"')[1][:-2] for line in frames.decode().splitlines() if '"agent_removed"' in line]


def gone(name: str) -> TileRemovedEvent:
    return TileRemovedEvent(name=name)


def row(agent: str, n: int) -> LiveRowEvent:
    return LiveRowEvent.model_validate(
        {
            "event": LiveEvent.model_validate(
                {"agent": agent, "epoch": 1, "n": n, "at": "2026-11-21T00:00:00Z", "kind": "text"}
            )
        }
    )


async def test_a_page_gets_what_came_after_its_position() -> None:
    pages = Pages()
    pages.publish([gone("a"), gone("b")])
    after = pages.position
    pages.publish([gone("c")])
    assert names(await pages.subscribe(after, None, "s").next(1)) == ["c"]
    assert names(await pages.subscribe(f"{pages.boot}:0", None, "s").next(1)) == ["a", "b", "c"]


@pytest.mark.parametrize("after", [None, "", "nonsense", "0000:1", "{boot}:99", "{boot}:-1", "{boot}:x", "{boot}:²"])
async def test_a_position_that_is_not_ours_begins_anew(after: str | None) -> None:
    pages = Pages()
    pages.publish([gone("a")])
    page = pages.subscribe(after and after.replace("{boot}", pages.boot), None, "s")
    assert b"event: reset" in await page.next(1)
    assert page.over


async def test_a_page_that_fell_behind_the_ring_begins_anew() -> None:
    pages = Pages(kept=3)
    slow = pages.subscribe(pages.position, None, "s")
    quick = pages.subscribe(pages.position, None, "s")
    for n in range(10):
        pages.publish([gone(f"a{n}")])
        assert names(await quick.next(1)) == [f"a{n}"]
    assert b"event: reset" in await slow.next(1)
    assert slow.over


async def test_the_ring_is_bounded_in_bytes() -> None:
    pages = Pages(kept_bytes=1000)
    page = pages.subscribe(pages.position, None, "s")
    pages.publish(gone("a" * 300) for _ in range(10))
    assert b"event: reset" in await page.next(1)


async def test_a_reset_reaches_pages_that_are_away() -> None:
    pages = Pages()
    away = pages.position
    pages.reset()
    assert b"event: reset" in await pages.subscribe(away, None, "s").next(1)
    page = pages.subscribe(pages.position, None, "s")
    pages.publish([gone("a")])
    assert names(await page.next(1)) == ["a"]


async def test_rows_go_to_the_pages_that_watch_that_agent_only() -> None:
    pages = Pages()
    watching, other = (pages.subscribe(pages.position, name, "s") for name in ("coder", None))
    pages.publish_live(row("coder", 1))
    pages.publish_live(row("scribe", 1))
    pages.publish([gone("a")])
    assert (await watching.next(1)).count(b"event: live") == 1
    assert (await other.next(1)).count(b"event: ") == 1


async def test_rows_wait_a_while_for_a_page_that_comes_back() -> None:
    now = [0.0]
    pages = Pages(clock=lambda: now[0])
    page = pages.subscribe(pages.position, "coder", "s")
    after = pages.position
    pages.unsubscribe(page)
    pages.publish_live(row("coder", 1))
    assert b"event: live" in await pages.subscribe(after, "coder", "s").next(1)
    assert pages.position != after


async def test_a_quiet_stream_pings_with_its_position() -> None:
    pages = Pages()
    page = pages.subscribe(pages.position, None, "s")
    frame = await page.next(0.01)
    assert frame == f'event: ping\nid: {pages.position}\ndata: {{"type":"ping"}}\n\n'.encode()


async def test_a_revoked_session_ends_its_streams_only() -> None:
    pages = Pages()
    mine, other = pages.subscribe(pages.position, None, "mine"), pages.subscribe(pages.position, None, "other")
    pages.end_session("mine")
    assert (await mine.next(1), mine.over, other.over) == (b"", True, False)
    pages.close()
    assert pages.subscribe(pages.position, None, "s").over
