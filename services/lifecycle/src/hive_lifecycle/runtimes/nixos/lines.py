"""Makes lines of what a program prints: escape sequences and progress bars taken out, overlong lines cut."""

import re
import time
from dataclasses import dataclass

MAX_CHARS = 2000
PROGRESS_SECONDS = 1.0
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_KEPT_BYTES = MAX_CHARS * 8


@dataclass
class Lines:
    """Takes bytes as they come. What ends in a carriage return is progress: of that one line a second is told."""

    _rest: bytes = b""
    _progress_at: float = float("-inf")

    def feed(self, data: bytes) -> list[str]:
        """The lines that are whole now."""
        *whole, rest = (self._rest + data).split(b"\n")
        found = [_clean(piece.removesuffix(b"\r").rpartition(b"\r")[2]) for piece in whole]
        *progress, rest = rest.split(b"\r")
        if progress and not rest:
            rest = progress.pop() + b"\r"  # which may be the first half of a line's end
        if progress:
            found += self._progress(_clean(progress[-1]))
        self._rest = rest[:_KEPT_BYTES]
        return found

    def end(self) -> list[str]:
        """What was left without an end."""
        text, self._rest = _clean(self._rest), b""
        return [text] if text else []

    def _progress(self, text: str) -> list[str]:
        now = time.monotonic()
        if not text or now - self._progress_at < PROGRESS_SECONDS:
            return []
        self._progress_at = now
        return [text]


def _clean(piece: bytes) -> str:
    text = _CONTROLS.sub("", _ESCAPES.sub("", piece.decode(errors="replace"))).rstrip()
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"
