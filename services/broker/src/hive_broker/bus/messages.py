"""Answers what is about messages and inboxes, and the snapshot."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from hive_kit.bus import Caller, Service
from hive_kit.database import Database
from hive_kit.outbox import last_outbox_id
from hive_kit.times import microseconds
from hive_wire import broker as wire
from hive_wire.model import Empty
from hive_wire.names import OPERATOR
from sqlalchemy import Connection

from hive_broker import dead_letters, due_reminders, inbox, messages, operator_mail, recipients, reminders
from hive_broker.arrivals import Arrivals
from hive_broker.file_refs import FileRefs
from hive_broker.reminder_clock import ReminderClock
from hive_broker.send_rate import SendRate
from hive_broker.settings import BrokerSettings

T = TypeVar("T")

SNAPSHOT_MESSAGES = 200


class MessageDoor:
    """Decodes requests, calls the nouns in one write or read, wakes who waits."""

    def __init__(
        self,
        settings: BrokerSettings,
        database: Database,
        arrivals: Arrivals,
        file_refs: FileRefs,
        clock: ReminderClock,
        allowed: Mapping[str, frozenset[str]],
    ) -> None:
        """`allowed`: whom each owner of an inbox that has a list may write to, as it is stored."""
        self._database = database
        self._arrivals = arrivals
        self._file_refs = file_refs
        self._clock = clock
        self._allowed = dict(allowed)
        self._rate = SendRate(settings.sends_per_second, settings.send_burst)
        self._limits = messages.SendLimits(settings.max_body_bytes, settings.max_pending)
        self._retries = inbox.Retries(settings.retry_base_seconds, settings.retry_max_seconds, settings.max_failures)

    def add_to(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.SEND, self.send, limit=512)
        service.add(wire.RECV, self.recv, limit=4096, long_poll=True)
        service.add(wire.ACK_TURN, self.ack_turn)
        service.add(wire.NACK, self.nack)
        service.add(wire.REQUEUE_INFLIGHT, self.requeue_inflight)
        service.add(wire.RECENT, self.recent)
        service.add(wire.MESSAGE_STATUS, self.message_status)
        service.add(wire.HISTORY, self.history)
        service.add(wire.THREAD, self.thread)
        service.add(wire.MARK_SHOWN, self.mark_shown)
        service.add(wire.MARK_HANDLED, self.mark_handled)
        service.add(wire.DEAD_RETRY, self.dead_retry)
        service.add(wire.DEAD_DISMISS, self.dead_dismiss)
        service.add(wire.OPEN_INBOX, self.open_inbox)
        service.add(wire.CLOSE_INBOX, self.close_inbox)
        service.add(wire.READ_FILE, self.read_file, limit=16)
        service.add(wire.SNAPSHOT, self.snapshot)

    async def send(self, caller: Caller, request: wire.SendRequest) -> wire.SendReply:
        if caller.principal != OPERATOR:
            self._rate.admit(caller.principal, time.monotonic())
        sender = caller.principal
        allowed = self._allowed.get(sender)
        if allowed is not None and request.to not in allowed and request.to != sender:
            return await self._database.write(lambda c: messages.send_outside_the_list(c, sender, request, allowed))
        file_refs = None
        if self._file_refs.may_be_in(request.body):  # before the write: a slow disk holds up nobody else's
            file_refs = await asyncio.to_thread(self._file_refs.find, request.body, sender, request.to)
        now = _now()
        return await self._database.write(
            lambda c: messages.send(c, sender, request, now, self._limits, file_refs),
            then=lambda _: self._arrivals.announce(request.to),
        )

    async def recv(self, caller: Caller, request: wire.RecvRequest) -> wire.RecvReply:
        owner = caller.principal
        until = time.monotonic() + request.wait_seconds
        while True:
            seen = self._arrivals.moves(owner)
            taken = await self._database.write(lambda c: inbox.take(c, owner, request, _now()))
            left = until - time.monotonic()
            if taken.reply.messages or left <= 0:
                return taken.reply
            await self._arrivals.wait(owner, seen, min(left, taken.not_before or left))

    async def ack_turn(self, caller: Caller, request: wire.AckRequest) -> wire.AckReply:
        return await self._database.write(lambda c: inbox.ack(c, caller.principal, request, _now()))

    async def nack(self, caller: Caller, request: wire.NackRequest) -> wire.NackReply:
        def announce(put_back: inbox.PutBack) -> None:
            for name in (caller.principal, *put_back.told):
                self._arrivals.announce(name)

        put_back = await self._database.write(
            lambda c: inbox.nack(c, caller.principal, request, _now(), self._retries), then=announce
        )
        return put_back.reply

    async def requeue_inflight(self, caller: Caller, request: wire.RequeueRequest) -> wire.RequeueReply:
        return await self._database.write(
            lambda c: inbox.begin_epoch(c, caller.principal, request, _now()),
            then=lambda _: self._arrivals.announce(caller.principal),
        )

    async def recent(self, caller: Caller, request: wire.RecentRequest) -> wire.MessageList:
        return await self._database.read(lambda c: messages.recent(c, caller.principal, request))

    async def message_status(self, caller: Caller, request: wire.MessageId) -> wire.Message:
        return await self._database.read(lambda c: messages.status(c, caller.principal, request.id))

    async def history(self, _caller: Caller, request: wire.HistoryRequest) -> wire.MessageList:
        return await self._database.read(lambda c: messages.history(c, request))

    async def thread(self, _caller: Caller, request: wire.MessageId) -> wire.MessageList:
        return await self._database.read(lambda c: messages.thread(c, request.id))

    async def mark_shown(self, _caller: Caller, request: wire.MessageIds) -> wire.Changed:
        return await self._changed(lambda c: operator_mail.mark_shown(c, request.ids, _now()))

    async def mark_handled(self, _caller: Caller, request: wire.MessageIds) -> wire.Changed:
        return await self._changed(lambda c: operator_mail.mark_handled(c, request.ids, _now()))

    async def dead_retry(self, _caller: Caller, request: wire.MessageId) -> wire.Receipt:
        return await self._database.write(
            lambda c: dead_letters.retry(c, request.id), then=lambda r: self._arrivals.announce(r.recipient)
        )

    async def dead_dismiss(self, _caller: Caller, request: wire.MessageId) -> wire.Receipt:
        return await self._database.write(lambda c: dead_letters.dismiss(c, request.id, microseconds(_now())))

    async def open_inbox(self, _caller: Caller, request: wire.InboxName) -> Empty:
        now = _now()

        def work(connection: Connection) -> None:
            recipients.open_inbox(connection, request.name, request.may_write_to)
            due_reminders.retry_now(connection, request.name, now)

        def then(_: None) -> None:
            self._allow(request)
            self._clock.look(now)

        await self._database.write(work, then=then)
        return Empty()

    async def close_inbox(self, _caller: Caller, request: wire.InboxName) -> Empty:
        await self._database.write(
            lambda c: recipients.close_inbox(c, request.name), then=lambda _: self._arrivals.announce(request.name)
        )
        return Empty()

    async def read_file(self, _caller: Caller, request: wire.FileRequest) -> wire.FilePreview:
        sender, recipient, stored = await self._database.read(lambda c: messages.files_of(c, request.id))
        return await asyncio.to_thread(self._file_refs.preview, stored, request.number, sender, recipient)

    async def snapshot(self, _caller: Caller, _request: Empty) -> wire.BrokerSnapshot:
        store = self._database.store_id

        def look(connection: Connection) -> wire.BrokerSnapshot:
            latest = messages.history(connection, wire.HistoryRequest(limit=SNAPSHOT_MESSAGES))
            return wire.BrokerSnapshot(
                outbox_id=last_outbox_id(connection),
                store=store,
                inboxes=recipients.open_inboxes(connection),
                messages=latest.messages,
                more=latest.more,
                reminders=reminders.soonest_open(connection),
                reminder_counts=reminders.counts(connection),
            )

        return await self._database.read(look)

    def _allow(self, request: wire.InboxName) -> None:
        if request.may_write_to is None:
            self._allowed.pop(request.name, None)
        else:
            self._allowed[request.name] = frozenset(request.may_write_to)

    async def _changed(self, work: Callable[[Connection], int]) -> wire.Changed:
        return wire.Changed(changed=await self._database.write(work))


def _now() -> datetime:
    return datetime.now(UTC)
