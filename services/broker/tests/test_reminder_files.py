"""Long texts of reminders as files in their owner's state folder; what can't be delivered is tried again."""

import os
import stat
from pathlib import Path

import pytest
from hive_broker import reminder_files
from hive_broker.shared_folders import SharedFolders, state_folder
from hive_kit.bus import Bus
from hive_kit.testing import ServiceProcess, TestNats, eventually
from hive_wire import broker as wire
from hive_wire.errors import ErrorCode, Refusal

LONG = "word " * 100_000


def _state(nats: TestNats, name: str) -> Path:
    folder = nats.folder.joinpath(*state_folder(name))
    folder.mkdir(parents=True)
    return folder


async def _scout(nats: TestNats) -> Bus:
    lifecycle = await nats.bus("lifecycle")
    await lifecycle.call(wire.OPEN_INBOX, wire.InboxName(name="scout"))
    return await nats.bus("scout")


async def _remind(bus: Bus, path: str, text: str = "the plan", key: str = "k") -> wire.Reminder:
    return await bus.call(wire.REMIND, wire.RemindRequest(message=text, in_seconds=0, file_path=path, key=key))


async def _mail(nats: TestNats) -> wire.Message:
    operator = await nats.bus("operator")

    async def look() -> list[wire.Message]:
        return (await operator.call(wire.RECENT, wire.RecentRequest(inbox="scout"))).messages

    (message,) = await eventually(look)
    return message


async def _failed(bus: Bus, attempts: int = 1) -> wire.Reminder:
    async def look() -> list[wire.Reminder]:
        return (await bus.call(wire.REMINDERS, wire.RemindersRequest())).reminders

    (reminder,) = await eventually(look, lambda seen: bool(seen) and seen[0].attempts >= attempts)
    assert reminder.state is wire.ReminderState.FAILED
    assert reminder.next_attempt is not None
    return reminder


@pytest.mark.spec("REM-2", door="wire")
async def test_a_long_text_is_written_to_the_file_and_the_message_points_there(
    nats: TestNats, broker: ServiceProcess
) -> None:
    folder = _state(nats, "scout")
    scout = await _scout(nats)
    await _remind(scout, "/state/plans/monday.md", LONG[:262_144])
    message = await _mail(nats)
    assert "/state/plans/monday.md" in message.body
    assert LONG[:20] not in message.body
    assert (folder / "plans" / "monday.md").read_text() == LONG[:262_144]
    assert message.file_refs == [wire.FileRef(path="/state/plans/monday.md", size=262_144)]
    assert list(folder.rglob(".*")) == []


@pytest.mark.parametrize("form", ["notes.md", "/state/notes.md", "{host}/notes.md"])
async def test_a_file_is_named_as_its_owner_sees_it(nats: TestNats, broker: ServiceProcess, form: str) -> None:
    folder = _state(nats, "scout")
    (folder / "notes.md").write_text("what was there")
    await _remind(await _scout(nats), form.format(host=folder))
    await _mail(nats)
    assert (folder / "notes.md").read_text() == "the plan"


@pytest.mark.spec("REM-2", door="wire")
@pytest.mark.parametrize(
    "path",
    [
        "../coder/state/x.md",
        "/state/../x.md",
        "/etc/passwd",
        "/agents/coder/state/x.md",
        "{state}/shared/agents/coder/state/x.md",
        "{state}/broker.db",
        "/state/",
        "/state/folder/",
        ".",
        "x\0.md",
    ],
)
async def test_a_file_outside_the_owners_folder_is_refused(nats: TestNats, broker: ServiceProcess, path: str) -> None:
    _state(nats, "scout")
    _state(nats, "coder")
    with pytest.raises(Refusal) as refused:
        await _remind(await _scout(nats), path.format(state=nats.folder))
    assert refused.value.code is ErrorCode.BAD_PATH


async def test_the_operator_has_no_folder_for_files(nats: TestNats, broker: ServiceProcess) -> None:
    with pytest.raises(Refusal) as refused:
        await _remind(await nats.bus("operator"), "/state/x.md")
    assert refused.value.code is ErrorCode.BAD_PATH


