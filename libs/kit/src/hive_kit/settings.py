"""Settings of a service: one JSON file, overridden by `HIVE_<KEY>` variables; unknown keys are refused.

Secrets are paths to files, never values.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """The settings can't be used; the text names the file and each wrong key."""


class ServiceSettings(BaseSettings):
    """What every service is told."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    service: str
    """The service's name, which is also its principal."""
    nats_url: str
    creds: Path
    """The NATS credentials of this principal."""
    database: Path
    """The service's own SQLite file."""
    state: Path
    """The swarm's state folder."""
    metrics_port: int | None = None
    """Where `/metrics` is served on loopback; None for nowhere."""
    log_level: str = "info"

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the settings file. Raises SettingsError."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise SettingsError(f"{path}: {error.strerror}") from error
        except json.JSONDecodeError as error:
            raise SettingsError(f"{path}: line {error.lineno}: {error.msg}") from error
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise SettingsError(f"{path}: {problems}") from error

    @classmethod
    def from_arguments(cls) -> Self:
        """Read the file that `--settings` names; ends the process with a clear line where it can't be used."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--settings", type=Path, required=True)
        try:
            return cls.load(parser.parse_args().settings)
        except SettingsError as error:
            sys.stderr.write(f"bad_settings: {error}\n")
            raise SystemExit(2) from error
