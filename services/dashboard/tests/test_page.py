"""The page's state and stream, against services that come, go and speak."""

import asyncio
from typing import Any

import pytest
from hive_wire import broker, lifecycle
from hive_wire.broker import MessageState
from hive_wire.lifecycle import AgentChanged, ContainerState
from hive_wire.live import AgentState


def is_message(body: str) -> Any:
    return lambda event: event.kind == "message" and event.data["message"]["body"] == body


@pytest.mark.spec("DSH-1", door="http")
async def test_snapshot_and_stream_together_show_each_message_once(swarm: Any) -> None:
    page = await swarm.page()
    sending = asyncio.create_task(_send(swarm, range(30)))
    seen: list[str] = []
    snapshot = await page.snapshot()
    seen += [message["body"] for message in snapshot["messages"]]
    last = snapshot["position"]
    for stop in ("9", "19", "29"):
        headers = {"last-event-id": last} if last != snapshot["position"] else {}
        async with page.events(snapshot["position"], headers=headers) as events:
            if stop not in seen:
                got = await events.until(is_message(stop))
                seen += [event.data["message"]["body"] for event in got if event.kind == "message"]
                last = got[-1].id
    await sending
    assert seen == [str(n) for n in range(30)]


async def _send(swarm: Any, numbers: range) -> None:
    for n in numbers:
        await swarm.broker.add("manager", "operator", str(n))


@pytest.mark.spec("DSH-1", door="http")
async def test_what_was_missed_during_a_cut_comes_after_it(swarm: Any) -> None:
    page = await swarm.page()
    snapshot = await page.snapshot()
    async with page.events(snapshot["position"]) as events:
        await swarm.broker.add("manager", "operator", "before")
        (before,) = await events.until(is_message("before"))
    await swarm.broker.add("manager", "operator", "missed")
    async with page.events(snapshot["position"], headers={"last-event-id": before.id}) as events:
        await swarm.broker.add("manager", "operator", "after")
        got = await events.until(is_message("after"))
    assert [event.data["message"]["body"] for event in got] == ["missed", "after"]


@pytest.mark.spec("DSH-1", door="http")
async def test_a_restart_of_the_dashboard_makes_pages_begin_anew(swarm: Any) -> None:
    page = await swarm.page()
    position = (await page.snapshot())["position"]
    await swarm.broker.add("manager", "operator", "kept")
    await swarm.dashboard.stop()
    await swarm.dashboard.start()
    async with page.events(position) as events:
        assert [event.kind for event in await events.end()] == ["reset"]
    assert [message["body"] for message in (await page.snapshot())["messages"]] == ["kept"]


async def test_an_event_that_the_snapshot_holds_already_is_not_shown_again(swarm: Any) -> None:
    page = await swarm.page()
    await swarm.broker.add("manager", "operator", "first")
    async with page.events((await page.snapshot())["position"]) as events:
        first = swarm.broker.messages[1]
        swarm.broker.store, counts = "store1", swarm.broker.counts("operator")
        again = broker.Received(message=first, counts=counts)
        reply = await swarm.broker.bus.nats.request(  # a late repeat: past the stream's own window for duplicates
            broker.STORED.subject, again.model_dump_json().encode(), headers={"Nats-Msg-Id": "broker:store1:001"}
        )
        assert b"error" not in reply.data
        await swarm.broker.add("manager", "operator", "second")
        bodies = [e.data["message"]["body"] for e in await events.until(is_message("second")) if e.kind == "message"]
    assert bodies[-1] == "second"
    assert bodies.count("first") <= 1
    assert [m["body"] for m in (await page.snapshot())["messages"]] == ["first", "second"]


@pytest.mark.spec("MSG-15", door="http")
async def test_receipts_follow_a_message_to_its_end(swarm: Any) -> None:
    page = await swarm.page()
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.broker.add("manager", "operator", "read me")
        await events.kind("message")
        assert (await page.post("/api/messages/shown", {"ids": [1]})).json() == {"changed": 1}
        assert (await events.kind("receipt")).data["receipt"]["state"] == "in_flight"
        assert (await page.post("/api/messages/1/handled")).json() == {"changed": 1}
        assert (await events.kind("receipt")).data["receipt"]["state"] == "acked"
    (message,) = (await page.snapshot())["messages"]
    assert (message["state"], message["body"]) == ("acked", "read me")


