"""Copies on a forge: git's own HTTP server behind a token, with as much of Forgejo's API as creating takes."""

import base64
import json
import os
import subprocess
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hive_approvals.mirror import Mirror
from structlog.testing import capture_logs

Shop = Any  # the fixture's class, in conftest.py
AGENT = "scout"
TOKEN = "s3cret-t0ken-of-the-forge"


@dataclass
class Forge:
    """Bare repositories under `<folder>/<organisation>/<name>.git`, for those who have the token."""

    folder: Path
    port: int = 0
    created: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    redirect_to: str | None = None
    seen: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def create(self, organisation: str, wanted: dict[str, Any]) -> int:
        place = self.folder / organisation / f"{wanted['name']}.git"
        if place.exists():
            return 409
        self.created.append(wanted)
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(place)], check=True)
        subprocess.run(["git", "-C", str(place), "config", "http.receivepack", "true"], check=True)
        return 201

    def refs(self, organisation: str = "hyperhive") -> str:
        place = self.folder / organisation / f"{AGENT}.git"
        words = ["for-each-ref", "--format=%(objectname) %(refname)"]
        return subprocess.check_output(["git", "-C", str(place), *words], text=True)


def _handler(forge: Forge) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self._body()
            forge.seen.append(f"{self.command} {self.path}")
            if forge.redirect_to is not None:
                self._send(307, b"", {"Location": forge.redirect_to + self.path})
            elif self.path.startswith("/api/v1/"):
                self._api(body)
            elif self.headers.get("Authorization") != _basic():
                self._send(401, b"", {"WWW-Authenticate": 'Basic realm="forge"'})
            else:
                self._git(body)

        def _api(self, body: bytes) -> None:
            parts = self.path.split("/")
            if self.headers.get("Authorization") != f"token {TOKEN}":
                self._send(401, b"{}", {})
            elif self.command == "GET":
                self._send(200 if (forge.folder / parts[4] / f"{parts[5]}.git").exists() else 404, b"{}", {})
            else:
                self._send(forge.create(parts[4], json.loads(body)), b"{}", {})

        def _git(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            environment = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(forge.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "REMOTE_USER": "hyperhive",
            }
            made = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment, check=True)
            head, _, content = made.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self._send(int(headers.pop("Status", "200").split()[0]), content, headers)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts: list[bytes] = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


def _basic() -> str:
    return "Basic " + base64.b64encode(f"hyperhive:{TOKEN}".encode()).decode()


@pytest.fixture
def forge(tmp_path: Path) -> Generator[Forge]:
    made = Forge(tmp_path / "forge")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.daemon_threads = True
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    place = tmp_path / "token"
    place.write_text(TOKEN + "\n")
    return place


def _refs(shop: Shop) -> str:
    return shop.in_applied("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/main", "refs/tags") + "\n"


def test_main_and_every_tag_are_pushed_into_a_private_repository(shop: Shop, forge: Forge, token_file: Path) -> None:
    mirror = Mirror(forge.url + "/", "hyperhive", token_file)
    assert mirror.push(AGENT, shop.applied)
    assert forge.refs() == _refs(shop)
    assert [(each["name"], each["private"]) for each in forge.created] == [(AGENT, True)]
    commit = shop.commit({"x.nix": b"{ }\n"})
    shop.propose(commit)
    shop.repos.tag(AGENT, "proposal/1", commit)
    shop.repos.set_branch(AGENT, "build/1", commit)
    shop.repos.annotate(AGENT, "failed/1", commit, "no", 1_700_000_000)
    shop.repos.fast_forward(AGENT, commit)
    assert mirror.push(AGENT, shop.applied)
    assert mirror.push(AGENT, shop.applied)
    assert forge.refs() == _refs(shop)
    assert len(forge.created) == 1


