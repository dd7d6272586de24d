"""The files under `log/`: the last three runs of the swarm are kept beside the present one."""

from pathlib import Path

KEPT = 3


def rotate(log: Path) -> None:
    """`x.log` becomes `x.log.1`, and so on; the oldest goes. An empty or missing log stays as it is."""
    if not log.exists() or log.stat().st_size == 0:
        return
    for number in range(KEPT, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        newer = log.with_name(f"{log.name}.{number - 1}") if number > 1 else log
        if newer.exists():
            newer.replace(older)
