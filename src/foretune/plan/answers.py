"""Answers that are there already: from a file, from flags, from one line of text."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from annotated_types import Le

from foretune.errors import ConfigError, InputError
from foretune.files import replacing
from foretune.plan.config import Config, FurtherStory
from foretune.plan.drafts import Answers, draft
from foretune.plan.fields import field_at, item_type, keys
from foretune.plan.problems import validated
from foretune.plan.questions import QUESTIONS
from foretune.plan.toml import load, plain, read_toml, shown_path

__all__ = ["answers_of", "from_flags", "parse", "read_answers", "read_story", "settle", "write_answers"]

_STORY = re.compile(
    r"\s*as\s+(?P<persona>.+?),?\s+I\s+want\s+(?P<want>.+?),?\s+so\s+that\s+(?P<so_that>.+?)\.?\s*",
    re.IGNORECASE | re.DOTALL,
)


def read_answers(path: Path) -> dict[str, Any]:
    """The answers in a TOML or JSON file with the plan's sections and keys (``section.key`` to value).

    Raises:
        ConfigError: no such file, neither TOML nor JSON, an unknown key, or a value that cannot be used.
    """
    if path.suffix.lower() == ".json":
        written = _read_json(path)
        config = validated(written, lambda _: (0, f"{shown_path(path)}: "))
    else:
        config, written = load(path), read_toml(path)
    return answers_of(config, written)


def answers_of(config: Config, written: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``config`` for the keys that ``written`` (its tables) holds."""
    return {key: _get(config, key) for key in keys() if _holds(written, key)}


def from_flags(
    *, persona: str | None = None, want: str | None = None, so_that: str | None = None, assign: Sequence[str] = ()
) -> dict[str, Any]:
    """Answers given on the command line; ``assign`` holds ``section.key=value``.

    Raises:
        InputError: an assignment without a key or a value.
        ConfigError: an unknown key, or a value that cannot be used.
    """
    story = {"story.persona": persona, "story.want": want, "story.so_that": so_that}
    answers: dict[str, Any] = {key: value for key, value in story.items() if value is not None}
    for assignment in assign:
        key, equals, text = assignment.partition("=")
        key = key.strip()
        if not equals or "." not in key:
            raise InputError(f"--set takes section.key=value (such as --set retrieval.passages=8), not {assignment!r}.")
        answers[key] = parse(key, text, said="--set: ")
    config = _checked(answers)
    return {key: _get(config, key) for key in answers}


def write_answers(path: Path, answers: Answers) -> None:
    """Write answers as a file that :func:`read_answers` takes, JSON by its suffix."""
    with replacing(path) as draft:
        draft.write_text(json.dumps(_tables(answers), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_story(sentence: str) -> FurtherStory:
    """The story in one sentence: As …, I want …, so that … .

    Raises:
        InputError: a part is missing.
    """
    found = _STORY.fullmatch(sentence)
    if found is None:
        raise InputError(f"A story reads “As …, I want …, so that …”; this one does not: {sentence!r}.")
    return FurtherStory(**{name: " ".join(part.split()) for name, part in found.groupdict().items()})


def parse(key: str, text: str, *, said: str = "") -> Any:
    """What a person meant by ``text`` for ``key``: a list by commas, a share by per cent, else as written.

    Raises:
        ConfigError: the value cannot be used for the key; the sentence begins with ``said``.
    """
    value = _value(key, text.strip())
    return _get(_checked({key: value}, said), key)


def settle(answers: Answers) -> Config:
    """The plan these answers make.

    What was not answered has its draft, where a story was given to take drafts
    from, else its default.

    Raises:
        ConfigError: a value cannot be used.
    """
    settled = dict(answers)
    if any(key.startswith("story.") for key in answers):
        for question in QUESTIONS:
            if question.key not in settled and (value := draft(question.key, settled)) is not None:
                settled[question.key] = value
    return _checked(settled)


def _value(key: str, text: str) -> Any:
    info = field_at(tuple(key.split(".")))
    annotation = info.annotation if info else None
    if item_type(annotation) is not None:
        return _toml(text) if text.startswith("[") else [part.strip() for part in text.split(",") if part.strip()]
    if annotation is float and (told := re.fullmatch(r"([\d.]+)\s*(?:%|per\s?cent)", text)):
        is_share = any(isinstance(rule, Le) and rule.le == 1 for rule in (info.metadata if info else ()))
        return float(told[1]) / 100 if is_share else text
    return _toml(text) if annotation in (int, float, bool) else text


def _toml(text: str) -> Any:
    """``text`` as a TOML value, or itself where it is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text


def _checked(answers: Answers, said: str = "") -> Config:
    return validated(_tables(answers), lambda _: (0, said))


def _tables(answers: Answers) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for key, value in answers.items():
        *sections, name = key.split(".")
        table = tables
        for section in sections:
            table = table.setdefault(section, {})
        table[name] = plain(value)
    return tables


def _get(config: Config, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _holds(written: Mapping[str, Any], key: str) -> bool:
    table: Any = written
    for part in key.split("."):
        if not isinstance(table, Mapping) or part not in table:
            return False
        table = table[part]
    return True


def _read_json(path: Path) -> dict[str, Any]:
    shown = shown_path(path)
    try:
        written = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"There is no file {path}.") from None
    except OSError as error:
        raise ConfigError(f"{shown} cannot be read: {(error.strerror or 'unknown error').lower()}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{shown} is not UTF-8 text, save the file as UTF-8.") from None
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        raise ConfigError(f"{shown}, line {error.lineno}, column {error.colno}: this is not JSON ({what}).") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{shown} is nested too deeply, or holds a number too long, to be answers.") from None
    if not isinstance(written, dict):
        raise ConfigError(f"{shown} must hold an object with the plan's sections, such as story.")
    return written
