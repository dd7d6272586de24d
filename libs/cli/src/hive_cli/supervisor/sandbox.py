"""Whether agents can be walled in on this machine, asked of the runtime itself in a process of its own.

Where one root command gets the sandbox, `up` runs it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from hive_cli.problems import Problem

CHECK = (sys.executable, "-m", "hive_lifecycle.runtimes", "check")
CHECK_SECONDS = 30
INSTALL_SECONDS = 300


@dataclass(frozen=True)
class Sandbox:
    """`command` gets a sandbox where `works` is false, when one is known."""

    works: bool
    reason: str
    command: str


def begin_check() -> "subprocess.Popen[bytes]":
    """Starts the check; it takes as long as our own imports, and there are two cores."""
    return subprocess.Popen(CHECK, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def result(check: "subprocess.Popen[bytes]") -> Sandbox:
    """Raises Problem when the check itself fails."""
    try:
        output, errors = check.communicate(timeout=CHECK_SECONDS)
    except subprocess.TimeoutExpired:
        check.kill()
        check.wait()
        return Sandbox(False, "the check of the sandbox hung", "")
    try:
        said = json.loads(output)
        return Sandbox(bool(said["works"]), str(said.get("reason") or ""), str(said.get("command") or ""))
    except (ValueError, KeyError, TypeError) as error:
        last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise Problem(f"the check of the sandbox failed: {last[0]}") from error


def can_install() -> bool:
    """Whether bubblewrap is missing and one command of ours gets it."""
    return shutil.which("bwrap") is None and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install() -> None:
    """Quietly; whether it helped is seen by checking again."""
    sys.stderr.write("hive: installing bubblewrap, the agents' sandbox (apt-get install bubblewrap)\n")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("apt-get", "install", "-y", "-qq", "bubblewrap"), ("apt-get", "update", "-qq")):
        done = _run(command, environment)
        if done and command[1] == "install":
            return
    _run(("apt-get", "install", "-y", "-qq", "bubblewrap"), environment)


def refusal(sandbox: Sandbox) -> Problem:
    how = f"; get it with: {sandbox.command}" if sandbox.command else ""
    return Problem(
        f"no working sandbox for agents ({sandbox.reason}){how}; "
        "or run without one, agents then can read your files: --unsafe-no-sandbox",
        code="no_sandbox",
    )


def _run(command: tuple[str, ...], environment: dict[str, str]) -> bool:
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=INSTALL_SECONDS, check=False)
    except (subprocess.TimeoutExpired, OSError):
        return False
    return done.returncode == 0
