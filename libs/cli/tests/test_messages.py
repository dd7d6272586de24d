"""Messages through the command line, against a real broker."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hive_cli.problems import Exit
from hive_kit.swarm import SwarmConfig
from hive_wire import broker, lifecycle
from hive_wire.lifecycle import SecretRequest

from .conftest import Running

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("running")]
SECONDS = 60.0


@contextlib.contextmanager
def following(swarm: SwarmConfig, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """A `tail` or `tap` that listens already."""
    command = [sys.executable, "-m", "hive_cli", "--state", str(swarm.state), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "listening\n"
        try:
            yield process
            process.wait(SECONDS)
        finally:
            process.kill()


@pytest.mark.spec("MSG-1", door="cli")
@pytest.mark.spec("MSG-8", door="cli")
@pytest.mark.spec("MSG-15", door="cli")
async def test_a_message_is_sent_listed_and_followed(running: Running) -> None:
    sent = await running.answer("send", "scout", "look around")
    listed = {m["id"]: m for m in (await running.answer("inbox", "scout"))["messages"]}
    assert (listed[sent["id"]]["body"], listed[sent["id"]]["state"]) == ("look around", "pending")
    receipt = await running.answer("message", str(sent["id"]))
    assert receipt["stored_at"]
    assert (receipt["delivered_at"], receipt["acked_at"]) == (None, None)
    assert sent["id"] not in [m["id"] for m in (await running.answer("inbox"))["messages"]]


@pytest.mark.spec("MSG-14", door="cli")
async def test_a_body_from_stdin_may_answer_a_message(running: Running) -> None:
    first = await running.answer("send", "scout", "-", text="line one\nline two\n")
    second = await running.answer("send", "scout", "more", "--reply-to", str(first["id"]))
    messages = {m["id"]: m for m in (await running.answer("inbox", "scout"))["messages"]}
    assert messages[first["id"]]["body"] == "line one\nline two\n"
    assert messages[second["id"]]["in_reply_to"] == first["id"]


@pytest.mark.spec("MSG-2", door="cli")
async def test_the_same_key_sends_once(running: Running) -> None:
    first = await running.answer("send", "scout", "hi", "--key", "k")
    again = await running.answer("send", "scout", "hi", "--key", "k")
    assert (again["id"], again["repeated"]) == (first["id"], True)
    other = await running.hive("send", "scout", "something else", "--key", "k")
    assert (other.returncode, other.stderr.split(":")[0]) == (Exit.FAILED, "key_reused")


@pytest.mark.spec("OPS-12", door="cli")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("send", "nobody", "hi"), "unknown_recipient"),
        (("send", "scout", "x" * 130_000 + "ü" * 70_000), None),
        (("message", "999"), "not_found"),
        (("dead", "retry", "999"), "not_found"),
        (("call", "broker", "send", "{not json"), "bad_request"),
        (("call", "broker", "open_inbox", '{"name": "bob"}'), "forbidden"),
        (("call", "agent", "status", "--agent", "nobody"), "unavailable"),
        (("call", "agent", "status"), "bad_request"),
    ],
)
async def test_what_can_not_be_done_has_its_code(
    running: Running, arguments: tuple[str, ...], code: str | None
) -> None:
    text = ""
    if code is None:  # too large for one argument of the command line
        arguments, code, text = ("send", "scout", "-"), "body_too_large", "x" * (256 * 1024 + 1)
    done = await running.hive(*arguments, text=text)
    assert done.stderr.split(":")[0] == code
    assert len(done.stderr.splitlines()) == 1
    assert done.returncode == (Exit.UNREACHABLE if code == "unavailable" else Exit.FAILED)


async def test_a_verb_can_be_called_by_name(running: Running) -> None:
    stored = await running.answer("call", "broker", "send", '{"to": "scout", "body": "hi", "key": "k1"}')
    assert (await running.answer("call", "broker", "message_status", "-", text=json.dumps({"id": stored["id"]})))[
        "body"
    ] == "hi"
    verbs = await running.answer("call")
    assert {"service": "broker", "verb": "send"}.items() <= next(v for v in verbs if v["verb"] == "send").items()


async def test_the_tap_pairs_requests_with_replies_and_masks_secrets(running: Running) -> None:
    secret = SecretRequest(name="anthropic-api-key", value="sk-very-secret").model_dump_json()
    with following(running.swarm, "tap", "--from", "operator", "--count", "3") as tapping:
        await running.answer("send", "scout", "hi")
        await running.hive("send", "nobody", "hi")
        await running.hive("call", lifecycle.SERVICE, "set_secret", secret)
        output, _ = await asyncio.to_thread(tapping.communicate, timeout=SECONDS)
    first, second, third = output.splitlines()
    assert "operator → broker.send" in first
    assert " ok " in first
    assert "unknown_recipient" in second
    assert "unanswered" in third
    assert "sk-very-secret" not in output


async def test_the_tap_shows_errors_only_when_asked(running: Running) -> None:
    with following(running.swarm, "tap", "--errors", "--to", "broker", "--count", "1") as tapping:
        await running.answer("send", "scout", "hi")
        await running.hive("send", "nobody", "hi")
        output, _ = await asyncio.to_thread(tapping.communicate, timeout=SECONDS)
    assert "unknown_recipient" in output


async def test_tail_follows_what_happens_to_an_agent(running: Running) -> None:
    with following(running.swarm, "tail", "scout", "--count", "1") as tailing:
        await running.answer("send", "operator", "not about scout")
        await running.answer("send", "scout", "hello scout")
        output, _ = await asyncio.to_thread(tailing.communicate, timeout=SECONDS)
    assert "broker.message.stored" in output
    assert "hello scout" in output


async def test_escape_sequences_in_a_body_do_not_reach_the_terminal(running: Running) -> None:
    sent = await running.answer("send", "scout", "\x1b[31mred\x07\nnext")
    for arguments in (("inbox", "scout"), ("message", str(sent["id"]))):
        shown = (await running.hive(*arguments)).stdout
        assert "\x1b" not in shown
        assert "\x07" not in shown


async def test_tables_say_when_there_is_nothing(running: Running) -> None:
    await running.core.call(broker.OPEN_INBOX, broker.InboxName(name="hermit"))
    assert (await running.hive("inbox", "hermit")).stdout == "nothing in the inbox of hermit\n"
    assert (await running.hive("dead", "list")).stdout == "no dead messages\n"


@pytest.mark.spec("MSG-11", door="cli")
async def test_files_that_a_body_names_are_listed_and_can_be_looked_at(running: Running) -> None:
    folder = running.swarm.state / "shared" / "agents" / "scout" / "state"
    folder.mkdir(parents=True)
    (folder / "notes.md").write_text("first line\x1b[2J\nsecond line\n")
    sent = await running.answer("send", "scout", "look at /state/notes.md, please")
    shown = (await running.hive("message", str(sent["id"]))).stdout
    assert "file 0  /state/notes.md  27 bytes" in shown
    looked = (await running.hive("file", str(sent["id"]))).stdout
    assert looked == "/state/notes.md  27 bytes\nfirst line\N{REPLACEMENT CHARACTER}[2J\nsecond line\n"
    assert (await running.hive("file", str(sent["id"]), "1")).stderr.split(":")[0] == "not_found"
