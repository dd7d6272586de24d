"""A whole swarm as a user runs it: `hive up` in a folder of its own, on free ports, and its processes by name."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hive_cli.supervisor import record
from hive_cli.testing import Done, hive_command
from hive_kit.swarm import SwarmConfig

T = TypeVar("T")

_COMMAND_SECONDS = 180


class RealSwarm:
    """Started with `up` or `demo`; ended with `down`. Kills only processes that this swarm started.

    `settings` override services' settings that have a default, by their key.
    """

    def __init__(
        self,
        state: Path,
        *,
        demo: bool = False,
        options: tuple[str, ...] = (),
        settings: dict[str, str] | None = None,
        search_path: str | None = None,
    ) -> None:
        self.state = state
        self.address = ""
        self._command = "demo" if demo else "up"
        self._options = options
        self._environment = {**os.environ, **{f"HIVE_{key.upper()}": value for key, value in (settings or {}).items()}}
        if search_path is not None:
            self._environment["PATH"] = search_path

    def up(self) -> None:
        """Start detached; `address` is what it printed."""
        done = self.hive(self._command, "--detach", "--any-ports", *self._options)
        assert done.returncode == 0, done.stdout + done.stderr + self.logs()
        self.address = done.stdout.strip()

    def down(self) -> None:
        """Stop everything, agents too."""
        if (self.state / "swarm.json").exists():
            self.hive("down")

    def hive(self, *arguments: str, text: str | None = None) -> Done:
        """Run the CLI on this swarm."""
        words = (*arguments, "--state", str(self.state))
        return hive_command().run(*words, text=text, timeout=_COMMAND_SECONDS, env=self._environment)

    def ask(self, *arguments: str) -> Any:  # Any: JSON
        """Run a command that must succeed, with --json."""
        done = self.hive(*arguments, "--json")
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    @property
    def config(self) -> SwarmConfig:
        """Its ports and places."""
        return SwarmConfig.load(self.state)

    def services(self) -> dict[str, int]:
        """The running services' process ids by name."""
        read = record.read(self.config.supervisor)
        return {} if read is None else {name: child.pid for name, child in read.children.items()}

    def shim(self, agent: str) -> int | None:
        """The process that owns an agent's container."""
        try:
            run = json.loads((self.config.runtime / agent / "run.json").read_text())
        except (OSError, ValueError):
            return None
        return int(run["shim"])

    def harness(self, agent: str) -> int | None:
        """An agent's harness."""
        return self._below(agent, "hive_harness")

    def claude(self, agent: str) -> int | None:
        """An agent's Claude Code, while it is awake."""
        return self._below(agent, "_bundled/claude")

    def logs(self) -> str:
        """The end of every log, for a failed test's report."""
        texts: list[str] = []
        for file in sorted((self.state / "log").glob("*.log")) + sorted((self.state / "runtime").glob("*/log")):
            texts.append(f"--- {file}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-15:]))
        return "\n".join(texts)

    def _below(self, agent: str, word: str) -> int | None:
        shim = self.shim(agent)
        matches = [pid for pid in descendants(shim) if word in command_line(pid)] if shim else []
        # a sandbox's own helpers carry the same words in their command line; the program itself is the innermost
        return matches[-1] if matches else None


def until(look: Callable[[], T], holds: Callable[[T], bool] = bool, seconds: float = 120) -> T:
    """Look again and again until it holds; returns what was seen then. Raises AssertionError at the bound."""
    deadline = time.monotonic() + seconds
    while not holds(seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s; last seen: {seen!r}"
        time.sleep(0.1)
    return seen


def kill(pid: int) -> bool:
    """`kill -9`; False when it had ended already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def command_line(pid: int) -> str:
    """A process's command line, words separated by blanks; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, parents before children."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found: list[int] = []
    queue = [pid]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found
