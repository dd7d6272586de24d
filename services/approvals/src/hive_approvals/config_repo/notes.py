"""What the operator should know of a file beside its diff: characters that can't be seen, bytes that are no text, and
the like. Notes never replace content, and they never make a proposal fail.
"""

import re
import unicodedata
from collections.abc import Iterator

LONG_LINE = 2000
_LINES = 5
"""How many lines one note names."""
_BINARY_BYTES = 8000
"""Git takes a file for binary when a NUL is among so many first bytes."""
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef"
_UNUSUAL = re.compile(f"[^\\x20-\\x7e\\n\\t]|[{_FILLERS}]")
_WORD = re.compile(r"\w*[^\W\x00-\x7f]\w*")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def of_name(path: str) -> list[str]:
    """What is odd about a path."""
    notes = [f"{_shown(path)}: its name holds {_named(found)}" for found in sorted(set(_odd_characters(path)))]
    if not notes and not path.isascii():
        notes.append(f"{path}: its name is not plain ASCII: {_shown(path, ascii_only=True)}")
    return notes


def of_content(path: str, data: bytes) -> list[str]:
    """What is odd about a file's content, with its lines, from 1."""
    path = _shown(path)
    if b"\0" in data[:_BINARY_BYTES]:
        return [f"{path} is binary; the diff has it as a binary patch"]
    lines = data.split(b"\n")
    notes: list[str] = []
    broken = [number for number, line in enumerate(lines, 1) if not _is_utf8(line)]
    if broken:
        notes.append(f"{path}:{_numbers(broken)}: not UTF-8; such bytes stand as \\xNN in the diff")
    text = data.decode("utf-8", "replace")
    notes.extend(f"{path}:{_numbers(numbers)}: {what}" for what, numbers in _oddities(text).items())
    if any(line.endswith(b"\r") for line in lines):
        notes.append(f"{path} has lines that end with CR LF")
    return notes


def of_words(what: str, words: bytes) -> list[str]:
    """What is odd about a commit's author or message, which no diff shows."""
    text = words.decode("utf-8", "replace")
    odd = sorted({_named(found) for found in _odd_characters(text)})
    notes = [f"{what}: its author or message holds {', '.join(odd[:_LINES])}"] if odd else []
    return notes + ([] if _is_utf8(words) else [f"{what}: its author or message is not UTF-8"])


def _oddities(text: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONG_LINE:
            found.setdefault(f"a line of more than {LONG_LINE} characters", []).append(number)
        if line.isascii() and line.isprintable():
            continue
        for what in sorted({_named(character) for character in _odd_characters(line.removesuffix("\r"))}):
            found.setdefault(what, []).append(number)
        for what in sorted(set(_mixed_words(line))):
            found.setdefault(what, []).append(number)
    return found


def _odd_characters(text: str) -> Iterator[str]:
    for match in _UNUSUAL.finditer(text):
        character = match[0]
        category = unicodedata.category(character)
        if category in _HIDDEN or category == "Zs" or re.match(f"[{_FILLERS}]", character):
            yield character


def _mixed_words(line: str) -> Iterator[str]:
    for match in _WORD.finditer(line):
        foreign = [letter for letter in match[0] if letter.isalpha() and not _is_latin(letter)]
        if foreign and any(letter.isascii() and letter.isalpha() for letter in match[0]):
            yield f"a word that mixes alphabets, {_named(foreign[0])} among Latin letters"


def _is_latin(letter: str) -> bool:
    return letter.isascii() or "LATIN" in unicodedata.name(letter, "")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _named(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'control character')}"


def _numbers(numbers: list[int]) -> str:
    more = f" and {len(numbers) - _LINES} more lines" if len(numbers) > _LINES else ""
    return ",".join(map(str, numbers[:_LINES])) + more


def _shown(text: str, *, ascii_only: bool = False) -> str:
    if ascii_only:
        return ascii(text)[1:-1]
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