@pytest.mark.spec("DSH-4", door="http")
async def test_what_others_do_shows_at_once(swarm: Any) -> None:
    await swarm.lifecycle.put("coder", ContainerState.STOPPED)
    page, other = await swarm.page(), await swarm.page()
    async with page.events((await page.snapshot())["position"]) as events:
        await other.post("/api/messages", {"to": "coder", "body": "from another browser", "key": "k1"})
        assert (await events.kind("message")).data["message"]["sender"] == "operator"
        assert (await events.kind("agent")).data["agent"]["pending"] == 1
        await swarm.lifecycle.put("coder")
        assert (await events.kind("agent")).data["agent"]["view"]["container"] == "running"
        await swarm.lifecycle.remove("coder")
        assert (await events.kind("agent_removed")).data["name"] == "coder"


async def test_a_message_sent_twice_with_one_key_is_stored_once(swarm: Any) -> None:
    page = await swarm.page()
    form = {"to": "manager", "body": "hi", "key": "k1"}
    first, second = [(await page.post("/api/messages", form)).json() for _ in range(2)]
    assert (first["id"], second["id"], second["repeated"]) == (1, 1, True)
    refused = await page.post("/api/messages", {"to": "nobody", "body": "hi", "key": "k2"})
    assert (refused.status_code, refused.json()["error"]["details"]) == (404, {"known": ["manager"]})


async def test_older_messages_and_an_agents_inbox_come_in_pages(swarm: Any) -> None:
    page = await swarm.page()
    for n in range(5):
        await swarm.broker.add("manager", "coder" if n % 2 else "scribe", str(n))
    older = (await page.get("/api/messages?before=4&limit=2")).json()
    assert ([m["id"] for m in older["messages"]], older["more"]) == ([2, 3], True)
    inbox = (await page.get("/api/agents/coder/inbox")).json()
    assert [m["body"] for m in inbox["messages"]] == ["1", "3"]


@pytest.mark.spec("AGT-1", door="http")
async def test_a_harness_state_reaches_the_tile(swarm: Any) -> None:
    harness = await swarm.harness("coder")
    page = await swarm.page()
    async with page.events((await page.snapshot())["position"]) as events:
        await harness.become(AgentState.THINKING)
        is_thinking = lambda e: e.kind == "agent" and (e.data["agent"]["status"] or {}).get("state") == "thinking"  # noqa: E731
        tile = (await events.until(is_thinking))[-1].data["agent"]
    assert tile["signal"] == "live"


async def test_a_harness_that_says_nothing_by_itself_is_asked(swarm: Any, when: Any) -> None:
    await swarm.harness("coder")
    page = await swarm.page()
    tile = await when(lambda: page.tile("coder"), lambda tile: tile and tile["status"])
    assert tile["status"]["state"] == "idle"


@pytest.mark.spec("AGT-2", door="http")
async def test_rows_reach_only_the_pages_that_watch_the_agent(swarm: Any) -> None:
    coder, scribe = await swarm.harness("coder"), await swarm.harness("scribe")
    page = await swarm.page()
    position = (await page.snapshot())["position"]
    async with page.events(position, "coder") as watching, page.events(position) as other:
        await scribe.say("text", text="not for this page")
        said = [await coder.say("tool_call", name="Bash") for _ in range(3)]
        await swarm.broker.add("manager", "operator", "end")
        rows = [(await watching.kind("live")).data["event"] for _ in said]
        assert [event.kind for event in await other.until(is_message("end"))].count("live") == 0
    assert [(row["agent"], row["n"]) for row in rows] == [("coder", event.n) for event in said]


async def test_an_agent_cannot_speak_for_another(swarm: Any) -> None:
    coder, _ = await swarm.harness("coder"), await swarm.harness("scribe")
    page = await swarm.page()
    async with page.events((await page.snapshot())["position"], "scribe") as events:
        forged = (await coder.say("text", text="mine")).model_copy(update={"agent": "scribe"})
        await coder.bus.publish_live("coder", "text", forged.model_dump_json().encode())
        await coder.bus.publish_live("coder", "text", b"not json")
        await coder.become(AgentState.THINKING)
        got = await events.until(lambda e: e.kind == "agent" and e.data["agent"]["name"] == "coder")
    assert [event for event in got if event.kind == "live"] == []


