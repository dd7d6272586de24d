"""What lies on the host for one container besides its system: the `.conf` file that its unit reads, and a drop-in of
that unit. Decides mounts, users, network and limits of a container.

Binds are mapped, so that root inside is who the files belong to on the host: with `rootidmap` the agent's own user
for what is the agent's alone, with `idmap` each number itself for what it shares. The network is the host's.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hive_kit.files import PUBLIC, write_if_changed

from hive_lifecycle.runtimes.interface import AgentSpec, Mount, StartFailed
from hive_lifecycle.runtimes.nixos.settings import NixosSettings

_UNSPEAKABLE = re.compile(r"""[\s:\\"'`$*?\[\]]""")
DROP_IN = "hyperhive.conf"


@dataclass(frozen=True)
class ContainerFiles:
    """The two files of one container, as its spec wants them."""

    name: str
    conf: Path
    conf_text: str
    drop_in: Path
    drop_in_text: str

    @property
    def digest(self) -> str:
        """Of all that a container must be stopped and started for."""
        return sha256(f"{self.conf_text}\0{self.drop_in_text}".encode()).hexdigest()

    def write(self) -> bool:
        """Whether the drop-in changed: then systemd must read its units anew."""
        write_if_changed(self.conf, self.conf_text, PUBLIC)
        self.drop_in.parent.mkdir(parents=True, exist_ok=True)
        return write_if_changed(self.drop_in, self.drop_in_text, PUBLIC)


def conf_path(settings: NixosSettings, name: str) -> Path:
    """Where it is, the container exists."""
    return settings.containers / f"{name}.conf"


def drop_in_path(settings: NixosSettings, name: str) -> Path:
    return settings.units / f"container@{name}.service.d" / DROP_IN


def container_files(settings: NixosSettings, spec: AgentSpec) -> ContainerFiles:
    """Raises StartFailed for a mount that can't be written down in a `.conf` file."""
    return ContainerFiles(
        spec.name,
        conf_path(settings, spec.name),
        _conf(settings, spec),
        drop_in_path(settings, spec.name),
        _drop_in(spec),
    )


def _conf(settings: NixosSettings, spec: AgentSpec) -> str:
    private = settings.private_users == "pick"
    flags = " ".join(_bind(mount, spec, private) for mount in spec.mounts)
    lines = ["PRIVATE_NETWORK=0", "AUTO_START=0", f'EXTRA_NSPAWN_FLAGS="{flags}"']
    if private:
        lines.insert(1, "PRIVATE_USERS=pick")
    return "\n".join(lines) + "\n"


def _bind(mount: Mount, spec: AgentSpec, private: bool) -> str:
    for path in (str(mount.source), mount.target):
        if _UNSPEAKABLE.search(path):
            raise StartFailed(f"{path!r} can't be mounted: its name has a character that containers can't take")
    flag = "--bind" if mount.writable else "--bind-ro"
    mapping = f":{_mapping(mount, spec)}" if private else ""
    return f"{flag}={mount.source}:{mount.target}{mapping}"


def _mapping(mount: Mount, spec: AgentSpec) -> str:
    """A folder of a group that others are in keeps all its users; what is the agent's alone has one."""
    if not mount.writable or mount.shared or spec.uid is None or not mount.source.is_dir():
        return "idmap"
    return "idmap" if mount.source.stat().st_gid in spec.groups else "rootidmap"


def _drop_in(spec: AgentSpec) -> str:
    lines = ["[Service]", "Restart=no"]
    if spec.memory_bytes is not None:
        lines.append(f"MemoryMax={spec.memory_bytes}")
    if spec.max_processes is not None:
        lines.append(f"TasksMax={spec.max_processes}")
    return "\n".join(lines) + "\n"
