"""Questions formed from a statement by rule: no language model, so thousands in a second, and marked as such.

Each rule is a function that turns a statement into questions, or does not know how. The answer to all of
them is the statement itself. A question's first rule is its best; the others ask the same in other ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from foretune.evidence import content_stems, dates, names
from foretune.pairs.sentence_parts import Clause, clause, condition_of, lowered
from foretune.pairs.statements import Statement

__all__ = ["RuleQuestion", "question_rule", "questions"]


@dataclass(frozen=True, slots=True)
class RuleQuestion:
    """A question whose answer is a statement."""

    text: str
    rule: str
    """Which rule formed it."""
    short: str = ""
    """What the answer begins with: *Yes* or *No*."""
    indirect: str = ""
    """The same as a clause (``how many hours you can carry over``), for *tell me …*; empty where the rule has none."""


QuestionRule = Callable[[Statement], Iterator[RuleQuestion]]
_RULES: list[QuestionRule] = []


def question_rule(function: QuestionRule) -> QuestionRule:
    """Register a rule; the order of registration is the order of preference."""
    _RULES.append(function)
    return function


_UNCLEAR = re.compile(r"\b(?:this|these|those|above|below|following)\b", re.IGNORECASE)
"""Words that point to what whoever is asked does not have before them."""
_FEWEST_STEMS = 3
"""Content words from which a question says by itself what it is about."""


def questions(statement: Statement) -> list[RuleQuestion]:
    """All questions the rules form, best first, none twice; the place is named where the words alone do not tell it."""
    found: dict[str, RuleQuestion] = {}
    for rule in _RULES:
        for question in rule(statement):
            complete = _placed(question, statement)
            if _UNCLEAR.search(complete.text):
                continue
            found.setdefault(complete.text.casefold(), complete)
    return list(found.values())


def _placed(question: RuleQuestion, statement: Statement) -> RuleQuestion:
    text = " ".join(question.text.split())
    heading = statement.topic
    if (
        heading
        and len(set(content_stems(text))) < _FEWEST_STEMS
        and not set(content_stems(heading)) <= set(content_stems(text))
    ):
        text = f"{heading}: {lowered(text)}"
        return RuleQuestion(text, question.rule, question.short)
    return RuleQuestion(text[:1].upper() + text[1:], question.rule, question.short, " ".join(question.indirect.split()))


# -- the rules -------------------------------------------------------------------------------------------

_NUMBER_WORD = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|ninety"
_QUANTITY = re.compile(
    r"(?P<bound>(?:(?:a|the)\s+)?(?:maximum|minimum|total)\s+of\s+|up\s+to\s+|at\s+least\s+|at\s+most\s+|"
    r"(?:no\s+)?(?:more|less|fewer)\s+than\s+|about\s+|approximately\s+|only\s+|exactly\s+|every\s+)?"
    rf"(?P<number>(?<![\w-])\$?\d[\d,]*(?:\.\d+)?(?:\s?[-–]\s?\d+)?%?|\b(?:{_NUMBER_WORD})\b)(?![\w/-])(?:\s*\([^()]{{1,30}}\))?"
    r"(?P<unit>(?:\s+(?:percent|%)|(?:\s+(?!(?:at|in|on|for|to|from|per|each|every|of|if|when|before|after|and|or|is|are|was|"
    r"over|under|were|that|which|who|with|by|during|within|until|as|than|into|can|may|must|will|should|you|we|the|a|an)\b)"
    r"[A-Za-z][\w’'-]*){1,4}(?:\s+of\s+[a-z][\w’'-]*(?:\s+(?!(?:at|in|on|for|to|from|per|each|if|when|and|or|is|are)\b)"
    r"[a-z][\w’'-]*){0,2})?)?)",
    re.IGNORECASE,
)


def _condition(parts: Clause) -> str:
    return f" {parts.condition}" if parts.condition else ""


def _asked(wh: str, parts: Clause, rest: str, rule: str) -> RuleQuestion:
    """``wh auxiliary subject rest condition?``, and the same as a clause."""
    negation = " not" if parts.negative else ""
    direct = f"{wh} {parts.auxiliary} {parts.subject}{negation} {rest}{_condition(parts)}?"
    own = "" if parts.supported else f"{parts.auxiliary}{negation} "
    if parts.auxiliary == "does" or (parts.supported and parts.negative):
        return RuleQuestion(_tidy(direct), rule)
    return RuleQuestion(
        _tidy(direct), rule, indirect=_tidy(f"{wh[:1].lower()}{wh[1:]} {parts.subject} {own}{rest}{_condition(parts)}")
    )


def _tidy(text: str) -> str:
    return re.sub(r"\s+([?,.])", r"\1", re.sub(r"\s*[,;:]?\s*\?$", "?", " ".join(text.split()))).replace(",,", ",")


@question_rule
def a_number(statement: Statement) -> Iterator[RuleQuestion]:
    """You can carry over 240 hours → How many hours can you carry over?"""
    if statement.lead or statement.items or (parts := clause(statement.text)) is None:
        return
    if (match := _QUANTITY.search(parts.rest)) is None:
        return
    number, unit = match["number"], match["unit"].strip()
    before, after = parts.rest[: match.start()], parts.rest[match.end() :].partition(":")[0]
    if unit and (
        aside := re.match(
            r"\s*\([^()]{1,40}\)(?P<of>(?:\s+of(?:\s+[a-z][\w’'-]*(?<!\sfor)){1,3}?(?=\s+(?:for|at|in|on|per|to)\b|$))?)",
            after,
        )
    ):
        unit, after = unit + aside["of"], after[aside.end() :]
    if number.startswith("$"):
        yield _asked("How much", parts, f"{before}{after}", "number")
    elif number.endswith("%") or unit.casefold().startswith(("percent", "%")):
        yield _asked("What percentage", parts, f"{before}{after}", "number")
    elif (match["bound"] or "").strip().casefold() == "every":
        yield _asked("How often", parts, f"{before}{after}", "number")
    elif unit:
        within = re.search(r"\b(within|for|in|after|before|by)\s*$", before)
        if within and len(before.split()) > 1:
            asked = f"{within[1]} how many {unit}".capitalize()
            yield _asked(asked, parts, f"{before[: within.start()]}{after}", "number")
            return
        yield _asked(f"How many {unit}", parts, f"{before}{after}", "number")
        if (bound := _bound(match["bound"] or "")) and not parts.negative and not parts.supported:
            text = f"What is the {bound} number of {unit} {parts.subject} {parts.auxiliary} {before}{after}"
            yield RuleQuestion(_tidy(f"{text}{_condition(parts)}?"), "limit")


def _bound(words: str) -> str:
    """``maximum`` or ``minimum``, where the words before a number say that it is one."""
    if re.search(r"maximum|up\s+to|at\s+most|no\s+more", words, re.IGNORECASE):
        return "maximum"
    return "minimum" if re.search(r"minimum|at\s+least|no\s+(?:less|fewer)", words, re.IGNORECASE) else ""


@question_rule
def an_entry(statement: Statement) -> Iterator[RuleQuestion]:
    """Fewer than 3 years: 4 hours → What is the … for fewer than 3 years?"""
    key, colon, value = statement.text.partition(": ")
    heading = statement.topic
    if not colon or not value.strip() or len(key.split()) > 10 or clause(key) is not None:
        return
    about = f"{lowered(statement.lead)}" if statement.lead else heading
    if heading:
        if (match := _QUANTITY.search(value)) and (unit := match["unit"].strip()) and "%" not in match["number"]:
            yield RuleQuestion(f"How many {unit} of {lowered(heading)} for {_small(key)}?", "entry")
        yield RuleQuestion(f"What does “{key}” mean for {lowered(heading)}?", "entry")
    if about:
        yield RuleQuestion(f"{about[:1].upper()}{about[1:]}: what about {_small(key)}?", "entry")


def _small(key: str) -> str:
    first = key.partition(" ")[0]
    return lowered(key) if first not in _MEASURES else key[:1].lower() + key[1:]


_MEASURES = frozenset(["Fewer", "More", "Less", "Between", "Over", "Under", "Up", "Within", "From", "Only"])


@question_rule
def a_list(statement: Statement) -> Iterator[RuleQuestion]:
    """There are three kinds of leave: … → What are the three kinds of leave?"""
    if not statement.items:
        return
    text = statement.text.rstrip(". ")
    if match := re.match(r"^There (?:are|is) (?:the following\s+)?(?P<what>.+)$", text):
        yield RuleQuestion(f"What are the {match['what']}?", "list")
        yield RuleQuestion(f"Which {match['what']} are there?", "list")
    elif match := re.match(
        r"^(?P<subject>.{3,60}?)\s+(?P<verb>include|includes|are|is)(?: the following| as follows)?$", text
    ):
        verb = match["verb"]
        subject = lowered(match["subject"])
        if verb.startswith("include"):
            yield RuleQuestion(f"What {'does' if verb.endswith('s') else 'do'} {subject} include?", "list")
        else:
            yield RuleQuestion(f"What {verb} {subject}?", "list")
    elif (parts := clause(f"{text} .".replace(" .", ""))) is not None:
        rest = re.sub(r"\s*\b(?:one of |any of )?(?:the )?following(?:\s+\w+)?$", "", parts.rest)
        yield _asked("What", parts, rest, "list")
    else:
        yield RuleQuestion(f"{text}: what are they?", "list")


@question_rule
def a_reason(statement: Statement) -> Iterator[RuleQuestion]:
    """X because Y → Why X?"""
    main, because, _ = statement.text.partition(" because ")
    if because and not statement.items and (parts := clause(main)) is not None:
        yield _asked("Why", parts, parts.rest, "reason")


@question_rule
def a_date(statement: Statement) -> Iterator[RuleQuestion]:
    """X was founded on 19 March 2014 → When was X founded?"""
    if statement.items or (parts := clause(statement.text)) is None:
        return
    for date in dates(parts.rest):
        before = parts.rest[: date.start]
        if match := re.search(r"\s(?:on|in|by|until|before|since|after|from)\s*$", before):
            yield _asked("When", parts, f"{before[: match.start()]} {parts.rest[date.end :]}", "date")
            return


@question_rule
def how(statement: Statement) -> Iterator[RuleQuestion]:
    """To report an incident, call … → How do you report an incident?"""
    if statement.items:
        return
    condition, main = condition_of(statement.text)
    if condition.startswith("to ") and len(condition.split()) > 2:
        yield RuleQuestion(f"How do you {condition[3:]}?", "how", indirect=f"how to {condition[3:]}")
        return
    if (parts := clause(statement.text)) is not None and (
        match := re.search(r"\s(?:by\s+\w+ing\b|via\s+\w)", parts.rest)
    ):
        yield _asked("How", parts, parts.rest[: match.start()], "how")
    elif (
        condition and parts is None and re.match(r"^(?:if|when|once|before|after)\b", condition) and main[:1].islower()
    ):
        yield RuleQuestion(f"What should you do {condition}?", "how", indirect=f"what to do {condition}")


@question_rule
def a_name_at_the_end(statement: Statement) -> Iterator[RuleQuestion]:
    """All employees are issued an Apple iPhone → What are all employees issued?"""
    if statement.items or statement.lead or (parts := clause(statement.text)) is None or parts.negative:
        return
    if ":" in parts.rest:
        return
    found = [span for span in names(f"x {parts.rest}") if span.end - 2 >= len(parts.rest) - 1]
    if found and found[-1].start > 4:
        before = parts.rest[: found[-1].start - 2]
        if len(before.split()) >= 1 and not re.search(r"[,(]\s*$", before):
            where = re.search(r"\s(?:in|at)\s+(?:the\s+)?$", f" {before}")
            before = re.sub(r"\s*\b(?:an?|the)\s*$", "", before)
            if where:
                yield _asked("Where", parts, re.sub(r"\s*\b(?:in|at)\s*$", "", before), "place")
            else:
                yield _asked("What", parts, before, "name")


@question_rule
def a_definition(statement: Statement) -> Iterator[RuleQuestion]:
    """X is a … → What is X?"""
    if statement.items or (parts := clause(statement.text)) is None or parts.condition or parts.negative:
        return
    if (
        parts.auxiliary in ("is", "are")
        and parts.subject not in ("you", "we", "they", "I", "it", "there")
        and (re.match(r"^(?:(?:an?|the|one|any|some)\b|\d|[A-Z])", parts.rest))
    ):
        yield RuleQuestion(
            f"What {parts.auxiliary} {parts.subject}?", "definition", indirect=f"what {parts.subject} {parts.auxiliary}"
        )


@question_rule
def what_then(statement: Statement) -> Iterator[RuleQuestion]:
    """If you leave, … → What happens if you leave?"""
    condition, _ = condition_of(statement.text)
    if re.match(r"^(?:if|when|once|after|unless)\b", condition) and len(condition.split()) > 2 and not statement.items:
        yield RuleQuestion(f"What applies {condition}?", "condition", indirect=f"what applies {condition}")


@question_rule
def yes_or_no(statement: Statement) -> Iterator[RuleQuestion]:
    """Award leave is not paid out → Is award leave paid out? No."""
    if statement.items or statement.lead or (parts := clause(statement.text)) is None:
        return
    if ":" in parts.rest or re.match(r"^(?:only|never|no longer|also|always)\b", parts.rest):
        return
    short = "No" if parts.negative else "Yes"
    rest = (
        re.sub(r",?\s+(?:and|but|so|because|which)\s.*$", "", parts.rest)
        if len(parts.rest.split()) > 14
        else parts.rest
    )
    text = f"{parts.auxiliary.capitalize()} {parts.subject} {rest}{_condition(parts)}?"
    own = "" if parts.supported else f"{parts.auxiliary} "
    indirect = "" if parts.auxiliary == "does" else f"whether {parts.subject} {own}{rest}{_condition(parts)}"
    yield RuleQuestion(_tidy(text), "yes or no", short, _tidy(indirect))


@question_rule
def a_number_in_place(statement: Statement) -> Iterator[RuleQuestion]:
    """GSA officially launched 5 teams → GSA officially launched how many teams?"""
    if statement.items or statement.lead:
        return
    text = statement.text.rstrip(". ")
    for date in dates(text):
        if not date.bare_year:
            yield RuleQuestion(_tidy(f"{text[: date.start]} which date {text[date.end :]}?"), "in place")
            return
    match = _QUANTITY.search(text)
    if match and match["unit"].strip() and not match["number"].startswith("$") and "%" not in match["number"]:
        if match["unit"].strip().casefold() == "percent":
            return
        asked = f"{text[: match.start()]}{match['bound'] or ''}how many{match['unit']}{text[match.end() :]}"
        yield RuleQuestion(_tidy(f"{asked}?"), "in place")
