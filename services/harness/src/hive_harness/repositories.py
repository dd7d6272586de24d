"""Which git repositories of other owners an agent may use: its own proposed one, and for the manager all of them."""

from pathlib import Path

from hive_wire.names import is_name

from hive_harness.settings import Settings


def trusted_repositories(settings: Settings) -> list[Path]:
    """Those that there are now, as git names them: with no link on the way."""
    found = [settings.agents_dir / settings.agent / "config"]
    if settings.role == "manager":
        found += [*_below(settings.proposed_dir), *_below(settings.applied_dir)]
    return sorted({folder.resolve() for folder in found if folder.is_dir()})


def _below(folder: Path) -> list[Path]:
    """A link among them could lead into a folder that an agent fills."""
    try:
        entries = list(folder.iterdir())
    except OSError:
        return []
    return [entry for entry in entries if is_name(entry.name) and not entry.is_symlink()]
