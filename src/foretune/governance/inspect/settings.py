"""What checks are to know where there is no project: from a plan, from what was asked for, or by default."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from foretune.errors import InputError
from foretune.governance.checks import CheckSettings, Wanted
from foretune.governance.rules import validate_rules
from foretune.plan.config import Config

__all__ = ["settings_of"]

_CODE = re.compile(r"[a-z]{2,3}")


def settings_of(
    plan: Config | None = None,
    *,
    languages: Sequence[str] = (),
    topics: Sequence[str] = (),
    withdrawn: Sequence[str] = (),
    questions: Sequence[str] = (),
    today: date | None = None,
) -> CheckSettings:
    """Settings as ``plan`` has them; what is given besides takes the place of what it says.

    Args:
        languages: ISO 639-1 codes.
        questions: what the documents should be able to answer.
        today: the day that dates are held against; the day it is by default.

    Raises:
        ConfigError: a rule of the plan that could never do anything.
        InputError: a language that is no code.
    """
    for code in languages:
        if not _CODE.fullmatch(code):
            raise InputError(f"There is no language {code!r}: give codes of two letters, as in en,de.")
    settings = CheckSettings()
    if plan is not None:
        validate_rules(plan.governance.rules)
        settings = CheckSettings.of(plan.governance, plan.platform.languages, Wanted.of(plan))
    return replace(
        settings,
        languages=tuple(languages) or settings.languages,
        topics=tuple(topics) or settings.topics,
        withdrawn=tuple(withdrawn) or settings.withdrawn,
        questions=tuple(questions) or settings.questions,
        today=today or settings.today,
    )