async def test_a_silent_harness_gives_no_signal_and_one_that_is_down_is_down(swarm: Any, when: Any) -> None:
    harness = await swarm.harness("coder")
    page = await swarm.page()
    await when(lambda: page.tile("coder"), lambda tile: tile and tile["status"] and tile["signal"] == "live")
    await harness.stop()
    tile = await when(lambda: page.tile("coder"), lambda tile: tile["signal"] != "live")
    assert tile["signal"] == "no_signal"
    await harness.start()
    await when(lambda: page.tile("coder"), lambda tile: tile["signal"] == "live")
    await swarm.lifecycle.put("coder", ContainerState.CRASHED)
    tile = await when(lambda: page.tile("coder"), lambda tile: tile["signal"] != "live")
    assert (tile["signal"], tile["signal_since"]) == ("down", tile["view"]["container_since"])


@pytest.mark.spec("AGT-2", door="http")
async def test_history_comes_from_the_harness_or_from_lifecycle(swarm: Any) -> None:
    harness = await swarm.harness("coder")
    page = await swarm.page()
    async with page.events((await page.snapshot())["position"]) as events:
        await harness.become(AgentState.THINKING)
        await events.kind("agent")
    running = (await page.get("/api/agents/coder/history?limit=10")).json()
    assert ([row["n"] for row in running["events"]], running["live"]) == ([7], True)
    await harness.stop()
    hung = (await page.get("/api/agents/coder/history")).json()
    assert ([row["n"] for row in hung["events"]], hung["live"]) == ([1], False)


@pytest.mark.spec("AGT-6", door="http")
async def test_controls_reach_the_harness_and_say_why_they_cannot(swarm: Any, when: Any) -> None:
    harness = await swarm.harness("coder")
    page = await swarm.page()
    assert (await page.post("/api/agents/coder/cancel")).json()["state"] == "idle"
    await harness.stop()
    await when(lambda: page.tile("coder"))
    assert (await page.post("/api/agents/coder/cancel")).json()["error"]["code"] == "unavailable"
    await swarm.lifecycle.put("coder", ContainerState.STOPPED)
    await when(lambda: page.tile("coder"), lambda tile: tile["signal"] == "down")
    assert (await page.post("/api/agents/coder/cancel")).json()["error"]["code"] == "not_running"
    assert (await page.post("/api/agents/coder/start")).json()["action"] == 1
    assert (await page.post("/api/agents/coder/destroy", {"confirm": "coder"})).json()["action"] == 1


async def unreachable(page: Any) -> list[str]:
    return (await page.snapshot())["swarm"]["unreachable"]


