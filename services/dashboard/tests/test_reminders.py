"""Reminders, loose ends, the inbox and files that messages name, on the page. Real broker and approvals service."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hive_kit.testing import eventually
from hive_wire import approvals, broker
from hive_wire.approvals import AskRequest
from hive_wire.broker import RemindRequest, SendRequest


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.spec("REM-4", door="http")
@pytest.mark.spec("DSH-18", door="http")
async def test_reminders_of_the_swarm_are_listed_counted_and_cancelled(deciding: Any) -> None:
    for name in ("coder", "scribe"):
        await deciding.agent(name)
    for name, seconds in (("coder", 900), ("scribe", 600), ("coder", 300)):
        bus = await deciding.nats.bus(name)
        await bus.call(broker.REMIND, RemindRequest(message=f"in {seconds}", in_seconds=seconds, key=str(seconds)))
    page = await deciding.page()
    listed = (await page.get("/api/reminders")).json()
    assert [reminder["message"] for reminder in listed["reminders"]] == ["in 900", "in 600", "in 300"]
    assert {count["owner"]: count["open"] for count in listed["counts"]} == {"coder": 2, "scribe": 1}
    mine = (await page.get("/api/reminders?owner=scribe")).json()
    assert [reminder["owner"] for reminder in mine["reminders"]] == ["scribe"]
    snapshot = await eventually(page.snapshot, lambda snapshot: snapshot["reminders_total"] == 3)
    assert [reminder["message"] for reminder in snapshot["reminders"]] == ["in 300", "in 600", "in 900"]
    assert {tile["name"]: tile["reminders"] for tile in snapshot["agents"]} == {"coder": 2, "scribe": 1}
    number = mine["reminders"][0]["id"]
    async with page.events(snapshot["position"]) as events:
        assert (await page.post(f"/api/reminders/{number}/cancel")).json()["state"] == "cancelled"
        told = (await events.kind("reminder")).data
        assert (told["reminder"]["id"], told["reminder"]["state"], told["total"]) == (number, "cancelled", 2)
    assert error(await page.post(f"/api/reminders/{number}/cancel")) == (409, "not_pending")
    assert error(await page.post("/api/reminders/99/cancel")) == (404, "not_found")


@pytest.mark.spec("LOO-1", door="http")
async def test_all_loose_ends_are_listed_with_their_age(deciding: Any) -> None:
    await deciding.agent("coder")
    coder, page = await deciding.nats.bus("coder"), await deciding.page()
    await coder.call(approvals.ASK, AskRequest(question="Tea?", key="q"))
    await coder.call(broker.REMIND, RemindRequest(message="later", in_seconds=600, key="r"))
    await page.post("/api/approvals/spawn", {"name": "scribe", "description": "writes"})
    ends = (await page.get("/api/loose-ends")).json()
    assert [(end["kind"], end["owner"], end["waits_for"]) for end in ends["ends"]] == [
        ("question", "coder", "operator"),
        ("reminder", "coder", "clock"),
        ("approval", "operator", "operator"),
    ]
    assert all(end["age_seconds"] >= 0 for end in ends["ends"])
    assert ends["unreachable"] == []
    deciding.broker.kill()
    cut = (await page.get("/api/loose-ends")).json()
    assert ([end["kind"] for end in cut["ends"]], cut["unreachable"]) == (["question", "approval"], ["broker"])


@pytest.mark.spec("DSH-16", door="http")
async def test_mail_to_the_operator_waits_until_it_is_handled(deciding: Any) -> None:
    await deciding.agent("coder")
    coder, page = await deciding.nats.bus("coder"), await deciding.page()
    for n in range(1, 4):
        await coder.call(broker.SEND, SendRequest(to="operator", body=str(n), key=str(n)))

    async def inbox() -> list[str]:
        return [message["body"] for message in (await page.snapshot())["inbox"]]

    await eventually(inbox, lambda bodies: bodies == ["1", "2", "3"])
    every = (await page.get("/api/inbox")).json()["messages"]
    number = every[1]["id"]
    await page.post("/api/messages", {"to": "coder", "body": "re", "key": "k", "in_reply_to": number})
    thread = (await page.get(f"/api/messages/{number}/thread")).json()["messages"]
    assert [message["body"] for message in thread] == ["2", "re"]
    assert (await page.post(f"/api/messages/{number}/handled")).json() == {"changed": 1}
    await eventually(inbox, lambda bodies: bodies == ["1", "3"])
    waiting = (await page.get("/api/inbox?open=true")).json()["messages"]
    assert [message["body"] for message in waiting] == ["1", "3"]
    await deciding.dashboard.stop()
    await deciding.dashboard.start()
    assert await inbox() == ["1", "3"]


@pytest.mark.spec("MSG-11", door="http")
async def test_a_file_that_a_message_names_can_be_looked_at(deciding: Any) -> None:
    await deciding.agent("coder")
    state = deciding.folder / "shared" / "agents" / "coder" / "state"
    state.mkdir(parents=True)
    (state / "report.md").write_text("# <script>alert(1)</script>\n")
    (state / "data.bin").write_bytes(b"\x00\x01")
    (state / "long.txt").write_text("x" * 200_000)
    secret = deciding.folder / "secret.txt"
    secret.write_text("not yours")
    (state / "link.txt").symlink_to(secret)
    body = "see /state/report.md, /state/data.bin, /state/long.txt, /state/link.txt and /state/missing.md"
    coder, page = await deciding.nats.bus("coder"), await deciding.page()
    sent = await coder.call(broker.SEND, SendRequest(to="operator", body=body, key="k"))
    message = (await page.get(f"/api/messages/{sent.id}")).json()
    names = [ref["path"] for ref in message["file_refs"]]
    assert names == ["/state/report.md", "/state/data.bin", "/state/long.txt"]
    text, binary, long = [
        (await page.get(f"/api/messages/{sent.id}/files/{number}")).json() for number in range(len(names))
    ]
    assert (text["text"], text["cut"]) == ("# <script>alert(1)</script>\n", False)
    assert (binary["text"], binary["size"]) == (None, 2)
    assert (long["cut"], long["size"]) == (True, 200_000)
    (state / "report.md").unlink()
    (state / "report.md").symlink_to(secret)
    for path in ("0", "7"):
        answer = await page.get(f"/api/messages/{sent.id}/files/{path}")
        assert answer.status_code in (404, 422), answer.text
        assert "not yours" not in json.dumps(answer.json())
    assert error(await page.get("/api/messages/99/files/0")) == (404, "not_found")


async def test_a_time_in_the_page_is_the_brokers(deciding: Any) -> None:
    await deciding.agent("coder")
    due = datetime.now(UTC) + timedelta(hours=1)
    coder, page = await deciding.nats.bus("coder"), await deciding.page()
    await coder.call(broker.REMIND, RemindRequest(message="later", at=due, key="r"))
    (reminder,) = (await page.get("/api/reminders")).json()["reminders"]
    assert datetime.fromisoformat(reminder["due"]) == due
