"""An event's effect happens once, whatever sequence number it comes with."""

from datetime import UTC, datetime
from pathlib import Path

from hive_broker import messages, notices, recipients
from hive_kit.database import Database, migrate
from hive_kit.stream import Envelope, Position
from hive_wire import lifecycle
from hive_wire.broker import RecentRequest

LIFECYCLE = notices.LEDGERS[0]


async def test_an_event_that_comes_twice_is_told_once(tmp_path: Path) -> None:
    migrate(tmp_path / "broker.db", "hive_broker")
    database = Database(tmp_path / "broker.db")
    now = datetime.now(UTC)
    payload = lifecycle.ActionEnded(action=1, agent="scout", ok=True, requested_by="operator")
    await database.write(lambda c: recipients.open_inbox(c, "scout"))
    for seq in (1, 2):
        envelope = Envelope(
            Position("s", seq), "lifecycle:s:1", lifecycle.STARTED.subject, payload.model_dump_json().encode()
        )
        await database.write(lambda c, envelope=envelope: notices.take_in(c, LIFECYCLE, envelope, now))
    listed = await database.read(lambda c: messages.recent(c, "scout", RecentRequest()))
    assert len(listed.messages) == 1
    assert await database.read(LIFECYCLE.position) == Position("s", 2)
    database.close()
