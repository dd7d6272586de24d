"""nix build, and nix-env on profiles."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from host import Host, Record, fail

_INSTALLABLE = re.compile(r'(.*)#nixosConfigurations\."?([^".]+)"?\.config\.system\.build\.toplevel')


def nix(host: Host, argv: list[str]) -> int:
    words = iter(argv)
    link: Path | None = None
    installable = ""
    build = False
    for word in words:
        if word in ("--out-link", "-o"):
            link = Path(next(words))
        elif word == "--extra-experimental-features":
            next(words)
        elif word == "build":
            build = True
        elif not word.startswith("-"):
            installable = word
    found = _INSTALLABLE.fullmatch(installable)
    if not build or found is None or link is None:
        return fail(f"error: the double of nix knows only builds of containers, not: {' '.join(argv)}")
    return build_system(host, Path(found.group(1)), found.group(2), link)


def build_system(host: Host, flake: Path, name: str, link: Path) -> int:
    told = host.told(name)
    for line in told.get("lines", ()):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
        time.sleep(told.get("delay", 0))
    while told.get("until") and not Path(told["until"]).exists():
        time.sleep(0.01)
    if told.get("error"):
        return fail(f"error: {told['error']}")
    if not flake.is_dir():
        return fail(f"error: path '{flake}' does not exist")
    system = host.store / f"{digest(flake, name, told, host)}-nixos-system-{name}"
    if not system.exists():
        fresh = host.store / f".{os.getpid()}-{name}"
        if (flake / "systems" / name).is_dir():
            shutil.copytree(flake / "systems" / name, fresh)
        elif not make(host, flake, name, fresh):
            shutil.rmtree(fresh, ignore_errors=True)
            return fail(f"error: flake '{flake}' does not provide attribute 'nixosConfigurations.\"{name}\"'")
        if told.get("switch_fails"):
            (fresh / "switch-fails").write_text(told["switch_fails"])
        fresh.rename(system)
    link.unlink(missing_ok=True)
    link.symlink_to(system)
    return 0


def make(host: Host, flake: Path, name: str, folder: Path) -> bool:
    """A system that runs the harness given to the double."""
    command = json.loads((host.root / "harness.json").read_text())
    text = (flake / "flake.nix").read_text() if (flake / "flake.nix").exists() else ""
    if not command or name not in text:
        return False
    folder.mkdir()
    harness = folder / "harness"
    argv = [*command, "--settings", "/run/hive/settings.json"]
    harness.write_text(f"#!{sys.executable} -IS\nimport os\nos.execv({argv[0]!r}, {argv!r})\n")
    harness.chmod(0o755)
    config = folder / "etc/hyperhive/agent.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps(agent_config(locked(flake, name)[0])))
    return True


def locked(flake: Path, name: str) -> list[Record]:
    """The lock's nodes of the agent and of hyperhive."""
    try:
        lock = json.loads((flake / "flake.lock").read_text())
    except (FileNotFoundError, ValueError):
        return [{}, {}]
    inputs = lock["nodes"][lock["root"]].get("inputs", {})
    return [lock["nodes"].get(inputs.get(key), {}) for key in (f"agent-{name}", "hyperhive")]


def agent_config(node: Record) -> Record:
    """What the locked commit's agent.toml says."""
    at = node.get("locked", {})
    folder = at.get("url", "").removeprefix("git+").removeprefix("file://").partition("?")[0]
    if not folder or "rev" not in at:
        return {}
    command = ["git", "-c", "safe.directory=*", "-C", folder, "show", f"{at['rev']}:agent.toml"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    return tomllib.loads(shown.stdout) if shown.returncode == 0 else {}


def digest(flake: Path, name: str, told: Record, host: Host) -> str:
    seen = hashlib.sha256(f"{name}\0{told.get('switch_fails')}\0{told.get('revision')}".encode())
    own = flake / "systems" / name
    if own.is_dir():
        for file in sorted(own.rglob("*")):
            seen.update(str(file.relative_to(own)).encode() + (file.read_bytes() if file.is_file() else b""))
    else:
        nodes = [
            {key: at for key, at in node.get("locked", {}).items() if key != "ref"} for node in locked(flake, name)
        ]
        seen.update(json.dumps(nodes, sort_keys=True).encode())  # which branch has a commit is nothing to a build
        seen.update((host.root / "harness.json").read_bytes())
    return seen.hexdigest()[:32]


def nix_env(host: Host, argv: list[str]) -> int:
    profile = Path(argv[argv.index("--profile" if "--profile" in argv else "-p") + 1])
    if "--rollback" in argv:
        before = [number for number in generations(profile) if number < current(profile)]
        if not before:
            return fail("error: no generation older than the current one exists")
        switch(profile, before[-1])
        return 0
    if "--delete-generations" in argv:
        keep = int(argv[argv.index("--delete-generations") + 1].removeprefix("+"))
        for number in generations(profile)[:-keep]:
            if number != current(profile):
                link(profile, number).unlink()
        return 0
    system = Path(argv[argv.index("--set") + 1])
    if not system.exists():
        return fail(f"error: path '{system}' is not valid")
    if not profile.parent.is_dir():
        return fail(f"error: creating symlink '{profile}': No such file or directory")
    known = generations(profile)
    if not known or link(profile, known[-1]).resolve() != system.resolve():
        known.append((known[-1] if known else 0) + 1)
        link(profile, known[-1]).symlink_to(system)
    switch(profile, known[-1])
    return 0


def generations(profile: Path) -> list[int]:
    found = (file.name.removeprefix(profile.name + "-").removesuffix("-link")
             for file in profile.parent.glob(f"{profile.name}-*-link"))  # fmt: skip
    return sorted(int(number) for number in found)


def link(profile: Path, number: int) -> Path:
    return profile.with_name(f"{profile.name}-{number}-link")


def current(profile: Path) -> int:
    return int(profile.readlink().name.removeprefix(profile.name + "-").removesuffix("-link"))


def switch(profile: Path, number: int) -> None:
    fresh = profile.with_name(f".{profile.name}.{os.getpid()}")
    fresh.symlink_to(link(profile, number).name)
    fresh.replace(profile)
