"""Inboxes and delivery over the wire, against the real broker."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from hive_kit.bus import Bus
from hive_kit.testing import ServiceProcess, TestNats, eventually
from hive_wire import broker as wire
from hive_wire.errors import ErrorCode, Refusal


class Inbox:
    """One agent's end of the line, as its harness uses it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.epoch = 0
        self.keys = 0

    async def begin(self, start_key: str) -> wire.RequeueReply:
        reply = await self.bus.call(wire.REQUEUE_INFLIGHT, wire.RequeueRequest(start_key=start_key))
        self.epoch = reply.epoch
        return reply

    async def recv(self, turn: str, *, key: str | None = None, wait: float = 0, most: int = 32) -> wire.RecvReply:
        self.keys += 1
        request = wire.RecvRequest(
            epoch=self.epoch, turn=turn, key=key or f"r{self.epoch}-{self.keys}", wait_seconds=wait, max=most
        )
        return await self.bus.call(wire.RECV, request)

    async def ack(self, turn: str, ids: list[int]) -> int:
        return (await self.bus.call(wire.ACK_TURN, wire.AckRequest(epoch=self.epoch, turn=turn, ids=ids))).acked

    async def nack(self, turn: str, ids: list[int], cause: wire.Cause = wire.Cause.HANDLING) -> wire.NackReply:
        request = wire.NackRequest(epoch=self.epoch, turn=turn, ids=ids, reason="it broke", cause=cause)
        return await self.bus.call(wire.NACK, request)


async def _open(nats: TestNats, *names: str) -> list[Inbox]:
    lifecycle = await nats.bus("lifecycle")
    inboxes: list[Inbox] = []
    for name in names:
        await lifecycle.call(wire.OPEN_INBOX, wire.InboxName(name=name))
        inbox = Inbox(await nats.bus(name))
        await inbox.begin("first")
        inboxes.append(inbox)
    return inboxes


async def _send(bus: Bus, to: str, body: str, key: str | None = None, reply_to: int | None = None) -> wire.SendReply:
    request = wire.SendRequest(to=to, body=body, key=key or f"{to}-{body}"[:100], in_reply_to=reply_to)
    return await bus.call(wire.SEND, request)


async def _refused(call: asyncio.Future[object] | object, code: ErrorCode) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await call  # type: ignore[misc]
    assert refused.value.code is code
    return refused.value


