"""Which recipes, and how much of each: the plan's list, its defaults, and the share of a limit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foretune.errors import ConfigError
from foretune.pairs.recipes.registry import RegisteredRecipe, registered
from foretune.pairs.slots import Slot

__all__ = ["Choice", "choices", "chosen", "defaults", "replay_count", "spread"]

_ENTRY = re.compile(r"^(?P<name>[a-z_]+)(?:\s*:\s*(?P<amount>\d+(?:\.\d+)?)\s*(?P<percent>%)?)?$")


@dataclass(frozen=True, slots=True)
class Choice:
    """A recipe and how many of its pairs are wanted."""

    recipe: RegisteredRecipe
    most: int = 0
    """Pairs at most; 0 for all."""
    share: float = 0.0
    """Of all pairs at most, 0 to 1; 0 for no such bound."""


def defaults(*, voice: bool, pilot: bool) -> tuple[str, ...]:
    """What ``auto`` stands for.

    A pilot proves that tuning works and needs ten pairs: documents and sections. Facts are learned from questions
    asked in many ways; a voice is learned from whole pieces, with some general pairs against forgetting.
    """
    if pilot:
        return ("document", "section")
    if voice:
        return ("document", "section", "dialogue", "rewrite:15%", "replay:10%")
    return ("document", "section", "question_answer", "paraphrases", "table", "refusal:3%", "replay:5%")


def choices(entries: Sequence[str], *, voice: bool, pilot: bool) -> list[Choice]:
    """The plan's entries (``name``, ``name:200`` or ``name:10%``) as choices, ``auto`` replaced by the defaults.

    Raises:
        ConfigError: an entry that cannot be read, or a recipe there is not.
    """
    names = [
        name
        for entry in entries
        for name in (defaults(voice=voice, pilot=pilot) if entry.strip() == "auto" else (entry,))
    ]
    found: dict[str, Choice] = {}
    for entry in names:
        match = _ENTRY.match(entry.strip())
        if match is None:
            raise ConfigError(
                f"pairs.recipes has the entry {entry!r}, which cannot be read: write a recipe's name alone, with the "
                "number of pairs at most (summary:200), or with their share of all pairs (summary:10%)."
            )
        amount = float(match["amount"] or 0)
        if match["percent"] and not 0 < amount < 100:
            raise ConfigError(f"pairs.recipes has the entry {entry!r}: a share lies between 0% and 100%.")
        share = amount / 100 if match["percent"] else 0.0
        found[match["name"]] = Choice(registered(match["name"]), 0 if share else int(amount), share)
    if sum(choice.share for choice in found.values()) >= 1:
        raise ConfigError("The shares in pairs.recipes come to 100 % or more: nothing is left for the other recipes.")
    return list(found.values())


def chosen(made: Mapping[str, Sequence[Slot]], wanted: Sequence[Choice], *, limit: int, seed: int) -> list[Slot]:
    """The slots that are to be written: each recipe's own bound first, then shares, then ``limit`` (0: none).

    Groups of recipes share the limit evenly; what one does not need the others get. Within one, documents take turns.
    """
    slots = {choice.recipe.name: spread(made[choice.recipe.name], choice.most, seed=seed) for choice in wanted}
    bounded = {choice.recipe.name: choice.share for choice in wanted if choice.share}
    free = [name for name in slots if name not in bounded]
    rest = 1 - sum(bounded.values())
    total = min(limit or 10**12, round(sum(len(slots[name]) for name in free) / rest)) if free else limit
    for name, share in bounded.items():
        slots[name] = spread(slots[name], max(1, round(share * total)), seed=seed) if total else list(slots[name])
    if limit:
        groups: dict[str, list[Slot]] = {}
        for choice in wanted:
            if choice.recipe.name in free:
                groups.setdefault(choice.recipe.group, []).extend(slots[choice.recipe.name])
        room = max(0, limit - sum(len(slots[name]) for name in bounded))
        kept = {
            slot.place
            for name, share in _shared(groups, room).items()
            for slot in spread(groups[name], share, seed=seed)
            if share
        }
        for name in free:
            slots[name] = [slot for slot in slots[name] if slot.place in kept]
    return [slot for choice in wanted for slot in slots[choice.recipe.name]]


def replay_count(others: int, wanted: Sequence[Choice]) -> int:
    """How many general pairs go with ``others`` pairs of the documents."""
    choice = next((choice for choice in wanted if choice.recipe.name == "replay"), None)
    if choice is None:
        return 0
    return choice.most or (round(others * choice.share / (1 - choice.share)) if choice.share else 10**9)


def _shared(groups: Mapping[str, Sequence[Slot]], room: int) -> dict[str, int]:
    """How much of ``room`` each group gets."""
    shares = dict.fromkeys(groups, 0)
    waiting = sorted(groups, key=lambda name: len(groups[name]))
    for position, name in enumerate(waiting):
        shares[name] = min(len(groups[name]), room // (len(waiting) - position))
        room -= shares[name]
    return shares


def spread(found: Sequence[Slot], limit: int, *, seed: int) -> list[Slot]:
    """At most ``limit`` slots (0: all), as many documents as possible, the same for the same seed.

    Documents take turns; their order, and that of their slots, is that of a keyed hash, so that
    adding a document moves few of the others.
    """
    if not limit or len(found) <= limit:
        return list(found)

    def rank(slot: Slot) -> str:
        return hashlib.sha256(f"{seed}/{slot.place}".encode()).hexdigest()

    by_document: dict[str, list[Slot]] = {}
    for slot in sorted(found, key=rank):
        by_document.setdefault(slot.unit.document.id, []).append(slot)
    queues: Sequence[list[Slot]] = sorted(by_document.values(), key=lambda queue: rank(queue[0]))
    rounds = (queue[turn] for turn in range(max(map(len, queues))) for queue in queues if turn < len(queue))
    wanted = {slot.place for slot, _ in zip(rounds, range(limit), strict=False)}
    return [slot for slot in found if slot.place in wanted]
