"""`./run chaos [--seed N] [--seconds N] [--messages N] [--json]`, and `./run soak [--hours N]`."""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from pathlib import Path

from hive_kit.logs import configure_logs

from tests.chaos.storm import Plan, say, storm


def main() -> int:
    """Exit code 1 when something was lost, doubled, out of order or unmarked."""
    parser = argparse.ArgumentParser(prog="./run chaos", description="kill -9 everything, lose nothing")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--seconds", type=float, default=60.0, help="how long processes are killed")
    parser.add_argument("--messages", type=int, default=None, help="how many are sent to simulated agents")
    parser.add_argument("--no-claude", action="store_true", help="without the two real agents")
    parser.add_argument("--unsafe-no-sandbox", action="store_true")
    parser.add_argument("--soak", action="store_true", help="storm after storm")
    parser.add_argument("--hours", type=float, default=1.0, help="how long a soak lasts")
    parser.add_argument("--json", action="store_true")
    wishes = parser.parse_args()
    configure_logs("chaos", "error")
    seconds = wishes.hours * 3600 if wishes.soak else wishes.seconds
    plan = Plan(
        seed=wishes.seed,
        seconds=seconds,
        messages=wishes.messages or int(seconds * 100),
        real_agents=not wishes.no_claude,
    )
    say(f"seed {plan.seed}: {plan.messages} messages, kills for {plan.seconds:g} s")
    options = ("--unsafe-no-sandbox",) if wishes.unsafe_no_sandbox else ()
    with tempfile.TemporaryDirectory(prefix="hive-chaos-") as folder:
        result = asyncio.run(storm(plan, Path(folder), options))
    sys.stdout.write(json.dumps(result, indent=None if wishes.json else 2) + "\n")
    say("nothing lost, doubled or out of order" if not result["broken"] else "BROKEN")
    return 1 if result["broken"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
