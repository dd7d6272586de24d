"""Keys and tokens that the operator hands over."""

import sqlite3
from contextlib import closing

import pytest
from hive_lifecycle.secrets import Secrets
from hive_wire import lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import SecretRequest

KEY, TOKEN = "anthropic-api-key", "claude-oauth-token"


@pytest.mark.spec("LGN-3", door="wire")
async def test_a_secret_reaches_the_agents_there_are_and_those_to_come(hive):
    await hive.start()
    view = await hive.spawned("coder")
    assert view.logged_in is False
    await hive.operator.call(lifecycle.SET_SECRET, SecretRequest(name=KEY, value="sk-ant-swarm"))
    await hive.until("coder", logged_in=True)
    assert hive.report("coder")["secrets"] == {KEY: "sk-ant-swarm"}
    assert (await hive.spawned("writer")).logged_in is True
    await hive.operator.call(lifecycle.SET_SECRET, SecretRequest(name=TOKEN, value="own-token", agent="writer"))
    assert hive.report("writer")["secrets"] == {TOKEN: "own-token"}
    assert hive.report("coder")["secrets"] == {KEY: "sk-ant-swarm"}


async def test_a_secret_is_in_no_event_no_log_and_no_table(hive):
    await hive.start()
    await hive.spawned("coder")
    await hive.operator.call(lifecycle.SET_SECRET, SecretRequest(name=KEY, value="sk-ant-needle"))
    await hive.until("coder", logged_in=True)
    assert "needle" not in str(hive.events)
    assert "needle" not in hive.processes["lifecycle"].log
    with closing(sqlite3.connect(hive.state / "lifecycle.db")) as connection:
        assert "needle" not in "\n".join(connection.iterdump())
    for file in (hive.state / "secrets").rglob("*-*"):
        assert file.stat().st_mode & 0o077 == 0


async def test_a_secret_for_nobody_is_refused(hive):
    await hive.start()
    with pytest.raises(Refusal) as refused:
        await hive.operator.call(lifecycle.SET_SECRET, SecretRequest(name=KEY, value="x", agent="nobody"))
    assert refused.value.code is ErrorCode.UNKNOWN_AGENT


def test_the_newest_secret_replaces_the_one_before_whatever_its_kind(tmp_path):
    secrets = Secrets(tmp_path / "secrets")
    to = tmp_path / "to"
    to.mkdir()
    secrets.put(None, KEY, "one")
    assert secrets.hand_over("coder", to, None)
    assert not secrets.hand_over("coder", to, None)
    secrets.put(None, TOKEN, "two")
    assert secrets.hand_over("coder", to, None)
    assert {file.name: file.read_text() for file in to.iterdir()} == {TOKEN: "two"}
    secrets.put("coder", KEY, "own")
    assert secrets.of("coder") == {KEY: "own"}
    secrets.forget("coder")
    assert secrets.of("coder") == {TOKEN: "two"}
