"""What all the programs know of: the folders, and systemd's memory of units."""

import contextlib
import fcntl
import json
import os
import sys
import time
from pathlib import Path

Record = dict  # of JSON; `typing` would cost time in every one of the many calls
GONE: Record = {"active": "inactive", "result": "success"}


def fail(text: str, code: int = 1) -> int:
    sys.stderr.write(text + "\n")
    return code


def now() -> int:
    """Microseconds, as systemd has them."""
    return int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6)


def start_time(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class Host:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = root / "store"
        self.systemd = root / "systemd"

    def conf(self, name: str) -> Path:
        return self.root / "conf" / f"{name}.conf"

    def machine_root(self, name: str) -> Path:
        return self.root / "roots" / name

    def profile(self, name: str) -> Path:
        return self.root / "profiles" / name / "system"

    def conf_values(self, name: str) -> dict[str, str]:
        pairs = (line.partition("=") for line in self.conf(name).read_text().splitlines())
        return {key: value.strip('"') for key, _, value in pairs}

    def told(self, name: str) -> Record:
        """How builds of that name are to go."""
        for file in (self.root / "nix" / f"{name}.json", self.root / "nix" / "all.json"):
            if file.exists():
                return json.loads(file.read_text())
        return {}

    @contextlib.contextmanager
    def locked(self):
        with (self.systemd / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def unit(self, name: str) -> Record:
        """A unit as it is now. One that has ended well is forgotten; one that failed is kept."""
        file = self.systemd / f"{name}.json"
        try:
            record = json.loads(file.read_text())
        except (FileNotFoundError, ValueError):
            return dict(GONE)
        if record["active"] == "failed" or start_time(record["pid"]) == record["started"]:
            return record
        try:
            ended = json.loads((self.systemd / f"{name}.exit").read_text())
        except (FileNotFoundError, ValueError):
            ended = {"code": 2, "status": 9}
        if ended == {"code": 1, "status": 0}:
            file.unlink(missing_ok=True)
            return dict(GONE)
        result = "exit-code" if ended["code"] == 1 else "signal"
        self.put(name, record | ended | {"active": "failed", "result": result, "left": now()})
        return self.unit(name)

    def put(self, name: str, record: Record) -> None:
        fresh = self.systemd / f".{name}.{os.getpid()}"
        fresh.write_text(json.dumps(record))
        fresh.replace(self.systemd / f"{name}.json")

    def forget(self, name: str) -> None:
        (self.systemd / f"{name}.json").unlink(missing_ok=True)

    def say(self, file: Path, message: str, unit: str | None, who: str, pid: int) -> None:
        """One entry of a journal."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.seek(0)
            number = sum(1 for _ in stream) + 1
            entry = {
                "__CURSOR": f"s={'5' * 32};i={number:x}",
                "__REALTIME_TIMESTAMP": str(int(time.time() * 1e6)),
                "MESSAGE": message,
                "SYSLOG_IDENTIFIER": who,
                "_PID": str(pid),
                "_SYSTEMD_UNIT": unit,
            }
            stream.write(json.dumps(entry) + "\n")

    def journal(self, name: str) -> Path:
        """A container's own."""
        return self.machine_root(name) / "var/log/journal" / "entries"

    def host_journal(self) -> Path:
        return self.systemd / "journal"

    def note(self, name: str, message: str) -> None:
        """The container's unit says something on the host."""
        self.say(self.host_journal(), message, f"container@{name}.service", f"container {name}", 1)
