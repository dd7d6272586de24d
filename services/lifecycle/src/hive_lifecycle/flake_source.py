"""How the swarm's flake is opened: what its input `hyperhive` points at, and who locks it."""

from pathlib import Path

from hive_lifecycle.layout import Layout
from hive_lifecycle.meta import Locker, Meta, NixLocker, PlainLocker
from hive_lifecycle.runtimes import Runtime
from hive_lifecycle.settings import LifecycleSettings


def open_flake(settings: LifecycleSettings, layout: Layout, runtime: Runtime) -> Meta:
    """The flake in the swarm's state folder."""
    return Meta(layout.meta, layout.applied, settings.flake or installed_from(), _locker(settings, layout, runtime))


def installed_from() -> str:
    """The checkout that this program lies in, where it is a flake; else the program's folder."""
    package = Path(__file__).resolve().parent
    for folder in package.parents:
        if (folder / "flake.nix").is_file() and (folder / ".git").exists():
            return f"git+file://{folder}"
    return f"path:{package}"


def _locker(settings: LifecycleSettings, layout: Layout, runtime: Runtime) -> Locker:
    """Only who builds needs nix."""
    builds = runtime.capabilities().builds
    if settings.locker == "plain" or (settings.locker == "auto" and not builds):
        return PlainLocker()
    return NixLocker(Path(settings.runtime.nixos.nix), layout.meta.with_name(f"{layout.meta.name}.scratch"))
