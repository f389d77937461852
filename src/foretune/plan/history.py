"""What was agreed, and every change of it with its reason: one JSON line a version, beside the plan.

Meant for version control like the plan itself. A version is what the interview asks for; settings that nobody signs
are no part of it.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from foretune.errors import InputError
from foretune.files import replacing
from foretune.plan.completeness import completeness
from foretune.plan.config import Config
from foretune.plan.intent import stories
from foretune.plan.questions import question_for

__all__ = ["HISTORY", "PlanChange", "PlanVersion", "changes_since", "keep_version", "read_history"]

HISTORY = "plan-history.jsonl"
_MORE = "story.more"


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One entry of the plan that is another now."""

    key: str
    label: str
    before: str
    """As a person would write it; empty where there was nothing."""
    after: str


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """The plan as it was put before those who sign it."""

    at: str
    """ISO 8601, UTC."""
    by: str
    reason: str
    """Why it changed; empty for the first."""
    changes: tuple[PlanChange, ...]
    entries: Mapping[str, str]


def read_history(folder: Path) -> tuple[PlanVersion, ...]:
    """All versions, oldest first; none where nothing was agreed yet.

    Raises:
        InputError: the file is not what :func:`keep_version` wrote; with its line.
    """
    path = folder / HISTORY
    if not path.is_file():
        return ()
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        try:
            told = json.loads(line)
            changes = tuple(PlanChange(**each) for each in told.pop("changes"))
            found.append(PlanVersion(changes=changes, **told))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{path.name}, line {number} is no version of the plan: take the line out.") from None
    return tuple(found)


def changes_since(config: Config, history: Sequence[PlanVersion]) -> tuple[PlanChange, ...]:
    """What is another than in the newest version; nothing where there is none."""
    if not history:
        return ()
    before, after = history[-1].entries, _entries(config)
    return tuple(
        PlanChange(key, _label(key), before.get(key, ""), after.get(key, ""))
        for key in dict.fromkeys((*before, *after))
        if before.get(key, "") != after.get(key, "")
    )


def keep_version(folder: Path, config: Config, *, reason: str = "") -> tuple[PlanVersion, ...]:
    """Keep the plan as it is now, where it is new or changed; returns the whole history.

    Raises:
        InputError: it changed and there is no reason; nothing is kept.
    """
    history = read_history(folder)
    changes = changes_since(config, history)
    if history and not changes:
        return history
    if changes and not reason.strip():
        labels = ", ".join(each.label for each in changes[:5])
        raise InputError(
            f"The plan has changed since {history[-1].at[:10]} ({labels}): say why with --reason, "
            "for those who signed it will ask."
        )
    at = datetime.now(UTC).isoformat(timespec="seconds")
    version = PlanVersion(at, _user(), reason.strip() if changes else "", changes, _entries(config))
    kept = (*history, version)
    with replacing(folder / HISTORY) as draft:
        lines = (json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in kept)
        draft.write_text("".join(lines), encoding="utf-8")
    return kept


def _entries(config: Config) -> dict[str, str]:
    entries = {entry.key: entry.value for entry in completeness(config).entries}
    further = "; ".join(f"As {who}, I want {want}, so that {end}" for who, want, end in stories(config)[1:])
    return entries | ({_MORE: further} if further else {})


def _label(key: str) -> str:
    question = question_for(key)
    return question.label if question else "Further stories" if key == _MORE else key


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
