"""Spans and moments as an operator writes and reads them: `90`, `10m`, `1h30m`, `2d`; `2026-11-21T18:00`."""

import re
from datetime import datetime

from hive_wire.errors import ErrorCode, Refusal

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def seconds_of(text: str) -> float:
    """`text` in seconds; a bare number is seconds. Refuses anything else with `bad_time`."""
    written = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", written):
        return float(written)
    parts = _SPAN.findall(written)
    if not parts or "".join(number + unit for number, unit in parts) != written:
        raise Refusal(ErrorCode.BAD_TIME, f"{text!r} is no span of time; write it like 90s, 10m, 1h30m or 2d")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def moment_of(text: str) -> datetime:
    """An ISO 8601 moment; without a zone it is the reader's own time. Refuses anything else with `bad_time`."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        example = "2026-11-21T18:00 or 2026-11-21T18:00+01:00"
        raise Refusal(ErrorCode.BAD_TIME, f"{text!r} is no moment; write it like {example}") from None


def span(seconds: float) -> str:
    """A span in its largest unit: `40s`, `3m`, `5h`, `12d`; negative ones end in ` ago`."""
    whole = int(abs(seconds))
    unit = next((unit for unit in ("d", "h", "m") if whole >= _UNITS[unit]), "s")
    return f"{whole // _UNITS[unit]}{unit}" + (" ago" if seconds <= -1 else "")
