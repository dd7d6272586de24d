"""Where in a TOML text each key stands, for errors that name a line. Whether the text is right is decided elsewhere.

The scan ends without an error at what it doesn't understand; it only refuses nesting that no parser should be given.
"""

import re
from collections.abc import Iterator

Key = tuple[str | int, ...]

DEEPEST = 32
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_LITERAL = re.compile(r"'([^'\n]*)'")
_LONG = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}' + r"|'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL)
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^\s,\]}#]+(?: \d[^\s,\]}#]*)?")


class TooDeep(Exception):
    """Tables or dotted keys are nested deeper than `DEEPEST`."""

    def __init__(self, line: int) -> None:
        super().__init__(f"nested deeper than {DEEPEST}")
        self.line = line


def key_lines(text: str) -> dict[Key, int]:
    """The line, from 1, of each key and table by its path, with places in arrays as numbers from 0."""
    scan = _Scan(text)
    try:
        scan.document()
    except _NotUnderstood:
        pass
    return scan.lines


class _NotUnderstood(Exception):
    """Not TOML, or not as far as this scan knows it."""


class _Scan:
    def __init__(self, text: str) -> None:
        self.lines: dict[Key, int] = {}
        self._text = text
        self._at = 0
        self._line = 1
        self._counts: dict[Key, int] = {}

    def document(self) -> None:
        prefix: Key = ()
        while self._skip(_SPACE) < len(self._text):
            if self._take("[["):
                prefix = self._table(is_array=True)
            elif self._take("["):
                prefix = self._table(is_array=False)
            else:
                self._pair(prefix)

    def _table(self, *, is_array: bool) -> Key:
        line, names = self._line, list(self._names())
        self._need("]]" if is_array else "]")
        prefix: Key = ()
        for place, name in enumerate(names, 1):
            prefix = (*prefix, name)
            if is_array and place == len(names):
                self._counts[prefix] = self._counts.get(prefix, -1) + 1
            if prefix in self._counts:
                self.lines.setdefault(prefix, line)
                prefix = (*prefix, self._counts[prefix])
            self.lines.setdefault(prefix, line)
        return prefix

    def _pair(self, prefix: Key) -> None:
        line = self._line
        for name in self._names():
            prefix = (*prefix, name)
            self.lines.setdefault(prefix, line)
        self._check_depth(prefix)
        self._need("=")
        self._skip(_BLANK)
        self._value(prefix)

    def _names(self) -> Iterator[str]:
        for count in range(DEEPEST + 1):
            self._skip(_BLANK)
            quoted = _BASIC.match(self._text, self._at) or _LITERAL.match(self._text, self._at)
            found = quoted or _BARE.match(self._text, self._at)
            if found is None:
                raise _NotUnderstood
            self._move(found.end())
            yield found[1] if quoted else found[0]
            self._skip(_BLANK)
            if not self._take("."):
                return
            if count == DEEPEST:
                raise TooDeep(self._line)

    def _value(self, path: Key) -> None:
        self._check_depth(path)
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline(path)
        else:
            for form in (_LONG, _BASIC, _LITERAL, _SCALAR):
                found = form.match(self._text, self._at)
                if found is not None and not (form is not _LONG and self._text.startswith(('"""', "'''"), self._at)):
                    self._move(found.end())
                    return
            raise _NotUnderstood

    def _array(self, path: Key) -> None:
        number = 0
        while not (self._skip(_SPACE) >= 0 and self._take("]")):
            self.lines.setdefault((*path, number), self._line)
            self._value((*path, number))
            number += 1
            self._skip(_SPACE)
            if not self._take(","):
                self._need("]")
                return

    def _inline(self, path: Key) -> None:
        self._skip(_SPACE)
        if self._take("}"):
            return
        while True:
            self._skip(_SPACE)
            self._pair(path)
            self._skip(_SPACE)
            if not self._take(","):
                self._need("}")
                return

    def _check_depth(self, path: Key) -> None:
        if len(path) > DEEPEST:
            raise TooDeep(self._line)

    def _skip(self, what: re.Pattern[str]) -> int:
        found = what.match(self._text, self._at)
        if found is not None:
            self._move(found.end())
        return self._at

    def _take(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._move(self._at + len(mark))
        return True

    def _need(self, mark: str) -> None:
        if not self._take(mark):
            raise _NotUnderstood

    def _move(self, to: int) -> None:
        self._line += self._text.count("\n", self._at, to)
        self._at = to