@pytest.mark.spec("DSH-1", door="http")
async def test_a_service_that_is_away_is_shown_and_heals(swarm: Any, when: Any) -> None:
    page = await swarm.page()
    await when(lambda: unreachable(page), lambda names: names == [])
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.broker.stop()
        assert (await events.kind("swarm")).data["swarm"]["unreachable"] == ["broker"]
        refused = await page.post("/api/messages", {"to": "manager", "body": "hi", "key": "k"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
        await swarm.broker.start()
        assert (await events.kind("swarm")).data["swarm"]["unreachable"] == []
        await swarm.broker.add("manager", "operator", "back")
        await events.until(is_message("back"))


async def test_the_dashboard_serves_without_the_other_services(swarm: Any, when: Any) -> None:
    await swarm.dashboard.stop()
    await swarm.broker.stop()
    await swarm.lifecycle.stop()
    await swarm.approvals.stop()
    await swarm.lifecycle.put("coder")
    await swarm.dashboard.start()
    page = await swarm.page()
    snapshot = await page.snapshot()
    assert (snapshot["swarm"]["unreachable"], snapshot["agents"]) == (["approvals", "broker", "lifecycle"], [])
    async with page.events(snapshot["position"]) as events:
        await swarm.lifecycle.start()
        assert (await events.end())[-1].kind == "reset"
    assert [tile["name"] for tile in (await page.snapshot())["agents"]] == ["coder"]
    await swarm.broker.start()
    await swarm.approvals.start()
    await when(lambda: unreachable(page), lambda names: names == [])


async def test_a_restored_database_makes_pages_begin_anew(swarm: Any) -> None:
    page = await swarm.page()
    await swarm.broker.add("manager", "operator", "lost with the disk")
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.broker.stop()
        swarm.broker.store, swarm.broker.n, swarm.broker.messages = "restored", 0, {}
        await swarm.broker.start()
        assert (await events.end())[-1].kind == "reset"
    await swarm.broker.add("manager", "operator", "new life")
    position = (await page.snapshot())["position"]
    async with page.events(position) as events:
        await swarm.broker.add("manager", "operator", "more")
        await events.until(is_message("more"))
    assert [m["body"] for m in (await page.snapshot())["messages"]] == ["new life", "more"]


@pytest.mark.spec("DSH-2", door="http")
async def test_a_restart_of_nats_loses_nothing(swarm: Any, when: Any) -> None:
    harness = await swarm.harness("coder")
    page = await swarm.page()
    await swarm.broker.add("manager", "operator", "before")
    position = (await page.snapshot())["position"]
    async with page.events(position, "coder") as events:
        await swarm.nats.restart()
        assert (await events.end())[-1].kind == "reset", "rows may have been missed"
    await asyncio.wait_for(asyncio.gather(*(bus.up.wait() for bus in (swarm.broker.bus, harness.bus))), 10)
    await swarm.broker.add("manager", "operator", "after")
    bodies = lambda: _bodies(page)  # noqa: E731
    await when(bodies, lambda seen: seen == ["before", "after"])
    await when(lambda: unreachable(page), lambda names: names == [])
    await when(lambda: page.tile("coder"), lambda tile: tile["signal"] == "live")


async def _bodies(page: Any) -> list[str]:
    return [message["body"] for message in (await page.snapshot())["messages"]]


async def test_a_stream_pings_while_nothing_happens(swarm: Any) -> None:
    page = await swarm.page()
    position = (await page.snapshot())["position"]
    async with page.events(position) as events:
        assert (await events.ping()).id == position


async def test_a_page_that_does_not_read_holds_up_nobody(swarm: Any) -> None:
    """The slow one's socket is full; the others go on; when it reads again it is told to begin anew."""
    page, slow = await swarm.page(), await swarm.page()
    snapshot = await page.snapshot()
    cookie = "; ".join(f"{name}={value}" for name, value in slow.client.cookies.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", swarm.dashboard.port, limit=1024)
    writer.write(
        f"GET /api/events?after={snapshot['position']} HTTP/1.1\r\nHost: 127.0.0.1:{swarm.dashboard.port}\r\n"
        f"Origin: {swarm.dashboard.url}\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    body = "x" * 200_000
    async with page.events(snapshot["position"]) as events:
        for n in range(200):
            await swarm.broker.add("manager", "operator", f"{n} {body}")
            await events.kind("message")
    told = await asyncio.wait_for(reader.read(-1), 20)
    assert b"event: reset" in told[-2000:]
    writer.close()


async def test_events_of_unknown_kinds_are_passed_over(swarm: Any) -> None:
    page = await swarm.page()
    request = swarm.broker.bus.nats.request
    for subject, payload in (("hive.evt.broker.moon.eclipsed", b"{}"), (broker.STORED.subject, b"no json")):
        await request(subject, payload, headers={"Nats-Msg-Id": f"broker:store1:9{len(subject)}"})
    await swarm.lifecycle.emit(lifecycle.CRASHED, lifecycle.Crashed(agent="coder", exit="exit 1"))
    await swarm.broker.add("manager", "operator", "still here")
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.lifecycle.put("coder")
        await events.kind("agent")


async def test_a_port_conflict_is_the_swarms_own_fact(swarm: Any) -> None:
    await swarm.lifecycle.put("coder")
    page = await swarm.page()
    conflict = lifecycle.PortConflict(port=8100, agents=["coder", "other"])
    async with page.events((await page.snapshot())["position"]) as events:
        changed = AgentChanged(agent=swarm.lifecycle.views["coder"], conflicts=[conflict])
        await swarm.lifecycle.emit(lifecycle.CHANGED, changed)
        assert (await events.kind("swarm")).data["swarm"]["conflicts"] == [{"port": 8100, "agents": ["coder", "other"]}]


async def test_messages_leave_the_line_on_the_page_too(swarm: Any) -> None:
    await swarm.lifecycle.put("coder")
    page = await swarm.page()
    await swarm.broker.add("manager", "coder", "poison")
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.broker.move(1, MessageState.DEAD, broker.DIED)
        assert (await events.kind("receipt")).data["receipt"]["state"] == "dead"
        assert (await events.kind("agent")).data["agent"]["dead"] == 1
