"""A forge that is out of order: decisions don't wait for it, and it is asked again."""

import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hive_kit.testing import eventually
from hive_wire.approvals import ApprovalStatus


class Broken:
    """A forge that answers every request with an error, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    async def times(self, agent: str, number: int) -> None:
        """Return when it was asked about an agent's repository so many times."""

        async def look() -> int:
            return len([path for path in self.asked if path.endswith(f"/hyperhive/{agent}")])

        await eventually(look, lambda seen: seen >= number)


@pytest.fixture
def forge() -> Generator[Broken]:
    forge = Broken()
    yield forge
    forge.server.shutdown()
    forge.server.server_close()


@pytest.mark.spec("APR-11", door="wire")
async def test_a_forge_that_is_down_blocks_nothing_and_is_asked_again_also_at_start(idle_desk, forge, tmp_path):
    desk = idle_desk
    (tmp_path / "token").write_text("secret-token")
    desk.configure(forge_url=forge.url, forge_token_file=str(tmp_path / "token"))
    await desk.start()
    await desk.agent("scout")
    asked = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'))
    done = await desk.deployed(asked)
    assert done.status is ApprovalStatus.DEPLOYED
    await forge.times("scout", 3)
    assert await desk.service.terminate() == 0
    forge.asked.clear()
    await desk.start()
    await forge.times("scout", 2)
    assert "secret-token" not in desk.service.log
