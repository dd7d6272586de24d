"""A nats-server of a test's own: free port, JetStream in the test's folder, our account and signing keys."""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hive_wire.names import MANAGER, OPERATOR, SERVICES
from hive_wire.permissions import Permissions, SigningRole

from hive_kit.bus import Bus
from hive_kit.identity import AccountFile, ServerConfig, SigningKey, jwt, mint
from hive_kit.testing.ports import free_port

_READY_SECONDS = 60.0
_SYSTEM = Permissions(publish=("$SYS.REQ.CLAIMS.UPDATE",), subscribe=("_INBOX.>",))
_EVERYTHING = Permissions(publish=(">",), subscribe=(">",))


class TestNats:
    """A running server, credentials for whoever asks, and connections that are closed at the end."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._opened: list[Bus] = []
        self._config = folder / "server.conf"
        self._bound = False
        self.account = AccountFile(folder / "account.json")
        self.operator_seed = folder / "operator.seed"
        self._make_identities()

    @property
    def url(self) -> str:
        """Its address; the port is for good once the server has started."""
        return f"nats://127.0.0.1:{self.port}"

    def creds(self, principal: str) -> Path:
        """The credentials file of a principal; minted at the first call.

        Beside them there are `system` (of the system account) and `administrator` (who may do all in ours).
        """
        path = self.folder / "creds" / f"{principal}.creds"
        if not path.exists():
            key = SigningKey.load(self.signing_key(_signing_role(principal)))
            path.write_text(mint(key, principal, int(time.time())).text)
        return path

    def signing_key(self, role: SigningRole) -> Path:
        """The file of a role's signing key."""
        return self.folder / "keys" / f"{role}.json"

    async def bus(self, principal: str) -> Bus:
        """A connection as `principal`."""
        bus = await Bus.connect(self.url, principal, self.creds(principal), wait_seconds=60)
        self._opened.append(bus)
        return bus

    def settings(self, service: str) -> dict[str, Any]:  # Any: JSON values
        """The settings that all services share, as a settings file has them."""
        return {
            "service": service,
            "nats_url": self.url,
            "creds": str(self.creds(service)),
            "database": str(self.folder / f"{service}.db"),
            "metrics_port": None,
            "state": str(self.folder),
        }

    async def start(self) -> None:
        """Start (again) and wait until it takes connections; the first time on any port that is free."""
        deadline = time.monotonic() + _READY_SECONDS
        while not await self._start_once(deadline):
            if not self._bound:
                self.port = free_port()
                self._config.write_text(replace(self._server, port=self.port).render())
        self._bound = True

    async def _start_once(self, deadline: float) -> bool:
        """Whether it runs; False when another program has the port. Raises RuntimeError with its log."""
        for old in self.folder.glob("*.ports"):
            old.unlink()
        program = Path(sys.executable).with_name("nats-server")
        command = str(program) if program.exists() else shutil.which("nats-server") or "nats-server"
        self._process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
            [command, "-c", str(self._config), "--ports_file_dir", str(self.folder)], stderr=subprocess.DEVNULL
        )
        log = self.folder / "nats.log"
        begin = log.stat().st_size if log.exists() else 0
        # Written by the server itself when it listens: a greeting on the port might be another program's.
        while not list(self.folder.glob(f"*_{self._process.pid}.ports")):
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text()[begin:] if log.exists() else "it has no log"
                self.kill()
                if "address already in use" in said and time.monotonic() < deadline:
                    return False
                raise RuntimeError(said)
            await asyncio.sleep(0.01)
        return True

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def restart(self) -> None:
        """`kill -9` and start anew on the same port and files."""
        self.kill()
        await self.start()

    async def close(self) -> None:
        """Close what was opened and stop the server."""
        for bus in self._opened:
            await bus.close()
        self.kill()

    def _make_identities(self) -> None:
        for name in ("creds", "keys", "jetstream", "jwt"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        now = int(time.time())
        operator, account, system = jwt.new_operator_seed(), jwt.new_account_seed(), jwt.new_account_seed()
        self.operator_seed.write_text(operator)
        public: dict[SigningRole, str] = {}
        for role in SigningRole:
            key = SigningKey(role=role, account=jwt.public_key(account), seed=jwt.new_account_seed())
            key.store(self.signing_key(role))
            public[role] = jwt.public_key(key.seed)
        state = self.account.ensure(jwt.public_key(account), public, operator, now)
        system_key = jwt.public_key(system)
        system_jwt = jwt.account_jwt(operator, system_key, name="SYS", claims={}, issued_at=now)
        self._make_creds("system", system, _SYSTEM, now)
        self._make_creds("administrator", account, _EVERYTHING, now)
        self._server = ServerConfig(
            port=self.port,
            jetstream=self.folder / "jetstream",
            resolver=self.folder / "jwt",
            log_file=self.folder / "nats.log",
            operator_jwt=jwt.operator_jwt(
                operator, name="test", system_account=system_key, signing_keys=[], issued_at=now
            ),
            system_account=system_key,
            account_jwts=((system_key, system_jwt), (state.account, state.token)),
        )
        self._config.write_text(self._server.render())

    def _make_creds(self, name: str, account_seed: str, permissions: Permissions, now: int) -> None:
        user = jwt.new_user_seed()
        token = jwt.user_jwt(account_seed, jwt.public_key(user), name=name, permissions=permissions, issued_at=now)
        (self.folder / "creds" / f"{name}.creds").write_text(jwt.Creds(jwt=token, seed=user).text)


@asynccontextmanager
async def swarm_nats(folder: Path) -> AsyncGenerator[TestNats]:
    """A running server whose files lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    nats = TestNats(folder)
    try:
        await nats.start()
        yield nats
    finally:
        await nats.close()


def _signing_role(principal: str) -> SigningRole:
    if principal in SERVICES:
        return SigningRole.SERVICE
    return {OPERATOR: SigningRole.OPERATOR, MANAGER: SigningRole.MANAGER}.get(principal, SigningRole.AGENT)