@pytest.mark.spec("MSG-1", door="wire")
async def test_a_message_is_on_disk_before_its_sender_hears_of_it(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout")
    operator = await nats.bus("operator")
    reply = await _send(operator, "scout", "hello")
    broker.kill()
    with closing(sqlite3.connect(nats.folder / "broker.db")) as database:
        assert database.execute("SELECT body, state FROM messages WHERE id = ?", (reply.id,)).fetchone() == (
            "hello",
            "pending",
        )


@pytest.mark.spec("MSG-1", door="wire")
async def test_an_unknown_recipient_is_refused_with_the_names_that_exist(
    nats: TestNats, broker: ServiceProcess
) -> None:
    await _open(nats, "scout")
    operator = await nats.bus("operator")
    refusal = await _refused(_send(operator, "nobody", "hello"), ErrorCode.UNKNOWN_RECIPIENT)
    assert refusal.details["known"] == ["operator", "scout"]
    history = await operator.call(wire.HISTORY, wire.HistoryRequest())
    assert history.messages == []


@pytest.mark.spec("MSG-2", door="wire")
async def test_the_same_key_stores_once_and_another_body_is_refused(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout")
    operator = await nats.bus("operator")
    first = await _send(operator, "scout", "hello", key="k")
    again = await _send(operator, "scout", "hello", key="k")
    assert (again.id, again.repeated) == (first.id, True)
    await _refused(_send(operator, "scout", "other", key="k"), ErrorCode.KEY_REUSED)
    (scout,) = await _open(nats, "scout")
    assert [m.body for m in (await scout.recv("t")).messages] == ["hello"]


@pytest.mark.spec("MSG-3", door="wire")
async def test_a_waiting_receive_wakes_when_a_message_is_stored_and_drains(
    nats: TestNats, broker: ServiceProcess
) -> None:
    (scout,) = await _open(nats, "scout")
    operator = await nats.bus("operator")
    assert (await scout.recv("t0")).messages == []
    waiting = asyncio.create_task(scout.recv("t1", wait=60))
    await _send(operator, "scout", "one")
    assert [m.body for m in (await waiting).messages] == ["one"]
    for number in range(40):
        await _send(operator, "scout", f"m{number}")
    batch = await scout.recv("t2")
    assert [m.body for m in batch.messages] == [f"m{n}" for n in range(32)]
    assert batch.waiting == 8


@pytest.mark.spec("MSG-3", door="wire")
@pytest.mark.parametrize("letter", ["x", "漢"])
async def test_a_batch_is_cut_to_four_mebibytes(nats: TestNats, broker: ServiceProcess, letter: str) -> None:
    (scout,) = await _open(nats, "scout")
    operator = await nats.bus("operator")
    body = letter * (250 * 1024 // len(letter.encode()))
    for number in range(32):
        await _send(operator, "scout", body, key=str(number))
    first = await scout.recv("t1")
    assert len(first.model_dump_json().encode()) <= wire.PAGE_BYTES
    second = await scout.recv("t2")
    assert len(first.messages) == len(second.messages) == 16
    recent = await operator.call(wire.RECENT, wire.RecentRequest(inbox="scout", limit=50))
    assert len(recent.model_dump_json().encode()) <= wire.PAGE_BYTES + 1024
    assert recent.more


@pytest.mark.spec("MSG-3", door="wire")
@pytest.mark.spec("MSG-6", door="wire")
async def test_a_receive_that_waited_in_a_killed_broker_goes_on_in_the_next_one(
    nats: TestNats, broker: ServiceProcess
) -> None:
    (scout,) = await _open(nats, "scout")
    request = wire.RecvRequest(epoch=scout.epoch, turn="t1", key="k1", wait_seconds=180)
    waiting = asyncio.create_task(scout.bus.call_persistently(wire.RECV, request))
    probe = await nats.bus("scout")
    await probe.call(wire.RECENT, wire.RecentRequest())
    broker.kill()
    await broker.start()
    operator = await nats.bus("operator")
    sent = await _send(operator, "scout", "after the kill")
    batch = await asyncio.wait_for(waiting, 20)
    assert [m.id for m in batch.messages] == [sent.id]


@pytest.mark.spec("MSG-4", door="wire")
async def test_a_turn_acks_exactly_its_own_messages(nats: TestNats, broker: ServiceProcess) -> None:
    (scout,) = await _open(nats, "scout")
    operator = await nats.bus("operator")
    ids = [(await _send(operator, "scout", body)).id for body in ("a", "b", "c")]
    first = await scout.recv("t1", most=1)
    taken_in_turn = await scout.recv("t1", most=1)
    other = await scout.recv("t2", most=1)
    assert [m.id for r in (first, taken_in_turn, other) for m in r.messages] == ids
    await _refused(scout.ack("t1", ids), ErrorCode.NOT_IN_TURN)
    assert await scout.ack("t1", ids[:2]) == 2
    assert await scout.ack("t1", ids[:2]) == 0
    states = [(await operator.call(wire.MESSAGE_STATUS, wire.MessageId(id=i))).state for i in ids]
    assert states == ["acked", "acked", "in_flight"]


@pytest.mark.spec("MSG-4", door="wire")
async def test_a_failed_turn_puts_its_messages_at_the_head_of_the_line(nats: TestNats, broker: ServiceProcess) -> None:
    (scout,) = await _open(nats, "scout")
    operator = await nats.bus("operator")
    first = (await _send(operator, "scout", "first")).id
    await scout.recv("t1")
    second = (await _send(operator, "scout", "second")).id
    put_back = await scout.nack("t1", [first])
    assert put_back.requeued == [first]
    assert put_back.retry_after_seconds > 0
    again = await scout.recv("t2", wait=5)
    assert [(m.id, m.redelivered, m.attempts) for m in again.messages] == [(first, True, 2)]
    more = await scout.nack("t2", [first])
    assert more.retry_after_seconds > put_back.retry_after_seconds
    batch = await scout.recv("t3", wait=5)
    assert await scout.ack("t3", [m.id for m in batch.messages]) == 1
    assert [m.id for m in (await scout.recv("t4", wait=5)).messages] == [second]


@pytest.mark.spec("MSG-5", door="wire")
async def test_a_start_puts_everything_in_flight_back_and_ends_older_epochs(
    nats: TestNats, broker: ServiceProcess
) -> None:
    (scout,) = await _open(nats, "scout")
    operator = await nats.bus("operator")
    for body in ("a", "b"):
        await _send(operator, "scout", body)
    old_epoch = scout.epoch
    ids = [m.id for m in (await scout.recv("t1")).messages]
    begun = await scout.begin("second")
    assert (begun.epoch, begun.requeued) == (old_epoch + 1, 2)
    assert (await scout.begin("second")) == wire.RequeueReply(epoch=begun.epoch, requeued=0)
    batch = await scout.recv("t2")
    assert [(m.id, m.redelivered) for m in batch.messages] == [(i, True) for i in ids]
    scout.epoch = old_epoch
    await _refused(scout.recv("t3"), ErrorCode.STALE_EPOCH)
    await _refused(scout.ack("t1", ids), ErrorCode.STALE_EPOCH)
    await _refused(scout.nack("t1", ids), ErrorCode.STALE_EPOCH)


@pytest.mark.spec("MSG-5", door="wire")
async def test_a_new_start_ends_the_receive_that_an_older_one_waits_in(nats: TestNats, broker: ServiceProcess) -> None:
    (scout,) = await _open(nats, "scout")
    waiting = asyncio.create_task(scout.recv("t1", wait=60))
    probe = await nats.bus("scout")
    # the order of requests on one subject is the order of arrival: this answer shows that the receive is in
    await probe.call(wire.RECENT, wire.RecentRequest())
    await Inbox(probe).begin("second")
    await _refused(waiting, ErrorCode.STALE_EPOCH)


@pytest.mark.spec("MSG-6", door="wire")
async def test_a_repeated_receive_returns_the_same_batch_also_across_a_kill(
    nats: TestNats, broker: ServiceProcess
) -> None:
    (scout,) = await _open(nats, "scout")
    operator = await nats.bus("operator")
    for body in ("a", "b", "c"):
        await _send(operator, "scout", body)
    first = await scout.recv("t1", key="same", most=2)
    broker.kill()
    await broker.start()
    again = await scout.recv("t1", key="same", most=2)
    assert [m.id for m in again.messages] == [m.id for m in first.messages]
    assert [m.body for m in (await scout.recv("t1")).messages] == ["c"]


@pytest.mark.spec("MSG-7", door="wire")
async def test_order_is_first_in_first_out_also_across_a_requeue(nats: TestNats, broker: ServiceProcess) -> None:
    (scout,) = await _open(nats, "scout")
    operator = await nats.bus("operator")
    sent = [(await _send(operator, "scout", f"m{n}")).id for n in range(10)]
    await scout.recv("t1", most=3)
    await scout.begin("again")
    seen: list[int] = []
    while batch := (await scout.recv("t2", most=4)).messages:
        seen += [m.id for m in batch]
    assert seen == sent


@pytest.mark.spec("MSG-8", door="wire")
async def test_recent_lists_states_and_delivers_nothing(nats: TestNats, broker: ServiceProcess) -> None:
    scout, scribe = await _open(nats, "scout", "scribe")
    operator = await nats.bus("operator")
    for body in ("a", "b", "c"):
        await _send(operator, "scout", body)
    (taken,) = (await scout.recv("t1", most=1)).messages
    await scout.ack("t1", [taken.id])
    await scout.recv("t2", most=1)
    for _ in range(2):
        listed = await scout.bus.call(wire.RECENT, wire.RecentRequest(limit=10))
        assert [m.state for m in listed.messages] == ["acked", "in_flight", "pending"]
    page = await operator.call(wire.RECENT, wire.RecentRequest(inbox="scout", limit=2))
    assert ([m.body for m in page.messages], page.more) == (["b", "c"], True)
    await _refused(scribe.bus.call(wire.RECENT, wire.RecentRequest(inbox="scout")), ErrorCode.FORBIDDEN)


@pytest.mark.spec("MSG-12", door="wire")
async def test_a_body_over_the_limit_is_refused_and_the_error_names_it(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout")
    operator = await nats.bus("operator")
    refusal = await _refused(_send(operator, "scout", "é" * (128 * 1024) + "x", key="k"), ErrorCode.BODY_TOO_LARGE)
    assert refusal.details["limit"] == 256 * 1024
    assert "file" in refusal.message
    await _send(operator, "scout", "é" * (128 * 1024), key="k")


@pytest.mark.spec("MSG-14", door="wire")
async def test_replies_form_a_thread_that_can_be_followed(nats: TestNats, broker: ServiceProcess) -> None:
    scout, scribe = await _open(nats, "scout", "scribe")
    operator = await nats.bus("operator")
    root = (await _send(operator, "scout", "question")).id
    answer = (await _send(scout.bus, "operator", "answer", reply_to=root)).id
    thanks = (await _send(operator, "scout", "thanks", reply_to=answer)).id
    await _send(operator, "scout", "something else")
    thread = await operator.call(wire.THREAD, wire.MessageId(id=answer))
    assert [m.id for m in thread.messages] == [root, answer, thanks]
    await _refused(_send(scribe.bus, "operator", "me too", reply_to=root), ErrorCode.NOT_FOUND)


@pytest.mark.spec("MSG-15", door="wire")
async def test_a_receipt_says_what_became_of_a_message(nats: TestNats, broker: ServiceProcess) -> None:
    scout, scribe = await _open(nats, "scout", "scribe")
    operator = await nats.bus("operator")
    sent = await _send(operator, "scout", "hello")
    assert sent.state is wire.MessageState.PENDING
    await scout.recv("turn-1")
    seen = await operator.call(wire.MESSAGE_STATUS, wire.MessageId(id=sent.id))
    assert (seen.state, seen.turn, seen.attempts) == ("in_flight", "turn-1", 1)
    assert seen.delivered_at is not None
    assert seen.acked_at is None
    await scout.ack("turn-1", [sent.id])
    done = await scout.bus.call(wire.MESSAGE_STATUS, wire.MessageId(id=sent.id))
    assert done.acked_at is not None
    await _refused(scribe.bus.call(wire.MESSAGE_STATUS, wire.MessageId(id=sent.id)), ErrorCode.NOT_FOUND)


@pytest.mark.spec("MSG-15", door="wire")
async def test_operator_mail_is_delivered_when_shown_and_acked_when_handled(
    nats: TestNats, broker: ServiceProcess
) -> None:
    (scout,) = await _open(nats, "scout")
    operator = await nats.bus("operator")
    mail = await _send(scout.bus, "operator", "done")
    assert (await operator.call(wire.MARK_SHOWN, wire.MessageIds(ids=[mail.id]))).changed == 1
    assert (await operator.call(wire.MARK_SHOWN, wire.MessageIds(ids=[mail.id]))).changed == 0
    assert (await scout.bus.call(wire.MESSAGE_STATUS, wire.MessageId(id=mail.id))).state == "in_flight"
    assert (await operator.call(wire.MARK_HANDLED, wire.MessageIds(ids=[mail.id]))).changed == 1
    assert (await scout.bus.call(wire.MESSAGE_STATUS, wire.MessageId(id=mail.id))).state == "acked"


@pytest.mark.spec("MSG-16", door="wire")
async def test_a_message_that_keeps_failing_dies_and_both_ends_are_told(nats: TestNats, broker: ServiceProcess) -> None:
    scout, scribe = await _open(nats, "scout", "scribe")
    operator = await nats.bus("operator")
    poison = (await _send(scribe.bus, "scout", "poison")).id
    healthy = (await _send(operator, "scout", "healthy")).id
    for attempt in range(5):
        batch = await scout.recv(f"t{attempt}", wait=5)
        ids = [m.id for m in batch.messages]
        assert ids == ([poison, healthy] if attempt == 0 else [poison])
        await scout.nack(f"t{attempt}", ids)
    dead = await operator.call(wire.HISTORY, wire.HistoryRequest(state=wire.MessageState.DEAD))
    assert [(m.id, m.dead_reason) for m in dead.messages] == [(poison, "it broke")]
    assert [m.id for m in (await scout.recv("after", wait=5)).messages] == [healthy]
    notice = (await scribe.recv("n", wait=5)).messages[0]
    assert (notice.sender, notice.in_reply_to) == ("system", poison)
    mail = await operator.call(wire.RECENT, wire.RecentRequest())
    assert [m.in_reply_to for m in mail.messages] == [poison]
    await scout.ack("after", [healthy])
    assert (await operator.call(wire.DEAD_RETRY, wire.MessageId(id=poison))).state == "pending"
    assert [m.id for m in (await scout.recv("retry", wait=5)).messages] == [poison]
    await _refused(operator.call(wire.DEAD_DISMISS, wire.MessageId(id=poison)), ErrorCode.NOT_DEAD)


@pytest.mark.spec("MSG-16", door="wire")
@pytest.mark.parametrize("cause", [c for c in wire.Cause if c is not wire.Cause.HANDLING])
async def test_failures_that_the_message_did_not_cause_do_not_count(
    nats: TestNats, broker: ServiceProcess, cause: wire.Cause
) -> None:
    (scout,) = await _open(nats, "scout")
    operator = await nats.bus("operator")
    sent = (await _send(operator, "scout", "innocent")).id
    for attempt in range(7):
        (m,) = (await scout.recv(f"t{attempt}", wait=5)).messages
        await scout.nack(f"t{attempt}", [m.id], cause)
    status = await operator.call(wire.MESSAGE_STATUS, wire.MessageId(id=sent))
    assert (status.state, status.failures, status.redelivered) == ("pending", 0, 7)


@pytest.mark.spec("MSG-17", door="wire")
async def test_a_flood_from_one_sender_is_slowed_and_others_go_on(nats: TestNats, broker: ServiceProcess) -> None:
    scout, scribe = await _open(nats, "scout", "scribe")
    refusal: Refusal | None = None
    for number in range(2000):
        try:
            await _send(scout.bus, "scribe", f"flood {number}")
        except Refusal as error:
            refusal = error
            break
    assert refusal is not None
    assert refusal.code is ErrorCode.SLOW_DOWN
    assert refusal.details["retry_after_seconds"] > 0
    await _send(scribe.bus, "operator", "I still can")


@pytest.mark.spec("MSG-9", door="wire")
async def test_only_messages_that_are_long_done_are_swept_away(nats: TestNats, broker: ServiceProcess) -> None:
    (scout,) = await _open(nats, "scout")
    operator = await nats.bus("operator")
    ids = [(await _send(operator, "scout", body)).id for body in ("acked", "in flight", "pending", "fresh")]
    for turn, message_id in zip(("t1", "t2"), ids[:2], strict=True):
        assert [m.id for m in (await scout.recv(turn, most=1)).messages] == [message_id]
    await scout.ack("t1", ids[:1])
    broker.kill()
    with closing(sqlite3.connect(nats.folder / "broker.db")) as database:
        year = 365 * 24 * 3600 * 1_000_000
        database.execute("UPDATE messages SET stored_at = stored_at - ?, acked_at = acked_at - ?", (year, year))
        database.commit()
    await broker.start()

    async def left() -> list[int]:
        return [m.id for m in (await operator.call(wire.HISTORY, wire.HistoryRequest())).messages]

    await eventually(left, lambda seen: seen == ids[1:])
