"""The walls around one agent, as a bubblewrap command line: what of the host it sees, as whom it runs.

As root: bubblewrap lays the mounts with root's eyes (so sources under private folders work), keeps only the
three capabilities needed to change user, and `setpriv` then becomes the agent's own user without any
capability. Otherwise: a user namespace, in which the agent keeps the service's user.
The network stays the host's: agents need NATS and the model's API.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hive_lifecycle.runtimes.code_paths import ALWAYS_VISIBLE
from hive_lifecycle.runtimes.interface import AgentSpec, Mount, StartFailed
from hive_lifecycle.runtimes.launch import FILTER_DESCRIPTOR, STATUS_DESCRIPTOR
from hive_lifecycle.runtimes.syscall_filter import syscall_filter

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TEMPORARY_BYTES = 1 << 30
_NOBODY = 65534

_SHOWN_OF_ETC = (
    "alternatives", "ca-certificates", "crypto-policies", "host.conf", "hosts", "ld.so.cache", "ld.so.conf",
    "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "pki", "resolv.conf", "services", "ssl", "static",
)  # fmt: skip


@dataclass(frozen=True)
class Sandbox:
    """Builds the command lines. `as_root` decides between the two ways described above."""

    bubblewrap: str
    setpriv: str
    as_root: bool
    code_paths: tuple[Path, ...]

    def prepare(self, spec: AgentSpec, folder: Path) -> Path | None:
        """Write the account files the agent sees, and the system call filter, whose path is returned."""
        user, group = spec.uid if self.as_root else os.getuid(), spec.uid if self.as_root else os.getgid()
        accounts = folder / "etc"
        accounts.mkdir(mode=0o755, exist_ok=True)
        home = spec.env.get("HOME", spec.working_directory)
        lines = ["root:x:0:0:root:/:/usr/sbin/nologin", f"nobody:x:{_NOBODY}:{_NOBODY}::/:/usr/sbin/nologin"]
        _write(accounts / "passwd", [*lines, f"{spec.name}:x:{user}:{group}::{home}:/bin/sh"])
        further = [f"shared{number}:x:{number}:" for number in spec.groups]
        _write(accounts / "group", ["root:x:0:", f"nogroup:x:{_NOBODY}:", f"{spec.name}:x:{group}:", *further])
        program = syscall_filter()
        if program is None:
            return None
        (folder / "filter.bpf").write_bytes(program)
        return folder / "filter.bpf"

    def environment(self, spec: AgentSpec) -> dict[str, str]:
        own = {"PATH": DEFAULT_PATH, "HOME": spec.working_directory, "USER": spec.name, "LOGNAME": spec.name}
        return own | spec.env

    def command(self, spec: AgentSpec, folder: Path, *, filtered: bool) -> list[str]:
        """The whole command line; what the agent gets as environment is bubblewrap's own."""
        command = [self.bubblewrap, *self._system(spec, folder)]
        for path in self.code_paths:
            command += [*_parents(str(path), command), "--ro-bind", str(path), str(path)]
        for mount in sorted(spec.mounts, key=lambda mount: len(PurePosixPath(mount.target).parts)):
            command += [*_parents(mount.target, command), *_bind(mount)]
        command += ["--remount-ro", "/", "--chdir", "/", *self._namespaces(spec)]
        if filtered:
            command += ["--seccomp", str(FILTER_DESCRIPTOR)]
        command += ["--json-status-fd", str(STATUS_DESCRIPTOR), "--", *self._user(spec)]
        # entered as the agent's own user: what bubblewrap keeps of root may not enter the agent's private folders
        command += ["env", "--chdir", spec.working_directory, "--", *spec.argv]
        return command

    def _system(self, spec: AgentSpec, folder: Path) -> list[str]:
        shown: list[str] = []
        for path in (*ALWAYS_VISIBLE, Path("/lib32"), Path("/libx32")):
            if path.is_symlink():
                shown += ["--symlink", str(path.readlink()), str(path)]
            elif path.is_dir():
                shown += [*_parents(str(path), shown), "--ro-bind", str(path), str(path)]
        shown += ["--perms", "0755", "--dir", "/etc"]
        for name in _SHOWN_OF_ETC:
            shown += ["--ro-bind-try", str(Path("/etc", name).resolve()), f"/etc/{name}"]
        for name in ("passwd", "group"):
            shown += ["--ro-bind", str(folder / "etc" / name), f"/etc/{name}"]
        size = str(min(spec.memory_bytes or TEMPORARY_BYTES, TEMPORARY_BYTES))
        shown += ["--proc", "/proc", "--dev", "/dev"]
        for writable in ("/tmp", "/dev/shm"):
            shown += ["--perms", "1777", "--size", size, "--tmpfs", writable]
        return [*shown, "--perms", "0755", "--dir", "/run", "--perms", "0755", "--dir", "/var",
                "--symlink", "../tmp", "/var/tmp"]  # fmt: skip

    def _namespaces(self, spec: AgentSpec) -> list[str]:
        walls = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", spec.name]
        walls += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        if not self.as_root:
            return [*walls, "--unshare-user"]
        return [*walls, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]

    def _user(self, spec: AgentSpec) -> list[str]:
        if not self.as_root:
            return [self.setpriv, "--no-new-privs", "--"]
        if not spec.uid:
            raise StartFailed(f"{spec.name} has no user of its own: a sandbox started by root needs one")
        groups = ["--groups", ",".join(map(str, spec.groups))] if spec.groups else ["--clear-groups"]
        ids = ["--reuid", str(spec.uid), "--regid", str(spec.uid), *groups]
        return [self.setpriv, *ids, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"]


def check_source(mount: Mount) -> None:
    """Refuses what is not there, and a source reached through a link: an agent that owns a folder above it
    could have put the link there, to be given what lies behind it."""
    if os.path.realpath(mount.source) != str(mount.source):
        raise StartFailed(f"{mount.source} leads through a link, so it can't be mounted at {mount.target}")
    if not mount.source.exists():
        raise StartFailed(f"{mount.source}, which is to be mounted at {mount.target}, does not exist")


def give(mount: Mount, uid: int) -> None:
    """Give a writable, unshared mount to the agent's user: all of it when its top belongs to someone else."""
    if not mount.writable or mount.shared or mount.source.stat().st_uid == uid:
        return
    for _, folders, files, descriptor in os.fwalk(mount.source, follow_symlinks=False):
        for entry in (*folders, *files):
            os.chown(entry, uid, uid, dir_fd=descriptor, follow_symlinks=False)
    os.chown(mount.source, uid, uid, follow_symlinks=False)


def find_programs() -> tuple[str | None, str | None]:
    """Bubblewrap and setpriv."""
    return shutil.which("bwrap"), shutil.which("setpriv")


def _bind(mount: Mount) -> list[str]:
    return ["--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target]


def _parents(target: str, command: list[str]) -> list[str]:
    """Make the folders above a target, readable by all: bubblewrap itself would make them private.

    What lies below something bound before exists there already, or must not be made there."""
    known = {command[at + 2] for at, word in enumerate(command[:-2]) if word in {"--bind", "--ro-bind"}}
    made: list[str] = []
    for parent in reversed(PurePosixPath(target).parents):
        if str(parent) in known:
            return made
        if str(parent) != "/":
            made += ["--perms", "0755", "--dir", str(parent)]
    return made


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o644)
