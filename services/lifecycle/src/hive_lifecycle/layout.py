"""Where an agent's things lie on this host, whose they are, and what of them the agent sees where.

`agents/<name>/` holds what is the agent's alone: home (its Claude login), store (its history), run (its
credentials, settings and secrets, which it may read but not write). Its state folder lies in a tree of its own,
`shared/agents/<name>/state`, with a link to its proposed repository beside it: that whole tree is the manager's
`/agents`, so an agent made later appears there without a restart of the manager.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hive_wire.names import Role

from hive_lifecycle import shared_trees
from hive_lifecycle.runtimes import Mount

HOME = "/home/agent"
STATE = "/state"
STORE = "/var/lib/hive"
RUN = "/run/hive"
OWN = "/run/hive/own"
EVERYONE = "/agents"
PROPOSED = "/config/proposed"
APPLIED = "/applied"

# From <state>/shared/agents/<name>/config to <state>/config/proposed/<name>; inside the manager's sandbox the same
# steps up end at the root, below which PROPOSED lies.
_CONFIG_LINK = "../../../config/proposed"


@dataclass(frozen=True)
class Owner:
    """The user an agent runs as and the group of shared folders, where every agent has a user of its own."""

    uid: int
    group: int


@dataclass(frozen=True)
class Layout:
    """Paths below the swarm's state folder."""

    state: Path

    @property
    def everyone(self) -> Path:
        """What the manager sees as `/agents`."""
        return self.state / "shared" / "agents"

    @property
    def proposed(self) -> Path:
        return self.state / "config" / "proposed"

    @property
    def applied(self) -> Path:
        return self.state / "config" / "applied"

    @property
    def meta(self) -> Path:
        """The swarm's flake."""
        return self.state / "meta"

    def agent(self, name: str) -> Path:
        """What is the agent's alone."""
        return self.state / "agents" / name

    def work(self, name: str) -> Path:
        """The agent's state folder."""
        return self.everyone / name / "state"

    def home(self, name: str) -> Path:
        return self.agent(name) / "home"

    def store(self, name: str) -> Path:
        return self.agent(name) / "store"

    def run(self, name: str) -> Path:
        return self.agent(name) / "run"

    def own(self, name: str) -> Path:
        """The part of the run folder that the agent may write."""
        return self.run(name) / "own"

    def creds(self, name: str) -> Path:
        return self.run(name) / "agent.creds"

    def settings(self, name: str) -> Path:
        return self.run(name) / "settings.json"

    def secrets(self, name: str) -> Path:
        return self.run(name) / "secrets"

    def is_kept(self, name: str) -> bool:
        """Whether state, login or history of that name lies here; repositories alone may be those of a request."""
        return any(os.path.lexists(place) for place in (self.agent(name), self.everyone / name))

    def mounts(self, name: str, role: Role) -> tuple[Mount, ...]:
        """What the agent sees of the host."""
        own = (
            Mount(self.work(name), STATE, writable=True),
            Mount(self.home(name), HOME, writable=True),
            Mount(self.store(name), STORE, writable=True),
            Mount(self.run(name), RUN),
            Mount(self.own(name), OWN, writable=True),
        )
        if role is not Role.MANAGER:
            return (*own, Mount(self.proposed / name, f"{EVERYONE}/{name}/config"))
        return (
            *own,
            Mount(self.everyone, EVERYONE, writable=True, shared=True),
            Mount(self.proposed, PROPOSED, writable=True, shared=True),
            Mount(self.applied, APPLIED),
        )

    def make_trees(self, group: int | None) -> None:
        """The trees that agents share. `group` where agents have users of their own."""
        for folder, mode in ((self.everyone, 0o750), (self.proposed, 0o2770), (self.applied, 0o2750)):
            folder.mkdir(parents=True, exist_ok=True)
            if group is not None:
                shared_trees.share(folder, group, mode, inherit=folder != self.everyone)

    def make(self, name: str, owner: Owner | None) -> None:
        """All folders of one agent, with their owners; what is there already keeps its content."""
        private = (self.home(name), self.store(name), self.own(name))
        for folder in (*private, self.secrets(name)):
            folder.mkdir(parents=True, exist_ok=True)
        self.agent(name).chmod(0o700)
        _link(self.agent(name) / "state", f"../../shared/agents/{name}/state")
        self.make_work(name, owner)
        if owner is None:
            return
        for folder in private:
            shared_trees.give(folder, owner.uid, owner.uid)
            folder.chmod(0o700)
        for folder in (self.run(name), self.secrets(name)):
            os.chown(folder, os.geteuid(), owner.uid, follow_symlinks=False)
            folder.chmod(0o750)

    def make_work(self, name: str, owner: Owner | None) -> None:
        """The state folder, and what the manager sees beside it; also of an agent to be."""
        work = self.work(name)
        work.mkdir(parents=True, exist_ok=True)
        _link(work.parent / "config", f"{_CONFIG_LINK}/{name}")
        if owner is None:
            return
        shared_trees.share(work.parent, owner.group, 0o750, inherit=False)
        shared_trees.give(work, owner.uid, owner.group)
        shared_trees.share_tree(work, owner.group, 0o2770)
        shared_trees.share_tree(self.proposed / name, owner.group, 0o2770)
        shared_trees.share_tree(self.applied / name, owner.group, 0o2750)

    def remove(self, name: str, *, purge: bool) -> None:
        """Credentials, settings and secrets go; with `purge` state, login and history too."""
        if not purge:
            shutil.rmtree(self.run(name), ignore_errors=True)
            return
        for folder in (self.agent(name), self.everyone / name):
            if folder.exists():
                _remove_tree(folder)


def _remove_tree(folder: Path) -> None:
    """All of it, however deep an agent made it: `shutil` gives up at about a thousand levels, `rm` doesn't."""
    try:
        shutil.rmtree(folder)
    except (RecursionError, OSError):
        done = subprocess.run(["rm", "-rf", "--", str(folder)], capture_output=True, text=True, check=False)
        if folder.exists():
            raise OSError(f"{folder} could not be removed: {done.stderr.strip()[:300]}") from None


def _link(link: Path, target: str) -> None:
    if not os.path.lexists(link):
        link.symlink_to(target)
