"""A harness as lifecycle sees one: connects with what it was given, answers, and stops when told to.

Given to agents as source text, so that it needs no file in their sandbox. It crashes at once while its state folder
has a file `broken`, and writes what it found into `report.json` there. Files `turn` and `version` there are what it
says of itself. With the model `refused` it ends at its start, with `mute` it never answers, with `fleeting` it ends
after its first answer, with `toolless` it can't serve its tools.
"""

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from hive_kit.bus import Bus, Caller, Service
from hive_kit.version import VERSION
from hive_wire import agent as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.live import AgentState, AgentStatus
from hive_wire.model import Empty

SETTINGS = json.loads(Path(sys.argv[-1]).read_text())
STATE, SECRETS = Path(SETTINGS["state_dir"]), Path(SETTINGS["secrets_dir"])
MODEL = SETTINGS.get("model")
SINCE = datetime.now(UTC)


def read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None


def secrets() -> dict[str, str | None]:
    return {file.name: read(file) for file in SECRETS.iterdir() if not file.name.startswith(".")}


async def status(_caller: Caller, _request: Empty) -> AgentStatus:
    report = {"secrets": secrets(), "home": os.environ["HOME"], "uid": os.getuid(), "settings": SETTINGS}
    (STATE / "report.json").write_text(json.dumps(report))
    if MODEL == "fleeting":
        asyncio.get_running_loop().call_later(0.05, os._exit, 7)
    version = read(STATE / "version") or VERSION
    turn = read(STATE / "turn")
    state = AgentState.THINKING if turn else AgentState.IDLE
    return AgentStatus(state=state, since=SINCE, logged_in=bool(secrets()), version=version, turn=turn)


async def history(_caller: Caller, _request: wire.LiveHistoryRequest) -> wire.LiveHistory:
    return wire.LiveHistory(events=[], more=True)


async def toolless(_caller: Caller, _request: Empty) -> AgentStatus:
    raise Refusal(ErrorCode.INTERNAL, "the agent's tools can't be served: no room")


async def main() -> None:
    if (STATE / "broken").exists():
        sys.exit("this harness is broken")
    if MODEL == "refused":
        sys.exit("this configuration is refused")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    name = SETTINGS["agent"]
    bus = await Bus.connect(SETTINGS["nats_url"], name, Path(SETTINGS["creds"]))
    service = Service(bus, f"harness-{name}", "1.0.0", "a stand-in", agent=name)
    for verb, handler in ((wire.STATUS, status), (wire.CHECK_LOGIN, status), (wire.HISTORY, history)):
        service.add(verb, handler)
    service.add(wire.CHECK_READY, toolless if MODEL == "toolless" else status)
    if MODEL != "mute":
        await service.start()
    sys.stdout.write(f"{name} is up\n")
    sys.stdout.flush()
    closed = asyncio.ensure_future(bus.closed.wait())
    await asyncio.wait({closed, asyncio.ensure_future(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    await bus.close()


asyncio.run(main())
