"""A writer of the flake that is killed: for each case a process of its own, forked from one that has all imported.

Reads cases as JSON from standard input; prints, for each, the signal that ended it."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from hive_lifecycle.meta import Meta, Pin, PlainLocker


async def write(case: dict[str, Any]) -> None:
    state = Path(case["state"])
    meta = Meta(state / "meta", state / "config" / "applied", case["source"], PlainLocker())
    agents = {name: Pin(*pin) for name, pin in case["agents"].items()}
    match case["verb"]:
        case "ensure":
            await meta.ensure(agents)
        case "prepare":
            await meta.prepare("action-1", agents)
        case "finalize":
            await meta.finalize("action-1", "deploy")
        case "abort":
            await meta.abort("action-1")
        case _:
            await meta.remove(next(iter(agents)))


def kill(case: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        os.environ["HIVE_FAULT_POINT"] = case["point"]
        os.dup2(2, 1)
        asyncio.run(write(case))
        os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.stdout.write(json.dumps([kill(case) for case in json.load(sys.stdin)]))
