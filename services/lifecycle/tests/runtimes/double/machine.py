"""A container's main process, as systemd-nspawn is: outside of it, with all of it as children that die with it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from host import Host

_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
_KERNELS = ("/proc", "/dev", "/sys")


def machine(host: Host, argv: list[str]) -> int:
    name, ready = argv[0], int(argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    (host.machine_root(name) / "etc").mkdir(parents=True, exist_ok=True)
    journal = host.journal(name)
    host.say(journal, f"systemd running in container {name}.", None, "systemd", 1)
    reading, writing = os.pipe()
    process = subprocess.Popen(
        command(host, name, writing),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(writing,),
        env={},
    )
    os.close(writing)
    with os.fdopen(reading) as stream:
        about = stream.read()
    if about:
        leader = json.loads(about)["child-pid"]
        for number in _FORWARDED:
            signal.signal(number, lambda received, _frame: forward(leader, received))
        os.write(ready, b"ready")
    os.close(ready)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    assert process.stdout is not None
    for line in process.stdout:
        text = line.decode(errors="replace").rstrip("\n")
        host.say(journal, text, "hyperhive-harness.service", "hive-harness", process.pid)
    code = process.wait()
    host.say(journal, "System is going down.", None, "systemd", 1)
    (host.systemd / f"{name}.exit").write_text(json.dumps({"code": 1, "status": code}))
    return code


def forward(leader: int, number: int) -> None:
    try:
        os.kill(leader, number)
    except ProcessLookupError:
        return


def command(host: Host, name: str, info: int) -> list[str]:
    binds = [bind(flag) for flag in host.conf_values(name).get("EXTRA_NSPAWN_FLAGS", "").split()]
    mounts = {target: (option, source) for option, source, target in binds}
    words = ["bwrap", "--unshare-pid", "--as-pid-1", "--die-with-parent", "--info-fd", str(info)]
    if os.geteuid() == 0:
        words += ["--cap-add", "ALL"]
    words += view(Path("/"), mounts)
    words += ["--proc", "/proc", "--dev-bind", "/dev", "/dev"]
    for variable, value in (("PATH", os.defpath), ("HOME", "/home/agent"), ("LANG", "C.UTF-8"),
                            ("CLAUDE_CONFIG_DIR", "/home/agent/.claude")):  # fmt: skip
        words += ["--setenv", variable, value]
    init = str(Path(__file__).with_name("init.py"))
    return [*words, "--", sys.executable, "-IS", init, str(host.profile(name)), str(host.systemd / f"{name}.inside")]


def bind(flag: str) -> tuple[str, str, str]:
    option, _, paths = flag.partition("=")
    source, target = paths.split(":")[:2]
    return "--ro-bind" if option == "--bind-ro" else "--bind", source, target


def view(place: Path, mounts: dict[str, tuple[str, str]]) -> list[str]:
    """The host's own tree, with the mounts in it and none of the folders for them made on the host."""
    words: list[str] = []
    own = {target for target in mounts if Path(target).parent == place}
    for entry in sorted(place.iterdir(), key=str):
        path = str(entry)
        if path in _KERNELS or path in own:
            continue
        if entry.is_symlink():
            words += ["--symlink", str(entry.readlink()), path]
        elif any(Path(target).is_relative_to(entry) for target in mounts) and entry.is_dir():
            words += ["--perms", "0755", "--dir", path, *view(entry, mounts)]
        elif os.access(path, os.R_OK):
            words += ["--bind", path, path]
    if place != Path("/"):
        return words
    for target in sorted(mounts):
        words += [mounts[target][0], mounts[target][1], target]
    return words
