"""On which line of a TOML text each key stands.

Neither :mod:`tomllib` nor tomlkit tells, and an error message without a line
sends people searching. The text has been parsed already, so this scanner needs
to find its way through valid TOML only (https://toml.io/en/v1.0.0).
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

__all__ = ["Location", "line_of", "locate"]

Location = tuple[str | int, ...]
"""Keys and, within arrays, positions from 0: ``("governance", "rules", 0, "check")``."""

_BASIC = r'"(?:[^"\\\n]|\\.)*"'
_LITERAL = r"'[^'\n]*'"
_PART = rf"(?:[A-Za-z0-9_-]+|{_BASIC}|{_LITERAL})"
_KEY = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_SPACE = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_STRING = re.compile(
    # A multi-line string may end in up to two quotes of its own before the closing three.
    rf'"""(?:[^\\]|\\.)*?""""{{0,2}}|\'\'\'.*?\'\'\'\'{{0,2}}|{_BASIC}|{_LITERAL}',
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\n]+")


def locate(text: str) -> dict[Location, int]:
    """The line (from 1) of every table, key and array element of a valid TOML ``text``."""
    return _Scanner(text.replace("\r\n", "\n")).scan()


def line_of(lines: dict[Location, int], location: Location) -> int | None:
    """The line of ``location``, or of what encloses it where it is not written in the file."""
    for length in range(len(location), 0, -1):
        if (line := lines.get(location[:length])) is not None:
            return line
    return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Location, int] = {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._elements: dict[Location, int] = {}  # arrays of tables and how many tables they have so far

    def scan(self) -> dict[Location, int]:
        table: Location = ()
        self._skip()
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)
            self._skip()
        return self.lines

    def _header(self) -> Location:
        line = self._line()
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self._advance(brackets)
        keys = self._key()
        self._advance(brackets)
        location: Location = ()
        for position, key in enumerate(keys):
            location += (key,)
            self.lines.setdefault(location, line)
            if brackets == 2 and position == len(keys) - 1:
                self._elements[location] = self._elements.get(location, 0) + 1
            if location in self._elements:  # a header speaks of the last table of an array
                location += (self._elements[location] - 1,)
                self.lines.setdefault(location, line)
        self.lines[location] = line
        return location

    def _pair(self, table: Location) -> None:
        line = self._line()
        keys = self._key()
        for length in range(1, len(keys) + 1):
            self.lines.setdefault(table + keys[:length], line)
        self._advance(1)  # the equals sign
        self._value(table + keys)

    def _value(self, location: Location) -> None:
        if self.text.startswith("[", self.at):
            self._array(location)
        elif self.text.startswith("{", self.at):
            self._inline_table(location)
        else:
            match = _STRING.match(self.text, self.at) or _BARE.match(self.text, self.at)
            assert match
            self.at = match.end()

    def _array(self, location: Location) -> None:
        self._advance(1)
        position = 0
        while not self.text.startswith("]", self.at):
            self.lines[(*location, position)] = self._line()
            self._value((*location, position))
            self._comma()
            position += 1
        self.at += 1

    def _inline_table(self, location: Location) -> None:
        self._advance(1)
        while not self.text.startswith("}", self.at):
            self._pair(location)
            self._comma()
        self.at += 1

    def _comma(self) -> None:
        self._skip()
        if self.text.startswith(",", self.at):
            self._advance(1)

    def _key(self) -> tuple[str, ...]:
        match = _KEY.match(self.text, self.at)
        assert match
        self.at = match.end()
        self._skip()
        parsed = tomllib.loads(match.group() + " = 0")
        keys: list[str] = []
        while isinstance(parsed, dict):
            ((key, parsed),) = parsed.items()
            keys.append(key)
        return tuple(keys)

    def _advance(self, characters: int) -> None:
        self.at += characters
        self._skip()

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match
        self.at = match.end()

    def _line(self) -> int:
        return bisect_right(self._starts, self.at)
