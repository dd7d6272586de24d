"""The detached supervisor: `hive up --detach` starts it and waits for its one report on a pipe."""

import json
import os
import sys
from pathlib import Path

from hive_cli.problems import Problem
from hive_cli.supervisor.up import Options, run


def main() -> int:
    options = Options(**json.loads(sys.argv[1]))
    pipe = int(sys.argv[2])
    os.set_inheritable(pipe, False)

    def report(**said: str | int) -> None:
        with os.fdopen(pipe, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(said))

    def announce(address: str) -> None:
        report(address=address)
        _leave_terminal(Path(options.state) / "log" / "supervisor.log")

    try:
        run(options, announce)
    except Problem as problem:
        report(message=problem.message, code=problem.code, exit_code=int(problem.exit_code))
        return problem.exit_code
    return 0


def _leave_terminal(log: Path) -> None:
    """What is said from now on (a traceback, say) goes to the log, and the terminal may close."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
