"""Settings of a service: one JSON file; what has a default can be overridden by a `HIVE_<KEY>` variable.

Who a service is and where its things lie comes from the file alone. Unknown keys are refused. Secrets are paths to
files, never values.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

_OBJECT = TypeAdapter(dict[str, Any])  # Any: each key has its own type


class SettingsError(Exception):
    """The settings can't be used; the text names the file and each wrong key."""


class _Overrides(EnvSettingsSource):
    def __call__(self) -> dict[str, Any]:  # Any: each key has its own type
        required = {name for name, field in self.settings_cls.model_fields.items() if field.is_required()}
        return {name: value for name, value in super().__call__().items() if name not in required}


class ServiceSettings(BaseSettings):
    """What every service is told."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, env_prefix="HIVE_")

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
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables, then the file."""
        return _Overrides(settings_cls), init_settings

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the settings file. Raises SettingsError."""
        try:
            return cls(**_OBJECT.validate_python(json.loads(path.read_text(encoding="utf-8"))))
        except OSError as error:
            raise SettingsError(f"{path}: {error.strerror}") from error
        except json.JSONDecodeError as error:
            raise SettingsError(f"{path}: line {error.lineno}: {error.msg}") from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path}: not UTF-8") from error
        except ValidationError as error:
            problems = "; ".join(": ".join([*_key(e["loc"]), e["msg"]]) for e in error.errors())
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


def _key(location: tuple[int | str, ...]) -> list[str]:
    return [".".join(map(str, location))] if location else []
