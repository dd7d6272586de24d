"""`hive up` and `hive demo` as a command sees them: in this process until a signal, or in one of their own.

Light to import: the sandbox is checked by another process while this one loads the rest."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from hive_cli.problems import Exit, Problem
from hive_cli.supervisor import sandbox


@dataclass(frozen=True)
class Options:
    """What the operator asked for."""

    state: str
    port: int | None = None
    unsafe: bool = False
    demo: bool = False
    any_ports: bool = False


def run(options: Options, announce: Callable[[str], None]) -> None:
    """Runs the swarm until SIGINT or SIGTERM; `announce` gets the address when all is ready.

    Raises Problem, with nothing left running, when it can't start."""
    check = None if options.unsafe else sandbox.begin_check()
    try:
        from hive_cli.supervisor import foreground

        foreground.run(options, check, announce)
    finally:
        if check is not None and check.poll() is None:
            check.kill()
            check.communicate()


def run_detached(options: Options) -> str:
    """Starts the swarm in a process of its own; the address when all is ready. Raises its Problem."""
    reading, writing = os.pipe()
    command = (sys.executable, "-m", "hive_cli.supervisor", json.dumps(asdict(options)), str(writing))
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True, pass_fds=(writing,)
    )
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        try:
            said = pipe.read()
        except KeyboardInterrupt:
            child.terminate()
            child.wait()
            raise
    report = json.loads(said) if said else {"message": "the supervisor ended without a word"}
    if "address" in report:
        child.returncode = 0  # it lives on; this object shall not wait for it
        return str(report["address"])
    child.wait()
    exit_code = Exit(report.get("exit_code", Exit.FAILED))
    raise Problem(report["message"], report.get("code", "failed"), exit_code)
