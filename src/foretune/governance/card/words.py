"""The sentences that all forms of the card share."""

from __future__ import annotations

from collections.abc import Mapping

from foretune.governance.card.facts import CardFacts
from foretune.governance.types import State
from foretune.types import Label

__all__ = [
    "balance",
    "biases",
    "collection",
    "counted",
    "documents",
    "limitations",
    "maintenance",
    "nothing_goes_in",
    "open_points",
    "personal",
    "personal_found",
    "preparation",
    "purpose",
    "timeframe",
]


def counted(counts: Mapping[str, int]) -> str:
    """``12 md, 3 html``."""
    return ", ".join(f"{count:,} {key}" for key, count in counts.items())


def documents(count: int, of: int, *, verbs: tuple[str, str]) -> str:
    """``3 of 12 documents wait``, ``1 of 12 documents waits``, and of a single one ``The document waits``.

    Args:
        verbs: for one, and for several.
    """
    which = "The document" if count == of == 1 else f"{count:,} of {of:,} document{'' if of == 1 else 's'}"
    return f"{which} {verbs[count != 1]}"


def balance(facts: CardFacts) -> str:
    """In = out + set aside, in one sentence."""
    states = facts.states
    unreadable = sum(facts.unreadable.values())
    return (
        f"{facts.seen:,} document{' was' if facts.seen == 1 else 's were'} offered: {facts.goes_in:,} go in "
        f"({states[State.INCLUDED]:,} as they are or repaired, {states[State.REDACTED]:,} redacted), and "
        f"{facts.set_aside:,} are set aside ({states[State.EXCLUDED]:,} excluded, {states[State.WAITING]:,} waiting "
        f"for a decision, {unreadable:,} unreadable)."
    )


def purpose(facts: CardFacts) -> str:
    """The story, as the plan tells it."""
    story = facts.config.story
    return f"As {story.persona}, I want {story.want}, so that {story.so_that}."


def collection(facts: CardFacts) -> str:
    """Where the documents came from."""
    one = facts.sources == 1
    return (
        f"Documents the organisation keeps itself, read from {facts.sources:,} {'source' if one else 'sources'} "
        f"(folders or files). Media types of those that go in: {counted(facts.media_types) or 'none'}."
    )


def timeframe(facts: CardFacts) -> str:
    """From the oldest to the newest date, and how many have none."""
    undated = facts.goes_in - len(facts.dates)
    if not facts.dates:
        return "None of the documents that go in carries a date."
    span = f"Dated from {facts.dates[0][:10]} to {facts.dates[-1][:10]}"
    return f"{span}; {undated:,} of {facts.goes_in:,} carry no date."


def preparation(facts: CardFacts) -> str:
    """What was checked and changed."""
    changed = f"{_places(facts.redactions)} masked and {facts.repairs:,} repaired"
    if not facts.redactions and not facts.repairs:
        changed = "Nothing is masked or repaired"
    return (
        f"Checked for: {', '.join(facts.checks) or 'nothing yet'}. {changed} in the documents that go in; the "
        "originals stay in an encrypted vault."
    )


_PERSONAL = {
    "person": "names of people",
    "address": "postal addresses",
    "phone": "telephone numbers",
    "email": "e-mail addresses",
    "national_id": "national numbers",
    "card": "card numbers",
    "iban": "IBANs",
    "account": "account numbers",
    "birth_date": "dates of birth",
    "age": "ages",
    "ip": "IP addresses",
    "domain": "web addresses",
    "licence": "licence numbers",
    "secret": "passwords and keys",
    "health": "notes on health",
}
"""What a type of the check ``personal`` is called in a sentence."""


def personal(facts: CardFacts) -> str:
    """What was found about people, and the labels."""
    found = personal_found(facts)
    labels = counted({label.value: facts.labels[label.value] for label in Label if label.value in facts.labels})
    if "personal" not in facts.checks:
        what = "Nobody has looked for personal data yet: `foretune review` does."
    elif found:
        named = counted({_PERSONAL.get(kind, kind): count for kind, count in found.items()})
        what = f"Found in all documents that were read: {named}. {_places(facts.redactions)} masked in what goes in."
    else:
        what = "Nothing personal was found."
    return f"{what} Labels of what goes in: {labels or 'none, since nothing goes in'}."


def _places(count: int) -> str:
    if count == 1:
        return "1 place is"
    return f"{count:,} places are" if count else "No place is"


def personal_found(facts: CardFacts) -> dict[str, int]:
    """By type, what the check ``personal`` found in all documents."""
    return {kind: count for (check, kind), count in facts.findings.items() if check == "personal"}


def nothing_goes_in(facts: CardFacts) -> str:
    """Why there is no document to describe, and what to do about it."""
    waiting = facts.states[State.WAITING]
    if not facts.read:
        return "Nothing: no document could be read."
    if not waiting:
        return "Nothing: every document is excluded."
    if waiting == facts.read:
        return "Nothing yet: every document that could be read is waiting. The reasons above say for what."
    waits = documents(waiting, facts.read, verbs=("is", "are"))
    return f"Nothing yet: {waits} waiting. The reasons above say for what."


def open_points(facts: CardFacts) -> list[str]:
    """What somebody has to decide before the documents are used, the most important first."""
    points = []
    waiting, found = facts.states[State.WAITING], sum(personal_found(facts).values())
    unseen = "personal" not in facts.checks
    if waiting:
        waits = documents(waiting, facts.read, verbs=("waits", "wait"))
        points.append(f"{waits} for a decision and {'is' if waiting == 1 else 'are'} not used until then.")
    if unseen and facts.read:
        points.append("The documents were not looked at for personal data.")
    if found and facts.goes_in and not facts.redactions:
        places = "one place and is not" if found == 1 else f"{found:,} places and none is"
        points.append(f"Personal data stands in {places} masked: is that wanted?")
    if facts.goes_in and 2 * len(facts.dates) < facts.goes_in:
        undated = facts.goes_in - len(facts.dates)
        carry = documents(undated, facts.goes_in, verbs=("carries", "carry"))
        points.append(f"{carry} no date, so nobody can tell how old {'it is' if undated == 1 else 'they are'}.")
    if not facts.config.people.owner:
        points.append("The plan names no owner who answers for the documents.")
    return points


def biases(facts: CardFacts) -> str:
    """What the selection leans to."""
    languages = counted(facts.languages) or "not known"
    return (
        f"The documents speak for the organisation that wrote them. Languages: {languages}. {timeframe(facts)} "
        "What was excluded, and why, is listed with the decisions."
    )


def limitations(facts: CardFacts) -> str:
    """What the numbers do not say."""
    waiting = facts.states[State.WAITING]
    waits = documents(waiting, facts.read, verbs=("still waits", "still wait"))
    still = f"{waits} for a decision. " if waiting else ""
    return (
        f"{still}Checks find by pattern, comparison and small models: they miss some of what they look for. "
        "Documents that whoever made this card may not read are not counted."
    )


def maintenance(facts: CardFacts) -> str:
    """How often it changes, and who answers for it."""
    owner = facts.config.people.owner or "not named in the plan"
    return f"The documents change {facts.config.process.cadence}; owner: {owner}. The card is written anew on demand."
