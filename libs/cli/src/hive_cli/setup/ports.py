"""Ports of a new swarm: the defaults where they are free, else the next free ones; and whether one is free now."""

import random
import socket
from collections.abc import Iterable, Iterator

from hive_kit.swarm import HOST, Ports, SwarmConfig

from hive_cli.problems import Problem

BLOCK = 1000
LAST_BLOCK = 30_000
# Below the range that Linux hands out by itself, so that an outgoing connection can't take one.
SPARE = range(31_000, 32_700)


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def choose(dashboard: int | None = None, *, anywhere: bool = False) -> Ports:
    """Ports for a new swarm; an explicit `dashboard` port is kept as it is, free or not.

    `anywhere` starts from random ones, for several swarms that are set up at once."""
    offset = random.randrange(BLOCK, LAST_BLOCK, BLOCK) if anywhere else 0
    chosen = {"dashboard": dashboard} if dashboard else {}
    taken = set(chosen.values())
    for name, default in _services().items():
        if name not in chosen:
            chosen[name] = _first_free(_candidates(name, default, anywhere), taken)
            taken.add(chosen[name])
    base = _block(offset)
    return Ports(**chosen, manager=base, agents_first=base + 100, agents_last=base + 999)


def refuse_busy(swarm: SwarmConfig) -> None:
    """Raises Problem naming the first port of this swarm that another program listens on."""
    for name in _services():
        port = getattr(swarm.ports, name)
        if (name != "demo" or swarm.model_base_url) and not is_free(port):
            hint = "choose another with --port" if name == "dashboard" else f"free it, or change it in {swarm.file}"
            raise Problem(f"port {port} ({name.replace('_', ' ')}) is used by another program; {hint}", "port_busy")


def _services() -> dict[str, int]:
    defaults = Ports().model_dump()
    return {name: port for name, port in defaults.items() if not name.startswith(("manager", "agents"))}


def _candidates(name: str, default: int, anywhere: bool) -> Iterator[int]:
    if not anywhere:
        yield default
        yield from range(default + 100, default + 1000, 100)
    yield from random.sample(SPARE, len(SPARE))


def _first_free(candidates: Iterable[int], taken: set[int]) -> int:
    return next(port for port in candidates if port not in taken and is_free(port))


def _block(offset: int) -> int:
    """The first block of agents' ports with nothing in it: manager's at its start, agents' from 100 on."""
    bases = [8000 + (offset + step) % (LAST_BLOCK - 8000) for step in range(0, LAST_BLOCK - 8000, BLOCK)]
    whole = (b for b in bases if is_free(b) and all(is_free(port) for port in range(b + 100, b + BLOCK)))
    return next(whole, None) or _first_free(bases, set())
