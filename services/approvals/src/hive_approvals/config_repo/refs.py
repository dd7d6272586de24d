"""Tags, branches and the way of `main` in an applied repository. Each may be done again; a tag never moves."""

from pathlib import Path

from hive_wire.errors import ErrorCode, Refusal
from pygit2 import Oid, Reference, Repository, Signature
from pygit2.enums import ObjectType

from hive_approvals.config_repo.libgit import BRANCH, commit_of

AUTHOR = ("hyperhive", "hyperhive@localhost")
_MAIN = f"refs/heads/{BRANCH}"


def tag(repository: Repository, name: str, commit: str) -> None:
    """A lightweight tag."""
    if not _is_tagged(repository, name, commit):
        _create(repository, f"refs/tags/{name}", commit_of(repository, commit).id)


def annotate(repository: Repository, name: str, commit: str, message: str, at_seconds: int) -> None:
    """An annotated tag with exactly that message; the first one stays."""
    if _is_tagged(repository, name, commit):
        return
    who = Signature(*AUTHOR, at_seconds, 0)
    head = f"object {commit_of(repository, commit).id}\ntype commit\ntag {name}\n"
    tagger = f"tagger {who.name} <{who.email}> {at_seconds} +0000\n\n"
    # As bytes of our own: libgit2 takes messages as C strings, which end at a NUL.
    content = (head + tagger).encode() + message.encode("utf-8", "backslashreplace")
    _create(repository, f"refs/tags/{name}", repository.odb.write(int(ObjectType.TAG), content))


def set_branch(repository: Repository, name: str, commit: str) -> None:
    """A branch at that commit, wherever it was before."""
    _move(repository, f"refs/heads/{name}", commit_of(repository, commit).id)


def drop_branch(repository: Repository, name: str) -> None:
    """No such branch any more."""
    found = _find(repository, f"refs/heads/{name}")
    if found is not None:
        _unlock(repository, found.name)
        found.delete()


def target(repository: Repository, reference: str) -> str | None:
    """The commit that a reference leads to."""
    found = _find(repository, reference)
    return None if found is None else str(found.peel(ObjectType.COMMIT).id)


def descends(repository: Repository, commit: str, base: str) -> bool:
    """Whether `base` is `commit` or one of its ancestors.

    Every link is followed; the dates in commits, which a proposal can choose, have no say.
    """
    goal, waiting, seen = commit_of(repository, base).id, [commit_of(repository, commit).id], set[Oid]()
    while waiting:
        oid = waiting.pop()
        if oid == goal:
            return True
        if oid not in seen:
            seen.add(oid)
            waiting.extend(commit_of(repository, str(oid)).parent_ids)
    return False


def fast_forward(repository: Repository, commit: str) -> None:
    """Move `main` to a descendant of where it is. Refuses `stale_base`."""
    deployed = target(repository, _MAIN)
    if deployed is None:
        raise RuntimeError("an applied repository without its main branch")
    if not descends(repository, commit, deployed):
        text = f"{commit[:12]} does not descend from {deployed[:12]}, which is deployed; rebase it and ask again"
        raise Refusal(ErrorCode.STALE_BASE, text, commit=commit, deployed=deployed)
    if commit != deployed:
        _move(repository, _MAIN, commit_of(repository, commit).id)


def _is_tagged(repository: Repository, name: str, commit: str) -> bool:
    there = target(repository, f"refs/tags/{name}")
    if there not in (None, commit):
        raise RuntimeError(f"the tag {name} is at {there} and can't be moved to {commit}")
    return there is not None


def _find(repository: Repository, reference: str) -> Reference | None:
    return repository.references.get(reference)


def _create(repository: Repository, reference: str, oid: Oid) -> None:
    _unlock(repository, reference)
    repository.references.create(reference, oid)


def _move(repository: Repository, reference: str, oid: Oid) -> None:
    _unlock(repository, reference)
    repository.references.create(reference, oid, force=True)


def _unlock(repository: Repository, reference: str) -> None:
    """Remove locks that a killed process left behind: nobody else writes here, and the caller has the agent's lock."""
    for name in (reference, "packed-refs", "HEAD"):
        (Path(repository.path) / f"{name}.lock").unlink(missing_ok=True)
