"""The logs of the swarm's own processes, as the supervisor keeps them on this machine."""

from collections import deque
from typing import Any

from hive_kit.swarm import SwarmConfig
from hive_wire.names import SERVICES

from hive_cli.problems import Problem

PROCESSES = (*SERVICES, "nats", "demo", "supervisor")


def tail(swarm: SwarmConfig, process: str, lines: int) -> dict[str, Any]:  # Any: the shape of the wire's LogsReply
    """The last lines of its present log, oldest first; none when it never ran. Raises Problem for no process."""
    if process not in PROCESSES:
        raise Problem(f"no process {process}; there are {', '.join(PROCESSES)}", "not_found")
    if swarm.run_by == "systemd":
        raise Problem(f"systemd keeps the logs of this swarm: journalctl -u hyperhive-{process}", "not_found")
    try:
        with swarm.log(process).open(encoding="utf-8", errors="replace") as log:
            last = deque(log, maxlen=lines + 1)
    except FileNotFoundError:
        last = deque[str]()
    cut = len(last) > lines
    return {"lines": [line.rstrip("\n") for line in last][1 if cut else 0 :], "cut": cut}
