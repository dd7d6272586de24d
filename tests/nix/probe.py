"""Runs as root inside the test's machine, when all units are up: looks, disturbs, looks again, writes result.json."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

STATE = Path("/var/lib/hyperhive")
SHARE = Path("/share")
SERVICES = ("broker", "approvals", "lifecycle", "revoker", "dashboard")
SECONDS = 90.0


def main() -> None:
    result = {
        "units": {name: show(name) for name in ("setup", "nats", *SERVICES)},
        "status": status(),
        "walls": {name: walls(name) for name in ("nats", *SERVICES)},
        "listening": run("ss", "-Htln").splitlines(),
        "journal": {name: messages(name) for name in SERVICES},
        "keys": keys(),
        "errands": errands(),
    }
    result["hung"] = hang("broker")
    before = {name: show(name) for name in SERVICES}
    os.kill(int(show("nats")["MainPID"]), signal.SIGKILL)
    result["after_nats"] = {"status": status(), "before": before, "after": {name: show(name) for name in SERVICES}}
    run("systemctl", "restart", "hyperhive.target")
    result["after_restart"] = {"status": status(), "keys": keys(), "units": {name: show(name) for name in SERVICES}}
    (SHARE / "result.json").write_text(json.dumps(result))


def show(name: str) -> dict[str, str]:
    """Properties of a unit."""
    wanted = "ActiveState,SubState,MainPID,NRestarts,Result,InvocationID"
    lines = run("systemctl", "show", "-p", wanted, f"hyperhive-{name}").splitlines()
    return dict(line.split("=", 1) for line in lines)


def status() -> object:
    """What the operator's command says when every service answers, or at the bound."""
    deadline = time.monotonic() + SECONDS
    while True:
        asked = ["/package/hyperhive/bin/hive", "--state", str(STATE), "status", "--json"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        said = json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr}
        if all(service["up"] for service in said.get("services", [{"up": False}])) or time.monotonic() > deadline:
            return said
        time.sleep(0.5)


def walls(name: str) -> dict[str, object]:
    """Who a service is, and what it sees of the state folder."""
    pid = show(name)["MainPID"]
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    facts = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    seen = run("nsenter", "-t", pid, "-m", "find", str(STATE), "-mindepth", "1", "-maxdepth", "2", "-printf", "%P\n")
    return {
        "user": run("id", "-nu", facts["Uid"].split()[0]).strip(),
        "capabilities": facts["CapBnd"],
        "no_new_privileges": facts["NoNewPrivs"],
        "system_calls": facts["Seccomp"],
        "sees": sorted(seen.split()),
    }


def messages(name: str) -> list[str]:
    """What the service itself wrote to the journal."""
    own = ("journalctl", "--no-pager", "-o", "json", "-u", f"hyperhive-{name}", "_TRANSPORT=stdout")
    return [json.loads(line)["MESSAGE"] for line in run(*own).splitlines()]


def keys() -> dict[str, str]:
    files = [*(STATE / "keys").rglob("*"), *(STATE / "creds").iterdir()]
    return {
        str(path.relative_to(STATE)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()
    }


def errands() -> object:
    """What lifecycle's walls let through, and what not."""
    run("systemctl", "start", "errands.service")
    return json.loads((STATE / "errands.json").read_text())


def hang(name: str) -> dict[str, object]:
    """A service that stops answering: what systemd makes of it."""
    before = show(name)
    os.kill(int(before["MainPID"]), signal.SIGSTOP)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        after = show(name)
        if after["MainPID"] not in ("0", before["MainPID"]) and after["ActiveState"] == "active":
            break
        time.sleep(0.2)
    said = run("journalctl", "--no-pager", "-o", "cat", "-u", f"hyperhive-{name}", "_PID=1")
    return {"before": before, "after": show(name), "watchdog": "Watchdog timeout" in said}


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    try:
        main()
    except BaseException as error:
        said = subprocess.run(["journalctl", "--no-pager"], capture_output=True, text=True, check=False).stdout
        (SHARE / "journal.txt").write_text(f"{error!r}\n{said}")
        sys.exit(1)