def test_what_somebody_changed_at_the_forge_is_put_right(shop: Shop, forge: Forge, token_file: Path) -> None:
    assert Mirror(forge.url, "hyperhive", token_file).push(AGENT, shop.applied)
    place = str(forge.folder / "hyperhive" / f"{AGENT}.git")
    empty = subprocess.check_output(
        ["git", "-C", place, "hash-object", "-t", "tree", "-w", "--stdin"], input=b""
    ).strip()
    words = [
        "git",
        "-C",
        place,
        "-c",
        "user.name=x",
        "-c",
        "user.email=x",
        "commit-tree",
        "-m",
        "other",
        empty.decode(),
    ]
    other = subprocess.check_output(words, text=True).strip()
    for name in ("refs/heads/main", "refs/tags/deployed/0"):
        subprocess.run(["git", "-C", place, "update-ref", name, other], check=True)
    assert Mirror(forge.url, "hyperhive", token_file).push(AGENT, shop.applied)
    assert forge.refs() == _refs(shop)
    assert len(forge.created) == 1


def test_the_token_is_neither_stored_nor_told(shop: Shop, forge: Forge, token_file: Path) -> None:
    mirror = Mirror(forge.url, "hyperhive", token_file)
    with capture_logs() as logs:
        assert mirror.push(AGENT, shop.applied)
        token_file.write_text("wrong-" + TOKEN)
        shop.repos.tag(AGENT, "proposal/1", shop.start)
        assert not mirror.push(AGENT, shop.applied)
        assert not Mirror(forge.url, "hyperhive", token_file).push(AGENT, shop.applied)
    assert [line["event"] for line in logs] == ["mirror_failed", "mirror_failed"]
    assert TOKEN not in str(logs)
    kept = b"".join(path.read_bytes() for path in shop.applied.rglob("*") if path.is_file())
    assert TOKEN.encode() not in kept
    assert str(forge.port).encode() not in (shop.applied / "config").read_bytes()
    assert not [line for line in forge.seen if TOKEN in line]


def test_a_forge_that_leads_elsewhere_gets_no_token_there(
    shop: Shop, forge: Forge, token_file: Path, tmp_path: Path
) -> None:
    assert Mirror(forge.url, "hyperhive", token_file).push(AGENT, shop.applied)
    mirror = Mirror(forge.url, "hyperhive", token_file)
    assert mirror.push(AGENT, shop.applied)
    authorizations: list[str | None] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            authorizations.append(self.headers.get("Authorization"))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as other:
        thread = threading.Thread(target=other.serve_forever, args=(0.05,))
        thread.start()
        forge.redirect_to = f"http://127.0.0.1:{other.server_address[1]}"
        assert not mirror.push(AGENT, shop.applied)
        assert not Mirror(forge.url, "hyperhive", token_file).push(AGENT, shop.applied)
        other.shutdown()
        thread.join()
    assert not [each for each in authorizations if each is not None]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://user:hush@127.0.0.1:1", "ftp://x", "file:///tmp", "nonsense"]
)
def test_a_forge_that_is_no_forge_is_said_in_the_log_only(shop: Shop, token_file: Path, url: str) -> None:
    with capture_logs() as logs:
        assert not Mirror(url, "hyperhive", token_file).push(AGENT, shop.applied)
    assert logs[0]["event"] == "mirror_failed"
    assert "hush" not in str(logs)


def test_without_a_forge_or_a_token_nothing_is_tried(shop: Shop, forge: Forge, tmp_path: Path) -> None:
    assert Mirror(None, "hyperhive", None).push(AGENT, shop.applied)
    for file in (None, tmp_path / "missing"):
        assert not Mirror(forge.url, "hyperhive", file).push(AGENT, shop.applied)
    assert forge.seen == []


def test_a_repository_that_is_gone_fails_quietly(forge: Forge, token_file: Path, tmp_path: Path) -> None:
    assert not Mirror(forge.url, "hyperhive", token_file).push("nobody", tmp_path / "nowhere")
