"""What the Nix tests share: a store of their own, and a host's units evaluated once."""

from pathlib import Path

import pytest

from tests.nix.evaluation import host_units


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where nix keeps what it makes for a test."""
    return tmp_path_factory.mktemp("nix")


@pytest.fixture(scope="session")
def units(store: Path) -> dict[str, str]:
    """A host's units as the module makes them when nothing but `enable` is set, by file name."""
    return host_units(store)
