"""The files of a commit in an applied repository."""

from dataclasses import dataclass

from hive_wire.errors import ErrorCode, Refusal
from pygit2 import Blob, Repository, Tree
from pygit2.enums import FileMode

from hive_approvals.config_repo.libgit import commit_of

READ_BYTES = 256 << 10
"""How much of a file is handed out at once."""


@dataclass(frozen=True)
class File:
    """A file as a tree names it."""

    id: str
    executable: bool


def files_of(repository: Repository, commit: str | None) -> dict[str, File]:
    """Every file by its path, in git's order; none without a commit. Refuses `unknown_commit`."""
    found: dict[str, File] = {}
    if commit is not None:
        _collect(commit_of(repository, commit).tree, "", found)
    return found


def content(repository: Repository, file: File) -> bytes:
    """The whole file."""
    blob = repository[file.id]
    if not isinstance(blob, Blob):
        raise RuntimeError(f"{file.id} is no file")
    return blob.data


def read(repository: Repository, commit: str, path: str) -> tuple[bytes, bool]:
    """A file's first `READ_BYTES`, and whether there are more. Refuses `bad_path`, `not_found`."""
    if any(part in ("", ".", "..") for part in path.split("/")) or "\0" in path or "\\" in path:
        text = f"{path!r} is no path of a file inside the configuration"
        raise Refusal(ErrorCode.BAD_PATH, text, path=path)
    file = files_of(repository, commit).get(path)
    if file is None:
        text = f"there is no file {path!r} in the configuration at {commit[:12]}"
        raise Refusal(ErrorCode.NOT_FOUND, text, path=path, commit=commit)
    whole = content(repository, file)
    return whole[:READ_BYTES], len(whole) > READ_BYTES


def _collect(tree: Tree, prefix: str, found: dict[str, File]) -> None:
    for entry in tree:
        path = prefix + (entry.name or "")
        if isinstance(entry, Tree):
            _collect(entry, path + "/", found)
        elif isinstance(entry, Blob):
            found[path] = File(str(entry.id), entry.filemode == FileMode.BLOB_EXECUTABLE)
