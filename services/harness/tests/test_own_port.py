"""The agent's own port."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from hive_harness.http import OwnPort, bind
from hive_harness.settings import Settings
from hive_kit.testing import free_port
from hive_wire.live import AgentState, AgentStatus


@asynccontextmanager
async def serving() -> AsyncGenerator[int]:
    settings = Settings(agent="ada", http_port=free_port(), dashboard_url="http://127.0.0.1:7100")
    port = OwnPort(settings, lambda: AgentStatus(state=AgentState.IDLE, since=datetime.now(UTC)))
    await port.start()
    assert settings.http_port is not None
    yield settings.http_port
    await port.stop()


async def get(port: int, path: str, method: str = "GET") -> tuple[str, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return head, body


@pytest.mark.spec("PRT-1", door="http")
async def test_the_port_answers_with_health_metrics_and_a_link_and_no_script() -> None:
    async with serving() as port:
        head, body = await get(port, "/healthz")
        assert " 200 " in head.split("\r\n")[0]
        assert json.loads(body)["state"] == "idle"
        assert "python_info" in (await get(port, "/metrics"))[1]
        head, body = await get(port, "/")
        assert 'href="http://127.0.0.1:7100/a/ada"' in body
        assert "default-src 'none'" in head
        assert "<script" not in body
        assert " 404 " in (await get(port, "/other"))[0]
        assert " 405 " in (await get(port, "/", "POST"))[0]
        assert (await get(port, "/", "HEAD"))[1] == ""


@pytest.mark.spec("PRT-3", door="http")
async def test_a_port_in_use_is_waited_for() -> None:
    port = free_port()
    taken = await bind("127.0.0.1", port)
    waiting = asyncio.create_task(bind("127.0.0.1", port))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    taken.close()
    (await waiting).close()


@pytest.mark.spec("PRT-3", door="http")
async def test_any_other_error_of_binding_fails_at_once() -> None:
    with pytest.raises(OSError, match="assign requested address"):
        await bind("203.0.113.7", free_port())
