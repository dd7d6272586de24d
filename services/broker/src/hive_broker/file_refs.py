"""Files that a message's body names: found once, when the message is stored, and shown to the operator later.

Each is kept as it stands in the body, with its size and its place. Where the links lead is decided anew at every
reading, so that a link that was swapped meanwhile shows nothing it shouldn't.
"""

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from hive_wire.broker import FilePreview
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import OPERATOR, SYSTEM

from hive_broker.shared_folders import Place, SharedFolders

PREVIEW_BYTES = 64 * 1024
_MOST_REFS = 20
_MOST_LOOKS = 100
_PATH = r"[^\s\x00-\x1f`'\"“”‘’«»<>|\[\](){},;:*?!…、。，]{1,1000}"
_TRAILING = "._~-"
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,16}\Z")

Stored = list[dict[str, Any]]  # Any: JSON of path, size and place


class FileRefs:
    """Finds and reads the files that bodies name."""

    def __init__(self, folders: SharedFolders) -> None:
        self._folders = folders
        prefixes = "|".join(map(re.escape, folders.prefixes))
        self._paths = re.compile(rf"(?<![A-Za-z0-9/.~-])(?:{prefixes}){_PATH}")

    def may_be_in(self, body: str) -> bool:
        """Whether it is worth a look: most bodies name no file, and this costs them next to nothing."""
        return any(prefix in body for prefix in self._folders.prefixes)

    def find(self, body: str, sender: str, recipient: str) -> str | None:
        """The files in the shared folders of both that the body names, as they are stored. Looks at the disk."""
        people = people_of(sender, recipient)
        found: Stored = []
        for path in self._named(body):
            ref = self._look(path, people)
            if ref is not None:
                found.append(ref)
            if len(found) == _MOST_REFS:
                break
        return json.dumps(found) if found else None

    def of_place(self, path: str, place: Place, owner: str) -> str | None:
        """One file whose place is known, as it is stored."""
        size = self._size(place, (owner,))
        return None if size is None else json.dumps([_stored(path, size, place)])

    def preview(self, stored: str | None, number: int, sender: str, recipient: str) -> FilePreview:
        """The beginning of one of the files, as it is now. Refuses `not_found`, `bad_path`. Looks at the disk."""
        refs: Stored = json.loads(stored) if stored else []
        if number >= len(refs):
            raise Refusal(ErrorCode.NOT_FOUND, f"the message names {len(refs)} files", number=number)
        path = str(refs[number]["path"])
        try:
            place = self._folders.resolve(tuple(refs[number]["place"].split("/")), people_of(sender, recipient))
            head, size = self._folders.head(place, PREVIEW_BYTES)
        except OSError as error:
            raise Refusal(ErrorCode.NOT_FOUND, f"{path} can't be read: {error.strerror}", path=path) from error
        return FilePreview(path=path, size=size, text=_text(head, cut=size > len(head)), cut=size > len(head))

    def _named(self, body: str) -> Iterator[str]:
        """Each path once, as it stands there."""
        seen: dict[str, None] = {}
        for match in self._paths.finditer(body):
            written = match.group()
            for path in (written, written.rstrip(_TRAILING)):
                if _has_extension(path) and path not in seen:
                    seen[path] = None
                    yield path
            if len(seen) >= _MOST_LOOKS:
                return

    def _look(self, path: str, people: Sequence[str]) -> dict[str, Any] | None:  # Any: as in Stored
        for place in self._folders.places(path, people):
            size = self._size(place, people)
            if size is not None:
                return _stored(path, size, place)
        return None

    def _size(self, place: Place, people: Sequence[str]) -> int | None:
        try:
            return self._folders.size(self._folders.resolve(place, people))
        except (OSError, Refusal):
            return None


def people_of(sender: str, recipient: str) -> tuple[str, ...]:
    """Those of the two that have shared folders, the sender first."""
    return tuple(name for name in dict.fromkeys((sender, recipient)) if name not in (OPERATOR, SYSTEM))


def _stored(path: str, size: int, place: Place) -> dict[str, Any]:  # Any: as in Stored
    return {"path": path, "size": size, "place": "/".join(place)}


def _has_extension(path: str) -> bool:
    stem, _, extension = path.rpartition("/")[2].rpartition(".")
    return bool(stem.strip(".")) and _EXTENSION.match(extension) is not None


def _text(head: bytes, *, cut: bool) -> str | None:
    """None for what is no text; a character that the cut split is left out."""
    if b"\0" in head:
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head, final=not cut)
    except UnicodeDecodeError:
        return None
