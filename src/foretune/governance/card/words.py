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
    "limitations",
    "maintenance",
    "personal",
    "preparation",
    "purpose",
    "timeframe",
]


def counted(counts: Mapping[str, int]) -> str:
    """``12 md, 3 html``."""
    return ", ".join(f"{count:,} {key}" for key, count in counts.items())


def balance(facts: CardFacts) -> str:
    """In = out + set aside, in one sentence."""
    states = facts.states
    unreadable = sum(facts.unreadable.values())
    return (
        f"{facts.seen:,} documents were offered: {facts.goes_in:,} go in "
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
    return (
        f"Checked for: {', '.join(facts.checks) or 'nothing yet'}. {facts.redactions:,} places are masked and "
        f"{facts.repairs:,} repaired in the documents that go in; the originals stay in an encrypted vault."
    )


def personal(facts: CardFacts) -> str:
    """What was found about people, and the labels."""
    found: dict[str, int] = {kind: count for (check, kind), count in facts.findings.items() if check == "personal"}
    labels = counted({label.value: facts.labels[label.value] for label in Label if label.value in facts.labels})
    what = f"Found in the documents before decisions: {counted(found)}." if found else "Nothing personal was found."
    return f"{what} {facts.redactions:,} places are masked in what goes in. Labels of what goes in: {labels or 'none'}."


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
    still = f"{waiting:,} documents still wait for a decision. " if waiting else ""
    return (
        f"{still}Checks find by pattern, comparison and small models: they miss some of what they look for. "
        "Documents that whoever made this card may not read are not counted."
    )


def maintenance(facts: CardFacts) -> str:
    """How often it changes, and who answers for it."""
    owner = facts.config.people.owner or "not named in the plan"
    return f"The documents change {facts.config.process.cadence}; owner: {owner}. The card is written anew on demand."
