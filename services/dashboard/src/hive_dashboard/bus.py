"""The dashboard's own verb: a login address, for whoever holds the operator's credentials."""

import time
from datetime import UTC, datetime

from hive_kit.bus import Bus, Caller, Service
from hive_kit.database import Database
from hive_wire import dashboard
from hive_wire.dashboard import LoginCode
from hive_wire.model import Empty

from hive_dashboard.login import make_code


def service(bus: Bus, version: str, database: Database, origin: str) -> Service:
    """The dashboard as NATS sees it; `origin` is where the page is served."""

    async def make_login_code(_caller: Caller, _request: Empty) -> LoginCode:
        code, expires_at = await make_code(database, int(time.time()))
        return LoginCode(address=f"{origin}/login#code={code}", expires_at=datetime.fromtimestamp(expires_at, UTC))

    answering = Service(bus, dashboard.SERVICE, version, "The operator's page")
    answering.add(dashboard.MAKE_LOGIN_CODE, make_login_code)
    return answering
