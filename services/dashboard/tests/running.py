"""The dashboard, running in the test's own process."""

import json
import re
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hive_dashboard.__main__ import compose
from hive_dashboard.settings import DashboardSettings
from hive_kit.bus import Bus
from hive_kit.host import Host
from hive_kit.testing import TestNats, free_port
from hive_wire import dashboard
from hive_wire.model import Empty


class Dashboard:
    """The dashboard, running in this process on a free port."""

    def __init__(self, nats: TestNats, folder: Path, **settings: Any) -> None:
        self._nats = nats
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        common = {**nats.settings("dashboard"), "database": str(folder / "dashboard.db")}
        quick = {"ask_after_seconds": 0.2, "silent_after_seconds": 1.0, "probe_seconds": 0.2, "ping_seconds": 0.3}
        own = {"port": self.port, "operator_creds": str(nats.creds("operator")), **quick, **settings}
        self.settings_file = folder / "dashboard.json"
        self.settings_file.write_text(json.dumps({**common, **own}))
        self._stack: AsyncExitStack | None = None

    async def start(self) -> None:
        settings = DashboardSettings.load(self.settings_file)
        self._stack = AsyncExitStack()
        bus = await Bus.connect(settings.nats_url, "dashboard", settings.creds, 10)
        self._stack.push_async_callback(bus.close)
        self.host = Host(settings, bus, self._stack)
        await compose(self.host)

    async def stop(self) -> None:
        if self._stack is not None:
            await self._stack.aclose()
            self._stack = None
            assert not self.host.failed

    async def login_code(self) -> str:
        operator = await self._nats.bus("operator")
        made = await operator.call(dashboard.MAKE_LOGIN_CODE, Empty())
        found = re.fullmatch(rf"{re.escape(self.url)}/login#code=(.+)", made.address)
        assert found
        assert 500 < made.expires_at.timestamp() - time.time() <= 600
        return found[1]