@pytest.mark.spec("REM-2", door="wire")
@pytest.mark.spec("REM-3", door="wire")
@pytest.mark.parametrize("link", ["out", "out/x.md"])
async def test_a_link_on_the_way_is_never_followed_and_the_failure_is_told_until_it_is_gone(
    nats: TestNats, broker: ServiceProcess, link: str, tmp_path: Path
) -> None:
    folder = _state(nats, "scout")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.md").write_text("precious")
    if link == "out":
        (folder / "out").symlink_to(elsewhere)
    else:
        (folder / "out").mkdir()
        (folder / "out" / "x.md").symlink_to(elsewhere / "x.md")
    scout = await _scout(nats)
    await _remind(scout, "/state/out/x.md")
    reminder = await _failed(scout, attempts=3)
    assert reminder.error is not None
    assert "/state/out/x.md" in reminder.error
    assert (elsewhere / "x.md").read_text() == "precious"

    (folder / link).unlink()
    await _mail(nats)
    assert (folder / "out" / "x.md").read_text() == "the plan"
    assert (elsewhere / "x.md").read_text() == "precious"


@pytest.mark.spec("REM-3", door="wire")
async def test_a_reminder_of_an_agent_that_is_gone_waits_until_it_is_back(
    nats: TestNats, broker: ServiceProcess
) -> None:
    scout, operator, lifecycle = await _scout(nats), await nats.bus("operator"), await nats.bus("lifecycle")
    await lifecycle.call(wire.CLOSE_INBOX, wire.InboxName(name="scout"))
    await scout.call(wire.REMIND, wire.RemindRequest(message="feed the cat", in_seconds=0, key="k"))
    reminder = await _failed(operator, attempts=2)
    assert reminder.error is not None
    snapshot = await lifecycle.call(wire.REMINDERS, wire.RemindersRequest(owner="scout"))
    assert [r.id for r in snapshot.reminders] == [reminder.id]
    await lifecycle.call(wire.OPEN_INBOX, wire.InboxName(name="scout"))
    assert (await _mail(nats)).body.endswith("feed the cat")
    assert (await operator.call(wire.REMINDERS, wire.RemindersRequest())).reminders == []


@pytest.mark.spec("REM-3", door="wire")
async def test_a_failed_reminder_can_be_cancelled(nats: TestNats, broker: ServiceProcess) -> None:
    scout = await _scout(nats)
    await _remind(scout, "/state/x.md")  # it has no state folder
    reminder = await _failed(scout)
    cancelled = await scout.call(wire.CANCEL_REMINDER, wire.ReminderId(id=reminder.id))
    assert cancelled.state is wire.ReminderState.CANCELLED


def test_a_file_belongs_to_whom_its_folder_belongs_to(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*state_folder("scout"))
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(folder, 4711, 4712)
    folder.chmod(0o2770)
    folders = SharedFolders(tmp_path)
    place = reminder_files.place_of(folders, "scout", "/state/plans/x.md")
    reminder_files.write(folders, place, 1, "the plan")
    made = (folder / "plans").stat()
    written = (folder / "plans" / "x.md").stat()
    assert {(s.st_uid, s.st_gid) for s in (made, written)} == {(folder.stat().st_uid, folder.stat().st_gid)}
    assert (stat.S_IMODE(made.st_mode), stat.S_IMODE(written.st_mode)) == (0o2770, 0o660)


def test_a_fifo_or_a_folder_in_its_place_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*state_folder("scout"))
    (folder / "taken.md").mkdir(parents=True)
    os.mkfifo(folder / "pipe.md")
    folders = SharedFolders(tmp_path)
    for name in ("pipe.md", "taken.md"):
        with pytest.raises(Refusal) as refused:
            reminder_files.write(folders, (*state_folder("scout"), name), 1, "the plan")
        assert refused.value.code is ErrorCode.BAD_PATH


def test_what_a_killed_attempt_left_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*state_folder("scout"))
    folder.mkdir(parents=True)
    (folder / ".reminder-7.tmp").write_text("half of")
    reminder_files.write(SharedFolders(tmp_path), (*state_folder("scout"), "x.md"), 7, "the plan")
    assert [path.name for path in folder.iterdir()] == ["x.md"]
