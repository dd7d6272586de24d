"""Files that messages name: what counts as one, who may point at it, and what the operator gets to see of it."""

import os
from pathlib import Path

import pytest
from hive_broker.file_refs import PREVIEW_BYTES, FileRefs
from hive_broker.rows import refs_of
from hive_broker.shared_folders import SharedFolders
from hive_kit.bus import Bus
from hive_kit.testing import ServiceProcess, TestNats
from hive_wire import broker as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import MANAGER


def _write(state: Path, path: str, text: str = "content") -> Path:
    file = state / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def _scout(state: Path, name: str = "x.md", text: str = "content") -> Path:
    return _write(state, f"shared/agents/scout/state/{name}", text)


def _found(state: Path, body: str, sender: str = "scout", recipient: str = "operator") -> list[str]:
    file_refs = FileRefs(SharedFolders(state))
    assert file_refs.may_be_in(body)
    return [ref.path for ref in refs_of(file_refs.find(body, sender, recipient))]


def _preview(state: Path, path: str, sender: str = "scout") -> wire.FilePreview:
    file_refs = FileRefs(SharedFolders(state))
    return file_refs.preview(file_refs.find(path, sender, "operator"), 0, sender, "operator")


async def _send(bus: Bus, to: str, body: str) -> int:
    return (await bus.call(wire.SEND, wire.SendRequest(to=to, body=body, key="k"))).id


async def _open(nats: TestNats, *names: str) -> None:
    lifecycle = await nats.bus("lifecycle")
    for name in names:
        await lifecycle.call(wire.OPEN_INBOX, wire.InboxName(name=name))


@pytest.mark.spec("MSG-11", door="wire")
async def test_a_file_that_a_message_names_is_attached_and_readable_for_the_operator_alone(
    nats: TestNats, broker: ServiceProcess
) -> None:
    await _open(nats, "scout", "coder")
    _scout(nats.folder, "report.md", "all is well")
    _write(nats.folder, "shared/agents/coder/state/todo.txt", "later")
    scout, coder, operator = [await nats.bus(name) for name in ("scout", "coder", "operator")]
    message = await _send(scout, "coder", "see `/state/report.md`, /state/todo.txt and /state/missing.md.")
    (shown,) = (await operator.call(wire.HISTORY, wire.HistoryRequest())).messages
    assert shown.file_refs == [
        wire.FileRef(path="/state/report.md", size=11),
        wire.FileRef(path="/state/todo.txt", size=5),
    ]
    previews = [await operator.call(wire.READ_FILE, wire.FileRequest(id=message, number=n)) for n in (0, 1)]
    assert [(p.path, p.text, p.size, p.cut) for p in previews] == [
        ("/state/report.md", "all is well", 11, False),
        ("/state/todo.txt", "later", 5, False),
    ]
    for agent in (scout, coder):
        assert (await agent.call(wire.MESSAGE_STATUS, wire.MessageId(id=message))).file_refs == []
        with pytest.raises(Refusal) as refused:
            await agent.call(wire.READ_FILE, wire.FileRequest(id=message, number=0))
        assert refused.value.code is not ErrorCode.INTERNAL


async def test_what_is_not_there_can_not_be_read(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout")
    report = _scout(nats.folder, "report.md")
    operator = await nats.bus("operator")
    message = await _send(operator, "scout", "/state/report.md")
    report.unlink()
    for request in (
        wire.FileRequest(id=message, number=0),
        wire.FileRequest(id=message, number=1),
        wire.FileRequest(id=999, number=0),
    ):
        with pytest.raises(Refusal) as refused:
            await operator.call(wire.READ_FILE, request)
        assert refused.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    "body",
    [
        "/state/x.md",
        "look at /state/x.md.",
        "look at (/state/x.md), please",
        "**/state/x.md** and `/state/x.md`: the same",
        "[the report](/state/x.md)",
        "_/state/x.md_",
        '"/state/x.md"',
        "/state/x.md:12: wrong",
        "«/state/x.md»…",
    ],
)
def test_a_path_is_found_whatever_stands_around_it(tmp_path: Path, body: str) -> None:
    _scout(tmp_path)
    assert _found(tmp_path, body) == ["/state/x.md"]


@pytest.mark.parametrize(
    "body",
    [
        "/state/folder.d",
        "/state/pipe.md",
        "/state/README",
        "/state/.env",
        "/state/sub/../x.md",
        "https://example.org/state/x.md",
        "./state/x.md",
        "/state/",
        "/agents/",
        "/state/x.md/",
        "/state/x\0.md",
        "/state/" + "x" * 300 + ".md",
    ],
)
def test_what_is_no_plain_file_with_an_extension_is_not_attached(tmp_path: Path, body: str) -> None:
    _scout(tmp_path)
    _scout(tmp_path, "README")
    _scout(tmp_path, ".env")
    folder = tmp_path / "shared/agents/scout/state"
    (folder / "folder.d").mkdir()
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe.md")
    assert _found(tmp_path, body) == []


