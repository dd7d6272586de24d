"""Builds one container's system with nix, line by line, into a link of our own that keeps it from being collected."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hive_lifecycle.runtimes.interface import BuildFailed, Output
from hive_lifecycle.runtimes.nixos.commands import Done, stream
from hive_lifecycle.runtimes.nixos.records import ContainerFolder
from hive_lifecycle.runtimes.nixos.settings import NixosSettings

_REASON_CHARS = 500


@dataclass(frozen=True)
class Build:
    """One build; nothing but the link is touched."""

    settings: NixosSettings
    folder: ContainerFolder

    async def run(self, flake: Path, output: Output) -> str:
        """The built system. Raises BuildFailed.

        nix dies with this service; what it was building is then begun anew by whoever builds again.
        """
        self.folder.files.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = self.folder.directory()
        async with self.folder.locked(".build"):
            link = self.folder.built
            link.unlink(missing_ok=True)  # a link that is there afterwards is this build's
            done = await stream(*self._command(flake, link), output=output, directory=directory)
            return self._built(link, done)

    def _command(self, flake: Path, link: Path) -> list[str]:
        what = f'{flake}#nixosConfigurations."{self.folder.name}".config.system.build.toplevel'
        command = [self.settings.setpriv, "--pdeathsig", "KILL", "--", self.settings.nix]
        command += ["--extra-experimental-features", "nix-command flakes", "build", "--no-update-lock-file"]
        return [*command, "--print-build-logs", "--out-link", str(link), *self.settings.nix_options, "--", what]

    def _built(self, link: Path, done: Done) -> str:
        if not done.ok:
            raise BuildFailed(f"the system of {self.folder.name} could not be built: {last_error(done.errors)}")
        target = _target(link)
        if target is None or not Path(target).is_relative_to(self.settings.store) or not Path(target).exists():
            raise BuildFailed(f"nix ended well, but there is no system of {self.folder.name}: {target or 'no link'}")
        return target


def last_error(printed: str) -> str:
    """The last error that nix printed, with what it says of it, in one line."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    last = _last(lines, lambda line: line.lower().startswith("error:"))
    told = lines[last:] if last is not None else lines[-3:]
    return " ".join(told)[:_REASON_CHARS] or "it did not say why"


def _last(lines: list[str], wanted: Callable[[str], bool]) -> int | None:
    return next((number for number in reversed(range(len(lines))) if wanted(lines[number])), None)


def _target(link: Path) -> str | None:
    try:
        return str(link.readlink())
    except OSError:
        return None
