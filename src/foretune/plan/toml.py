"""``foretune.toml`` read and written: the only way between the file and :class:`~foretune.plan.config.Config`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from foretune.errors import ConfigError
from foretune.models.files import write_atomically
from foretune.plan.config import Config
from foretune.plan.fields import as_section, comment, field_at, item_type
from foretune.plan.locate import Location, line_of, locate
from foretune.plan.problems import Where, validated
from foretune.plan.render import render
from foretune.plan.splice import is_inline, with_tables

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

__all__ = ["PLAN", "find", "load", "plain", "read_toml", "render", "shown_path", "update", "where_in", "write"]

PLAN = "foretune.toml"
_MISTAKES: Mapping[str, str] = {
    "Invalid value": 'text needs straight quotes around it, as in owner = "Head of HR"',
    "Unescaped '\\' in a string": "within quotes a backslash is written twice; a / will do as well",
    "Invalid hex value": "within quotes a backslash is written twice; a / will do as well",
    "Unterminated string": "a closing quote is missing",
    "Illegal character '\\n'": "a closing quote is missing",
    "Expected '=' after a key": "a line is key = value, [section] or # a comment",
    "Invalid statement": "a line is key = value, [section] or # a comment",
    "Expected newline or end of document": "nothing but # a comment may stand behind a value",
    "Unclosed array": "a closing ] is missing",
    "Expected ']": "a closing ] is missing",
    "Cannot declare": "this section stands there twice",
    "Cannot overwrite a value": "this key stands there twice",
}
"""What tomllib's messages begin with, and what a person has to mend."""


def find(start: Path) -> Path:
    """The plan in ``start`` or the nearest folder above it.

    Raises:
        ConfigError: there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / PLAN).is_file():
            return folder / PLAN
    raise _missing(start)


def load(path: Path) -> Config:
    """Read a plan; keys it leaves out have their defaults.

    Raises:
        ConfigError: no such file, broken TOML, an unknown key or a value that cannot be used;
            one sentence with file, line and key.
    """
    text = _text(path)
    return validated(_parse(text, path), _where(path, text))


def where_in(path: Path) -> Where:
    """Where each key of the plan stands, for what only later stages can tell about it (``foretune.toml, line 7: ``)."""
    return _where(path, _text(path))


def _where(path: Path, text: str) -> Where:
    lines = locate(text)

    def where(location: Location) -> tuple[int, str]:
        line = line_of(lines, location)
        return (line or 0), f"{shown_path(path)}, line {line or 1}: "

    return where


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file as they are.

    Raises:
        ConfigError: no such file, or broken TOML; with line and column.
    """
    return _parse(_text(path), path)


def write(path: Path, config: Config) -> None:
    """Write the whole plan, or leave what was there."""
    _replace(path, render(config))


def update(path: Path, changes: Mapping[str, Any]) -> Config:
    """Change some keys (``{"retrieval.passages": 8}``) and leave every comment and line that was there.

    Raises:
        ConfigError: the file cannot be read, a key is unknown or a value cannot be used; nothing is written.
    """
    import tomlkit

    text = _text(path)
    _parse(text, path)
    document = tomlkit.parse(text)
    tables: dict[Location, Any] = {}
    for key, value in changes.items():
        keys: Location = tuple(key.split("."))
        if _is_tables(keys) and not is_inline(text, keys):
            tables[keys] = value
        else:
            _set(document, key.split("."), value)
    text = tomlkit.dumps(document)
    for keys, value in tables.items():
        text = with_tables(text, keys, value)
    config = validated(tomllib.loads(text), lambda _: (0, f"{shown_path(path)}: "))
    _replace(path, text)
    return config


def shown_path(path: Path) -> str:
    """The path as a person in this folder would write it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise (
            _missing(path.parent.resolve()) if path.name == PLAN else ConfigError(f"There is no file {path}.")
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{shown_path(path)} cannot be read: {(error.strerror or 'unknown error').lower()}."
        ) from None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")  # some editors put a byte order mark
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{shown_path(path)}, line {line}: this is not UTF-8 text, save the file as UTF-8.") from None


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{shown_path(path)} is nested too deeply to be a plan.") from None
    except ValueError as error:
        what, line, column = _broken(text, str(error))
        raise ConfigError(f"{shown_path(path)}, line {line}, column {column}: this is not TOML ({what}).") from None


def _broken(text: str, message: str) -> tuple[str, int, int]:
    """What tomllib complains of, and where: its messages end in "(at line 3, column 5)"."""
    what, _, place = message.partition(" (at ")
    said = next((mend for begins, mend in _MISTAKES.items() if what.startswith(begins)), what[:1].lower() + what[1:])
    if numbers := re.match(r"line (\d+), column (\d+)", place):
        return said, int(numbers[1]), int(numbers[2])
    if place:  # "at end of document"
        text = text.rstrip("\n")
        return said, text.count("\n") + 1, len(text.rpartition("\n")[2]) + 1
    # Python's own refusal to convert a number of more than 4,300 digits knows no place.
    number = re.search(r"\d{4301}", text.replace("_", "0"))
    before = text[: number.start() if number else 0]
    return "a number is too long", before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def _missing(folder: Path) -> ConfigError:
    return ConfigError(f"There is no {PLAN} in {folder} or above it: `foretune new` makes one.")


def plain(value: Any) -> Any:
    """A setting as TOML and JSON know it: tables as mappings, enumerations as their text."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)  # TOML cannot say None
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def _is_tables(path: Location) -> bool:
    info = field_at(path)
    return info is not None and as_section(item_type(info.annotation)) is not None


def _set(document: TOMLDocument, path: Sequence[str], value: Any) -> None:
    import tomlkit

    table: Any = document
    for part in path[:-1]:
        if part not in table:
            table[part] = tomlkit.table()
        table = table[part]
    name, is_new = path[-1], path[-1] not in table
    table[name] = plain(value)
    info = field_at(tuple(path))
    if is_new and info and comment(info):
        table[name].comment(comment(info))


def _replace(path: Path, text: str) -> None:
    # A plan that is a link stays one: what it points to is replaced.
    write_atomically(path.resolve(), lambda file: file.write(text.encode()))
