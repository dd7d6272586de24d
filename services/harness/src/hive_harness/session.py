"""What outlives a process: the session's id and the model choice, in `.hyperhive` under the agent's state folder.

The folder belongs to the agent, so what is read from it is checked, and a file that can't be used is as good as none.
"""

import re
from pathlib import Path

import structlog
from hive_kit.files import write_atomically

log = structlog.get_logger()

_SESSION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_MODEL = re.compile(r"[A-Za-z0-9][\w.:\[\]@/-]{0,199}\Z")


class Kept:
    """The two values; a write that fails is logged and holds for this run."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / ".hyperhive"
        self._session = self._read("session", _SESSION)
        self._model = self._read("model", _MODEL)

    @property
    def session(self) -> str | None:
        """The session to resume."""
        return self._session

    @property
    def model(self) -> str | None:
        """The model chosen at run time."""
        return self._model

    def keep_session(self, session: str | None) -> None:
        """Resume `session` from now on; None begins a new one at the next turn."""
        if session != self._session:
            self._session = session
            self._write("session", session)

    def keep_model(self, model: str) -> bool:
        """Use `model` from now on; returns whether it could be written."""
        self._model = model
        return self._write("model", model)

    def _read(self, name: str, form: re.Pattern[str]) -> str | None:
        try:
            text = (self._folder / name).read_text().strip()
        except (OSError, UnicodeDecodeError):
            return None
        return text if form.match(text) else None

    def _write(self, name: str, text: str | None) -> bool:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if text is None:
                (self._folder / name).unlink(missing_ok=True)
            else:
                write_atomically(self._folder / name, f"{text}\n")
        except OSError as error:
            log.warning("state_not_written", file=name, error=str(error))
            return False
        return True


def is_model_name(text: str) -> bool:
    """Whether `text` could be a model's name; it becomes part of a command line."""
    return _MODEL.match(text) is not None