@pytest.mark.parametrize(
    ("sender", "recipient", "path", "attached"),
    [
        ("scout", "operator", "/state/x.md", True),
        ("operator", "scout", "/state/x.md", True),
        ("operator", "scout", "/agents/scout/config/agent.nix", True),
        ("coder", "operator", "/agents/scout/state/x.md", False),
        ("coder", "scout", "/agents/scout/state/x.md", True),
        ("coder", "operator", "/agents/scout/config/agent.nix", False),
        (MANAGER, "operator", "/agents/scout/state/x.md", True),
        (MANAGER, "operator", "/agents/scout/config/agent.nix", True),
        (MANAGER, "operator", "/config/proposed/scout/agent.nix", True),
        ("operator", "operator", "/agents/scout/state/x.md", False),
        ("scout", "operator", "{state}/shared/agents/scout/state/x.md", True),
        ("scout", "operator", "{state}/shared/agents/scout/config/agent.nix", True),
        ("scout", "operator", "{state}/agents/scout/state/x.md", True),
        ("coder", "operator", "{state}/shared/agents/scout/state/x.md", False),
        ("scout", "operator", "{state}/agents/scout/run/settings.json", False),
        (MANAGER, "operator", "{state}/broker.db", False),
        (MANAGER, "operator", "{state}/shared/agents/../../broker.db", False),
    ],
)
def test_a_file_is_attached_only_from_the_shared_folders_of_the_two(
    tmp_path: Path, sender: str, recipient: str, path: str, *, attached: bool
) -> None:
    _scout(tmp_path)
    _write(tmp_path, "config/proposed/scout/agent.nix")
    _write(tmp_path, "agents/scout/run/settings.json")
    _write(tmp_path, "broker.db")
    named = path.format(state=tmp_path)
    assert _found(tmp_path, f"see {named}", sender, recipient) == ([named] if attached else [])


def test_of_two_files_of_one_name_the_senders_is_meant(tmp_path: Path) -> None:
    _scout(tmp_path, text="from the sender")
    _write(tmp_path, "shared/agents/coder/state/x.md", "mine")
    file_refs = FileRefs(SharedFolders(tmp_path))
    stored = file_refs.find("/state/x.md", "scout", "coder")
    assert file_refs.preview(stored, 0, "scout", "coder").text == "from the sender"


@pytest.mark.parametrize(
    ("target", "attached"),
    [
        ("real.md", True),
        ("sub/../real.md", True),
        ("/state/real.md", True),
        ("/agents/scout/config/agent.nix", True),
        ("../../../../config/proposed/scout/agent.nix", True),
        ("../../coder/state/x.md", False),
        ("../../../../broker.db", False),
        ("../../../../../../../../../../etc/passwd", False),
        ("/etc/hostname", False),
        ("{state}/shared/agents/coder/state/x.md", False),
        ("link.md", False),
    ],
)
def test_links_are_followed_as_long_as_they_stay_inside(tmp_path: Path, target: str, *, attached: bool) -> None:
    _scout(tmp_path, "real.md")
    _scout(tmp_path, "sub/other.md")
    _write(tmp_path, "config/proposed/scout/agent.nix")
    _write(tmp_path, "shared/agents/coder/state/x.md")
    _write(tmp_path, "broker.db")
    (tmp_path / "shared/agents/scout/state/link.md").symlink_to(target.format(state=tmp_path))
    assert _found(tmp_path, "/state/link.md") == (["/state/link.md"] if attached else [])


@pytest.mark.parametrize("swapped", ["file", "folder"])
def test_a_link_swapped_in_later_shows_nothing_from_outside(tmp_path: Path, swapped: str) -> None:
    secret = _write(tmp_path, "secrets/x.md", "secret")
    report = _scout(tmp_path, "reports/x.md", "harmless")
    file_refs = FileRefs(SharedFolders(tmp_path))
    stored = file_refs.find("/state/reports/x.md", "scout", "operator")
    assert file_refs.preview(stored, 0, "scout", "operator").text == "harmless"
    report.unlink()
    if swapped == "file":
        report.symlink_to(secret)
    else:
        report.parent.rmdir()
        report.parent.symlink_to(secret.parent)
    with pytest.raises(Refusal) as refused:
        file_refs.preview(stored, 0, "scout", "operator")
    assert refused.value.code is ErrorCode.BAD_PATH


def test_what_is_opened_is_opened_without_following_a_link(tmp_path: Path) -> None:
    """Whatever happens between resolving and opening."""
    _write(tmp_path, "secrets/x.md", "secret")
    state = tmp_path / "shared/agents/scout/state"
    state.mkdir(parents=True)
    (state / "link").symlink_to(tmp_path / "secrets")
    (state / "x.md").symlink_to(tmp_path / "secrets" / "x.md")
    folders = SharedFolders(tmp_path)
    for path in ("link/x.md", "x.md"):
        with pytest.raises((OSError, Refusal)):
            folders.head(("shared", "agents", "scout", "state", *path.split("/")), 100)


def test_a_preview_is_the_beginning_of_a_text(tmp_path: Path) -> None:
    text = "x" + "ü" * PREVIEW_BYTES
    _scout(tmp_path, text=text)
    seen = _preview(tmp_path, "/state/x.md")
    assert (seen.cut, seen.size) == (True, len(text.encode()))
    assert seen.text == "x" + "ü" * (PREVIEW_BYTES // 2 - 1)


@pytest.mark.parametrize("content", [b"a\0b", b"\xff\xfe", b"whole \xc3"])
def test_a_file_that_is_no_text_has_no_preview(tmp_path: Path, content: bytes) -> None:
    _scout(tmp_path).write_bytes(content)
    assert _preview(tmp_path, "/state/x.md").text is None


def test_twenty_files_are_attached_at_most(tmp_path: Path) -> None:
    for number in range(25):
        _scout(tmp_path, f"{number}.md")
    assert len(_found(tmp_path, " ".join(f"/state/{n}.md" for n in range(25)))) == 20


def test_a_body_that_names_no_shared_folder_is_not_looked_through(tmp_path: Path) -> None:
    file_refs = FileRefs(SharedFolders(tmp_path))
    assert not file_refs.may_be_in("the state of /etc/passwd and agents/x.md " * 100)
