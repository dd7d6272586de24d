"""Text that somebody decides on, for a terminal: nothing in it may hide, move or recolour what is read.

Whatever shows nothing or steers the terminal (escape sequences, carriage returns, bidirectional controls, zero-width
and filler characters) stands as `<U+202E>`.
"""

_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Characters that Unicode calls letters or marks, but that draw nothing (Default_Ignorable_Code_Point)."""
_MARK, _PLAIN = "\x1b[7m", "\x1b[27m"
_COLOURS = (("+++", "\x1b[1m"), ("---", "\x1b[1m"), ("@@", "\x1b[36m"), ("+", "\x1b[32m"), ("-", "\x1b[31m"))
_HEADERS = (
    "diff ",
    "index ",
    "old mode",
    "new mode",
    "new file",
    "deleted file",
    "rename ",
    "similarity ",
    "GIT binary",
)
_BOLD, _RESET = "\x1b[1m", "\x1b[0m"


def visible(text: str, *, coloured: bool = False) -> str:
    """`text` with everything hidden in it spelled out; lines and tabs are kept."""
    return "".join(letter if _is_seen(letter) else _spelled(letter, coloured=coloured) for letter in text)


def coloured_diff(text: str) -> str:
    """A unified diff, or a piece of it, for a terminal: coloured by line, nothing hidden."""
    return "\n".join(_coloured_line(line) for line in text.split("\n"))


def _coloured_line(line: str) -> str:
    shown = visible(line, coloured=True)
    if line.startswith(_HEADERS):
        return f"{_BOLD}{shown}{_RESET}"
    colour = next((colour for start, colour in _COLOURS if line.startswith(start)), None)
    return f"{colour}{shown}{_RESET}" if colour else shown


def _is_seen(letter: str) -> bool:
    return letter in "\n\t" or (letter.isprintable() and letter not in _INVISIBLE)


def _spelled(letter: str, *, coloured: bool) -> str:
    name = f"<U+{ord(letter):04X}>"
    return f"{_MARK}{name}{_PLAIN}" if coloured else name
