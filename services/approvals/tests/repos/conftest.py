"""An agent's two repositories on disk, and a hand that writes any object into the proposed one, also wrong ones."""

import hashlib
import subprocess
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hive_approvals.config_repo import Checked, ConfigRepos, Diff
from hive_wire.errors import Refusal

AGENT = "scout"
WHO = b"Manager <manager@hive> 1700000001 +0000"

Content = bytes | tuple[bytes, bytes] | None
"""A file's content, its mode and content, or that it is not there."""


def git(folder: Path, *words: str, stdin: bytes = b"", check: bool = True) -> bytes:
    """What the real git says."""
    command = ["git", "-c", "safe.directory=*", "-c", "user.name=Manager", "-c", "user.email=m@hive", "-C", str(folder)]
    done = subprocess.run([*command, *words], input=stdin, capture_output=True, check=False)
    assert not check or done.returncode == 0, done.stderr.decode()
    return done.stdout.strip()


@dataclass
class Shop:
    """Where proposals are made."""

    repos: ConfigRepos
    start: str
    base_files: dict[str, Content] = field(default_factory=dict)

    @property
    def proposed(self) -> Path:
        return self.repos.proposed / AGENT

    @property
    def applied(self) -> Path:
        return self.repos.applied / AGENT

    @property
    def objects(self) -> Path:
        return self.proposed / ".git" / "objects"

    def git(self, *words: str, stdin: bytes = b"", check: bool = True) -> str:
        return git(self.proposed, *words, stdin=stdin, check=check).decode()

    def in_applied(self, *words: str, stdin: bytes = b"", check: bool = True) -> str:
        return git(self.applied, *words, stdin=stdin, check=check).decode()

    def write(self, kind: str, data: bytes, *, claim: str | None = None, head: bytes | None = None) -> str:
        """A loose object, whatever it says; under another id with `claim`, with another header with `head`."""
        whole = (head if head is not None else f"{kind} {len(data)}\0".encode()) + data
        oid = claim or hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        place = self.objects / oid[:2] / oid[2:]
        place.parent.mkdir(exist_ok=True)
        if not place.exists():
            place.write_bytes(zlib.compress(whole, 1))
        return oid

    def tree(self, *entries: tuple[bytes, bytes, str]) -> str:
        """A tree of (mode, name, id) in just that order."""
        return self.write("tree", b"".join(m + b" " + n + b"\0" + bytes.fromhex(i) for m, n, i in entries))

    def folder(self, files: dict[str, Content]) -> str:
        """The tree of files by path."""
        entries: list[tuple[bytes, bytes, str]] = []
        for name in {path.split("/")[0] for path in files}:
            below = {p[len(name) + 1 :]: c for p, c in files.items() if p.startswith(name + "/")}
            if below:
                entries.append((b"40000", name.encode("utf-8", "surrogateescape"), self.folder(below)))
            elif files[name] is not None:
                content = files[name]
                mode, data = content if isinstance(content, tuple) else (b"100644", content or b"")
                entries.append((mode, name.encode("utf-8", "surrogateescape"), self.write("blob", data)))
        return self.tree(*sorted(entries, key=lambda e: e[1] + b"/" * (e[0] == b"40000")))

    def commit_tree(self, tree: str, *parents: str, message: bytes = b"a proposal\n", extra: bytes = b"") -> str:
        """A commit of a tree; without parents, on the start."""
        links = b"".join(b"parent " + p.encode() + b"\n" for p in parents or (self.start,))
        head = b"tree " + tree.encode() + b"\n" + links + b"author " + WHO + b"\ncommitter " + WHO + b"\n" + extra
        return self.write("commit", head + b"\n" + message)

    def commit(self, files: dict[str, Content], *parents: str, message: bytes = b"a proposal\n") -> str:
        """A commit of the template's files with these changes; without parents, on the start."""
        return self.commit_tree(self.folder({**self.base_files, **files}), *parents, message=message)

    def propose(self, commit: str, base: str | None = None, *, spawn: bool = False) -> Checked:
        """What submitting it comes to."""
        full = self.repos.resolve(AGENT, commit)
        self.repos.take_in(AGENT, full)
        return self.repos.check(AGENT, full, base or self.start, spawn=spawn)

    def refusal(self, commit: str, base: str | None = None, *, spawn: bool = False) -> Refusal:
        """Why submitting it is refused."""
        with pytest.raises(Refusal) as refused:
            self.propose(commit, base, spawn=spawn)
        return refused.value

    def diff(self, commit: str, base: str | None = None) -> Diff:
        return self.repos.diff(AGENT, base, commit)

    def rebuilt(self, diff: Diff) -> str:
        """The tree that git makes of the base by applying the diff's bytes: the commit's, if nothing is left out."""
        index = self.applied / "rebuilt.index"
        raw = b"".join(patch.raw for patch in diff.patches)
        environment = ["env", f"GIT_INDEX_FILE={index}"]
        command = [*environment, "git", "-c", "safe.directory=*", "-c", "core.bare=true", "-C", str(self.applied)]
        first = ["read-tree", diff.base] if diff.base else ["read-tree", "--empty"]
        subprocess.run([*command, *first], check=True, capture_output=True)
        if raw:
            applying = [*command, "apply", "--cached", "--whitespace=nowarn", "-"]
            done = subprocess.run(applying, input=raw, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr.decode()
        made = subprocess.run([*command, "write-tree"], check=True, capture_output=True).stdout.decode().strip()
        index.unlink(missing_ok=True)
        return made


def _files(applied: Path, start: str) -> dict[str, Content]:
    names = git(applied, "ls-tree", "--name-only", start).decode().split()
    command = ["git", "-c", "safe.directory=*", "-C", str(applied), "show"]
    return {name: subprocess.check_output([*command, f"{start}:{name}"]) for name in names}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    repos = ConfigRepos(tmp_path / "proposed", tmp_path / "applied")
    start = repos.seed(AGENT, 1_700_000_000)
    return Shop(repos, start, _files(tmp_path / "applied" / AGENT, start))
