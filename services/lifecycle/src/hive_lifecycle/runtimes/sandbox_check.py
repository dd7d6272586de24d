"""Whether agents can be sandboxed on this machine: tried for real, and if not, why and what to do about it."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hive_lifecycle.runtimes.code_paths import code_paths
from hive_lifecycle.runtimes.interface import AgentSpec
from hive_lifecycle.runtimes.launch import STATUS_DESCRIPTOR
from hive_lifecycle.runtimes.sandbox import Sandbox, find_programs

_TRIAL_SECONDS = 20
_TRIAL_UID = 65534

_PACKAGE_COMMANDS = {
    "debian": ("apt-get", "install", "-y", "bubblewrap"),
    "ubuntu": ("apt-get", "install", "-y", "bubblewrap"),
    "fedora": ("dnf", "install", "-y", "bubblewrap"),
    "rhel": ("dnf", "install", "-y", "bubblewrap"),
    "arch": ("pacman", "-S", "--noconfirm", "bubblewrap"),
    "suse": ("zypper", "install", "-y", "bubblewrap"),
    "alpine": ("apk", "add", "bubblewrap", "setpriv"),
    "nixos": ("nix-env", "-iA", "nixos.bubblewrap"),
}

_FORBIDDING_SETTINGS = (
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "15000"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
)


@dataclass(frozen=True)
class SandboxCheck:
    """`sandbox` is there when it works; otherwise `reason` says why not and `command` what would help."""

    sandbox: Sandbox | None
    reason: str = ""
    command: str | None = None

    @property
    def works(self) -> bool:
        return self.sandbox is not None


@lru_cache(maxsize=4)
def find_sandbox(paths: tuple[Path, ...] | None = None) -> SandboxCheck:
    """Run this very interpreter in a sandbox, as an agent would be. The answer is remembered; `paths` are
    the code paths, by default those of the running interpreter. Blocks for some 50 ms."""
    bubblewrap, setpriv = find_programs()
    if bubblewrap is None or setpriv is None:
        command = install_command()
        missing = "bubblewrap (bwrap)" if bubblewrap is None else "setpriv (of util-linux)"
        return SandboxCheck(None, f"{missing} is not installed", " ".join(command) if command else None)
    visible = code_paths(("claude",)) if paths is None else paths
    sandbox = Sandbox(bubblewrap, setpriv, os.geteuid() == 0, visible)
    failure = _trial(sandbox)
    if failure is None:
        return SandboxCheck(sandbox)
    return SandboxCheck(None, *_explanation(failure, sandbox.as_root))


def install_command() -> tuple[str, ...] | None:
    """The command, for root to run, that installs bubblewrap on this distribution; None for an unknown one."""
    release = _os_release()
    for identity in (release.get("ID", ""), *release.get("ID_LIKE", "").split()):
        for known, command in _PACKAGE_COMMANDS.items():
            if known in identity:
                return command
    found = [command for command in _PACKAGE_COMMANDS.values() if shutil.which(command[0])]
    return found[0] if found else None


def _trial(sandbox: Sandbox) -> str | None:
    """What went wrong, in bubblewrap's words; None when all is well."""
    argv = (sys.executable, "-I", "-S", "-c", "")
    spec = AgentSpec("trial", argv, "/tmp", uid=_TRIAL_UID)
    with tempfile.TemporaryDirectory() as folder:
        sandbox.prepare(spec, Path(folder))
        command = sandbox.command(spec, Path(folder), filtered=False)
        command[command.index(str(STATUS_DESCRIPTOR))] = "1"
        try:
            done = subprocess.run(
                command,
                check=False,
                env=sandbox.environment(spec),
                capture_output=True,
                text=True,
                timeout=_TRIAL_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as failure:
            return str(failure)
    return None if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


def _explanation(failure: str, as_root: bool) -> tuple[str, str | None]:
    """(reason, command) for a sandbox that was refused."""
    if as_root and "peration not permitted" in failure:
        return f"this root may not make namespaces or mounts, as in most containers ({failure})", None
    if not as_root:
        for setting, forbids, allows in _FORBIDDING_SETTINGS:
            if _setting(setting) == forbids:
                return (
                    f"this kernel forbids user namespaces ({setting} = {forbids}; {failure})",
                    f"sysctl -w {setting}={allows}",
                )
    if "Unknown option" in failure:
        command = install_command()
        return f"bubblewrap is too old, 0.8 is needed ({failure})", " ".join(command) if command else None
    return f"bubblewrap does not work here: {failure}", None


def _setting(name: str) -> str | None:
    try:
        return Path("/proc/sys", *name.split(".")).read_text().strip()
    except OSError:
        return None


def _os_release() -> dict[str, str]:
    for file in (Path("/etc/os-release"), Path("/usr/lib/os-release")):
        if file.exists():
            pairs = (line.partition("=") for line in file.read_text().splitlines())
            return {key: value.strip("\"'") for key, _, value in pairs}
    return {}
