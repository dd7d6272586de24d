"""The revoker: only lifecycle may ask, the server obeys, and a server that lost its memory learns again."""

import asyncio
import shutil

import pytest
from hive_kit.bus import Bus
from hive_kit.identity import read_creds
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.revoker import REVOKE, RevokeRequest


def key_of(hive, name):
    return RevokeRequest(public_key=read_creds(hive.nats.creds(name)).public_key)


@pytest.mark.spec("OPS-4", door="wire")
async def test_revoked_credentials_end_at_once_and_stay_ended(hive):
    await hive.start_revoker()
    lifecycle, agent = await hive.nats.bus("lifecycle"), await hive.nats.bus("coder")
    other = await hive.nats.bus("writer")
    await lifecycle.call_persistently(REVOKE, key_of(hive, "coder"))
    await asyncio.wait_for(agent.closed.wait(), 5)
    await lifecycle.call(REVOKE, key_of(hive, "coder"))
    assert not other.closed.is_set()
    await hive.nats.restart()
    with pytest.raises(Refusal) as refused:
        await Bus.connect(hive.nats.url, "coder", hive.nats.creds("coder"), wait_seconds=5)
    assert refused.value.code is ErrorCode.FORBIDDEN


async def test_a_server_that_was_restored_learns_the_revocations_at_the_revokers_start(hive):
    before = hive.state / "jwt-before"
    shutil.copytree(hive.state / "jwt", before)
    await hive.start_revoker()
    lifecycle = await hive.nats.bus("lifecycle")
    await lifecycle.call_persistently(REVOKE, key_of(hive, "coder"))
    assert await hive.terminate("revoker") == 0
    hive.nats.kill()
    shutil.rmtree(hive.state / "jwt")
    shutil.copytree(before, hive.state / "jwt")
    await hive.nats.start()
    await hive.start_revoker()
    await lifecycle.call_persistently(REVOKE, key_of(hive, "writer"))
    with pytest.raises(Refusal) as refused:
        await Bus.connect(hive.nats.url, "coder", hive.nats.creds("coder"), wait_seconds=5)
    assert refused.value.code is ErrorCode.FORBIDDEN


async def test_only_lifecycle_may_revoke(hive):
    await hive.start_revoker()
    lifecycle, broker, operator = [await hive.nats.bus(name) for name in ("lifecycle", "broker", "operator")]
    await lifecycle.call_persistently(REVOKE, key_of(hive, "writer"))
    for bus in (broker, operator):
        with pytest.raises(Refusal) as refused:
            await bus.call(REVOKE, key_of(hive, "coder"))
        assert refused.value.code is ErrorCode.FORBIDDEN
