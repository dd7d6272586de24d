"""Which names a file may have in a proposal, and which look like a name that they are not."""

import re
import unicodedata

LONGEST_PATH = 1000

FIXED = frozenset({"flake.nix", "flake.lock"})
_FORBIDDEN = {
    ".git": "is a name of git's own",
    "git~1": "is a name of git's own",
    ".gitmodules": "would declare submodules",
    ".gitattributes": "could make what is built differ from what the diff shows",
}
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]|[\U000e0000-\U000e0fff]")  # fmt: skip  # noqa: E501
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def plain_form(name: str) -> str:
    """What a careless reader, or another file system, would take `name` for."""
    shown = _INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).casefold()
    return shown.split(":")[0].strip(" .\t") if not shown.startswith(".") else "." + plain_form(shown[1:])


def problem_of(name: bytes) -> str | None:
    """Why an entry of a tree can't have that name."""
    if name in (b"", b".", b"..") or b"/" in name:
        return "is not a file name"
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return "has a name that is not UTF-8"
    if _CONTROL.search(text):
        return "has a control character or a line break in its name"
    if "\\" in text:
        return "has a backslash in its name"
    return _FORBIDDEN.get(plain_form(text))


def shown(name: bytes | str) -> str:
    """A name or path for an error: what can't be seen is written as an escape."""
    text = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)[:200]
