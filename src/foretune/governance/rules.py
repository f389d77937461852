"""Rules that make no sense are refused when the plan is read: which line, which key, what is nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from foretune.errors import ConfigError
from foretune.governance.checks import Check, checks
from foretune.governance.checks.pattern import compiled
from foretune.plan.config import Rule
from foretune.plan.locate import Location
from foretune.plan.problems import Where, key_name

__all__ = ["validate_rules"]

_OF_DOCUMENTS = ("exclude", "include", "wait")
"""Actions that a rule may take which is about documents as such."""


def validate_rules(rules: Iterable[Rule], where: Where = lambda _: (0, "In foretune.toml, ")) -> None:
    """Refuse rules that could never do anything.

    Args:
        rules: as the plan has them, in order.
        where: the words that say where a key was written (see :func:`foretune.plan.toml.where_in`).

    Raises:
        ConfigError: a rule names a check or type there is not, holds an expression that cannot be run, or asks for
            what cannot be done; one sentence about the first of them.
    """
    known = {check.name: check for check in checks()}
    for number, rule in enumerate(rules):
        for key, problem in _problems(rule, known):
            location: Location = ("governance", "rules", number, key)
            raise ConfigError(f"{where(location)[1]}{key_name(location)} {problem}.")


def _problems(rule: Rule, known: dict[str, Check]) -> Iterator[tuple[str, str]]:
    """Key and what is wrong with it, to follow the key's name."""
    check = known.get(rule.check)
    if rule.check and rule.pattern:
        yield "pattern", "cannot stand beside check: a rule is about the one or the other"
    if rule.check and check is None:
        yield "check", f"is {rule.check!r}, which there is not: {_nearest(rule.check, list(known))}"
    if rule.type and check is None:
        yield "type", "needs a check, whose types of finding it chooses from"
    if rule.severity and check is None:
        yield "severity", "needs a check, whose findings have a severity"
    if check is not None and rule.type and rule.type not in check.types:
        nearest = _nearest(rule.type, list(check.types))
        yield "type", f"is {rule.type!r}, which the check {check.name} does not find: {nearest}"
    if rule.pattern:
        yield from _pattern_problems(rule.pattern)
    if rule.use is not None and rule.action != "include":
        yield "use", "is of inclusions only: leave it out"
    yield from _action_problems(rule, check, known)


def _pattern_problems(pattern: str) -> Iterator[tuple[str, str]]:
    try:
        expression = compiled(pattern)
    except ValueError as error:
        yield (
            "pattern",
            f"cannot be run ({error}): write it in the syntax of RE2, which has no look-around and no back references",
        )
        return
    if expression.fullmatch("") is not None:
        yield "pattern", "fits nothing at all as well as something: write + instead of *, say"


def _action_problems(rule: Rule, check: Check | None, known: dict[str, Check]) -> Iterator[tuple[str, str]]:
    check = known["pattern"] if rule.pattern else check
    if check is None:
        if rule.action not in _OF_DOCUMENTS:
            yield "action", f"is {rule.action}, which needs a check or a pattern: say what it is about"
        elif rule.label is None and not rule.path:
            yield "action", "would be taken for every document: name a check, a pattern, a label or a path"
    elif rule.action == "repair" and not check.repairs:
        able = ", ".join(each.name for each in known.values() if each.repairs)
        yield "action", f"is repair, which only {able} offers: use report or exclude"
    elif rule.action in ("redact", "pseudonymise") and not check.masks:
        able = ", ".join(each.name for each in known.values() if each.masks)
        yield "action", f"is {rule.action}, which only {able} supports: use report, repair, exclude or wait"


def _nearest(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"the nearest is {close[0]}" if close else f"choose from {', '.join(names)}"
