"""A swarm's folder with applied repositories, a stand-in for hyperhive's own flake, and real nix where there is one."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pygit2
import pytest
from hive_lifecycle.meta import Locker, Meta, NixLocker, Pin, PlainLocker
from hive_lifecycle.meta.plain_locker import git_source
from pygit2 import Oid, Repository, Signature
from pygit2.enums import FileMode, ObjectType

AGENT_FLAKE = "{ outputs = _: { nixosModules.default = import ./agent.nix; }; }\n"
HYPERHIVE_FLAKE = """{
  inputs.library.url = "git+@library@?ref=main";
  inputs.library2.follows = "library";
  outputs = { library, library2, ... }: {
    lib.mkAgent = { name, role, module }: {
      config.system.build.toplevel = derivation {
        name = "system-${name}";
        system = "x86_64-linux";
        builder = "/bin/bash";
        args = [ "-c" "echo ${library2.word} ${role} ${module.text} > $out" ];
      };
    };
  };
}
"""


@dataclass
class GitRepo:
    """A bare repository that is written without a working copy."""

    place: Path
    seconds: int = 1_790_000_000

    def __post_init__(self) -> None:
        pygit2.init_repository(str(self.place), bare=True, initial_head="main")

    @property
    def opened(self) -> Repository:
        return Repository(str(self.place))

    def commit(self, files: Mapping[str, str | tuple[bytes, FileMode]], branch: str = "main") -> str:
        """A commit with these files besides those of main, after main; the branch is at it."""
        repository, self.seconds = self.opened, self.seconds + 60
        main = repository.references.get("refs/heads/main")
        parent = None if main is None else main.peel(ObjectType.COMMIT)
        builder = repository.TreeBuilder(*([] if parent is None else [parent.tree]))
        for name, content in files.items():
            data, mode = (content.encode(), FileMode.BLOB) if isinstance(content, str) else content
            builder.insert(name, repository.create_blob(data), mode)
        who = Signature("somebody", "somebody@localhost", self.seconds, 0)
        parents = [] if parent is None else [parent.id]
        commit = repository.create_commit(None, who, who, "a change\n", builder.write(), parents)
        repository.references.create(f"refs/heads/{branch}", commit, force=True)
        return str(commit)


@dataclass
class Swarm:
    """The state folder of a swarm and what lies in it."""

    root: Path
    locker: Locker = field(default_factory=PlainLocker)
    agents: dict[str, GitRepo] = field(default_factory=dict[str, GitRepo])

    def __post_init__(self) -> None:
        self.library = GitRepo(self.root / "library")
        self.library.commit({"flake.nix": '{ outputs = _: { word = "first"; }; }\n'})
        self.hyperhive = GitRepo(self.root / "hyperhive")
        self.release("first")

    def release(self, word: str) -> str:
        """A new version of hyperhive, which has locked a library that says the word."""
        revision = self.library.commit({"flake.nix": f'{{ outputs = _: {{ word = "{word}"; }}; }}\n'})
        library = plain_node(self.library, revision)
        nodes = {"root": {"inputs": {"library": "library", "library2": ["library"]}}, "library": library}
        lock = json.dumps({"nodes": nodes, "root": "root", "version": 7})
        flake = HYPERHIVE_FLAKE.replace("@library@", self.library.place.as_uri())
        return self.hyperhive.commit({"flake.nix": flake, "flake.lock": lock})

    @property
    def folder(self) -> Path:
        return self.root / "state" / "meta"

    @property
    def applied(self) -> Path:
        return self.root / "state" / "config" / "applied"

    @property
    def source(self) -> str:
        return f"git+{self.hyperhive.place.as_uri()}?ref=main"

    def meta(self, locker: Locker | None = None, source: str | None = None) -> Meta:
        return Meta(self.folder, self.applied, source or self.source, locker or self.locker)

    def agent(self, name: str, text: str = "one") -> Pin:
        """An agent whose applied repository has one commit on main."""
        self.applied.mkdir(parents=True, exist_ok=True)
        self.agents[name] = GitRepo(self.applied / name)
        return Pin(self.agents[name].commit({"flake.nix": AGENT_FLAKE, "agent.nix": agent_nix(text)}))

    def propose(self, name: str, text: str, approval: int) -> Pin:
        """An approved change: a commit on the branch of its build."""
        branch = f"build/{approval}"
        return Pin(self.agents[name].commit({"agent.nix": agent_nix(text)}, branch), branch)

    def deployed(self, name: str, pin: Pin) -> None:
        """What approvals does when a deploy has ended: main is there, the branch is gone."""
        repository = self.agents[name].opened
        repository.references.create("refs/heads/main", Oid(hex=pin.commit), force=True)
        repository.references[f"refs/heads/{pin.branch}"].delete()

    def log(self) -> list[str]:
        """The first lines of main's commits, the last one first."""
        repository = Repository(str(self.folder))
        head = repository.references["refs/heads/main"].peel(ObjectType.COMMIT)
        return [found.message.splitlines()[0] for found in repository.walk(head.id)]

    def lock(self) -> dict[str, dict[str, dict[str, str | int]]]:
        """The nodes of flake.lock."""
        return json.loads((self.folder / "flake.lock").read_text())["nodes"]

    def is_clean(self) -> bool:
        """Whether git finds nothing that differs from what was committed."""
        return not Repository(str(self.folder)).status()


def agent_nix(text: str) -> str:
    return f'{{ text = "{text}"; }}\n'


def plain_node(repo: GitRepo, revision: str) -> dict[str, dict[str, str | int]]:
    """What a lock says of that commit on main, as it would have been written by hyperhive's own release."""
    node = git_source(f"git+{repo.place.as_uri()}?ref=main", repo.place, "main", revision).node
    return node.model_dump(exclude_unset=True)


@dataclass(frozen=True)
class Nix:
    """Real nix with a store of its own."""

    program: Path
    scratch: Path

    @property
    def locker(self) -> NixLocker:
        return NixLocker(self.program, self.scratch, offline=True)

    async def evaluate(self, flake: Path | str, agent: str, *options: str) -> str:
        """The derivation of that agent's system. Fails with what nix says, also when the lock would have to change."""
        code, out, err = await self.run(
            "eval", "--raw", "--no-update-lock-file", *options,
            f'{flake}#nixosConfigurations."{agent}".config.system.build.toplevel.drvPath',
        )  # fmt: skip
        assert code == 0, err
        return out

    async def run(self, *words: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            self.program, "--offline", *words, cwd=self.scratch.parent,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
def swarm(tmp_path: Path) -> Swarm:
    return Swarm(tmp_path)


@pytest.fixture
def nix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nix:
    found = os.environ.get("HIVE_TEST_NIX") or shutil.which("nix")
    if found is None:
        pytest.skip("no nix here, so that what it makes of the lock is not shown; try: apt-get install -y nix-bin")
    for name, value in _environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return Nix(Path(found), tmp_path / "scratch")


def _environment(root: Path) -> dict[str, str]:
    """A store, a cache and settings of its own: nothing of the host's nix is read or written."""
    config = "experimental-features = nix-command flakes\nflake-registry =\nsubstituters =\n"
    store = f"NIX_REMOTE={root / 'nix'}"
    folders = {name: str(root / "xdg" / name) for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    return {**folders, **dict([store.split("=", 1)]), "NIX_CONFIG": config, "HOME": str(root)}


@pytest.fixture(scope="session")
def new_swarm() -> Callable[[Path], Swarm]:
    """Makes a swarm in that folder."""
    return Swarm
