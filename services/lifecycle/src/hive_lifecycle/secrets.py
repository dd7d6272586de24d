"""Keys and tokens for Claude Code: kept as files of the service, copied to where each agent may read its own.

One at a time for the swarm and for each agent: setting one replaces the one before, of whatever kind. An agent's own
goes before the swarm's. No value ever enters the database, an event or a log.
"""

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from hive_kit.files import forget_unfinished, make_folder, write_atomically, write_if_changed


@dataclass(frozen=True)
class Secrets:
    """The service's own folder of them."""

    folder: Path
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def put(self, agent: str | None, name: str, value: str) -> None:
        """Keep a secret of one agent, or of the swarm."""
        place = self._place(agent)
        with self._one_at_a_time:
            for folder in (self.folder, place.parent, place):
                make_folder(folder)
            write_atomically(place / name, value)
            for other in place.iterdir():
                if other.name != name:
                    other.unlink(missing_ok=True)

    def of(self, agent: str) -> dict[str, str]:
        """What the agent shall have: name to value."""
        return self._read(self._place(agent)) or self._read(self._place(None))

    def has_own(self, agent: str) -> bool:
        """Whether there is one for this agent alone."""
        return bool(self._read(self._place(agent)))

    def hand_over(self, agent: str, to: Path, group: int | None) -> bool:
        """Bring the agent's folder in line, readable by `group`; whether anything changed."""
        with self._one_at_a_time:
            return self._bring_in_line(self.of(agent), to, group)

    def forget(self, agent: str) -> None:
        """Nothing of the agent is kept."""
        place = self._place(agent)
        if place.is_dir():
            for file in place.iterdir():
                file.unlink()
            place.rmdir()

    def _bring_in_line(self, wanted: dict[str, str], to: Path, group: int | None) -> bool:
        changed = False
        forget_unfinished(to)
        for name, value in wanted.items():
            mode = 0o600 if group is None else 0o640
            changed |= write_if_changed(to / name, value, mode)
            if group is not None:
                os.chown(to / name, -1, group)
        for there in list(to.iterdir()):
            if there.name not in wanted:
                there.unlink(missing_ok=True)
                changed = True
        return changed

    def _place(self, agent: str | None) -> Path:
        return self.folder / "swarm" if agent is None else self.folder / "agents" / agent

    def _read(self, place: Path) -> dict[str, str]:
        if not place.is_dir():
            return {}
        return {
            file.name: file.read_text(encoding="utf-8")
            for file in sorted(place.iterdir())
            if not file.name.startswith(".")
        }
