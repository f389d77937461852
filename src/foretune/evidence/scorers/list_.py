"""``list``: every item has to be named, in any order and among other words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foretune.evidence.polarity import negations
from foretune.evidence.refusals import refusal
from foretune.evidence.scorers.registry import scorer
from foretune.evidence.text import Token, content_stems, squash, tokens
from foretune.types import Outcome, Question

__all__ = ["Item", "items_of", "score_list"]

_SLACK = 4
"""Other words allowed among the words of one item (*passwords that are unique*)."""
_STEPS = 20_000
_MANY = 40
_PARENTHESIS = re.compile(r"\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that must be named, and the forms in which it may be."""

    name: str
    forms: tuple[str, ...]


@scorer("list")
def score_list(question: Question, response: str) -> tuple[Outcome, str]:
    """All items or nothing; more than the items is not held against a response.

    - The answer, cut at ``;``, at line ends or at commas, says how many items there are;
      the aliases are shared out among them in order, synonyms next to one another.
    - Each item needs words of its own: *limited expense health care* does not also name
      *health care*. A word that several items share may be said once (*unique and strong
      passwords*).
    """
    items = items_of(question.answer, question.aliases)
    named = _named(items, response)
    missing = [item.name for item in items if item.name not in named]
    if not missing:
        return Outcome.CORRECT, f"Names all {len(items)}."
    if not named and refusal(response) is not None:
        return Outcome.NOT_ATTEMPTED, "Declines to answer."
    return Outcome.INCORRECT, f"Names {len(items) - len(missing)} of {len(items)}; missing: {'; '.join(missing)}."


def items_of(answer: str, aliases: Sequence[str]) -> list[Item]:
    """The items of a list answer, each with its aliases.

    >>> [item.forms for item in items_of("The requester, the requester's supervisor, and the coordinator (LRAC)",
    ...                                  ["requester", "supervisor", "LRAC"])]
    [('The requester', 'requester'), ("the requester's supervisor", 'supervisor'), ('the coordinator', 'LRAC')]
    """
    pieces = _pieces(answer, aliases)
    names = [_PARENTHESIS.sub(" ", piece).strip() or piece for piece in pieces]
    shares = _share_out(aliases, pieces)
    items: list[Item] = []
    for piece, name, mine in zip(pieces, names, shares, strict=True):
        short_forms = [inner for inner in _PARENTHESIS.findall(piece) if len(tokens(inner)) == 1]
        forms = tuple(form for form in dict.fromkeys((name, *mine, *short_forms)) if tokens(form))
        items.append(Item(name, forms))
    return items or [Item(answer, (answer, *aliases))]


def _pieces(answer: str, aliases: Sequence[str]) -> list[str]:
    for separator in (r";", r"\n+"):
        pieces = [piece for piece in re.split(separator, answer) if tokens(piece)]
        if len(pieces) > 1:
            return [_bare(piece) for piece in pieces]
    pieces = [piece for piece in re.split(r",(?![^(]*\))(?!\d)", answer) if tokens(piece)]
    last = re.split(r"\s+(?:and|or|&)\s+", pieces[-1]) if pieces else []
    whole = any(squash(pieces[-1]) == squash(alias) for alias in aliases) if pieces else False
    if len(last) == 2 and not whole and tokens(last[0]) and tokens(last[1]):
        pieces = [*pieces[:-1], *last]
    return [_bare(piece) for piece in pieces]


def _bare(piece: str) -> str:
    stripped = re.sub(r"^\s*(?:[-*•]|\d{1,2}[.)])?\s*(?:(?:and|or|&)\s+)?", "", piece.strip())
    return stripped.strip(" .\t\n")


def _share_out(aliases: Sequence[str], pieces: Sequence[str]) -> list[list[str]]:
    """Aliases to pieces so that their order is kept and the words in common are the most.

    A small dynamic programme (as in text alignment): alias ``i`` goes to a piece no
    earlier than alias ``i-1`` did.
    """
    if not pieces or not aliases:
        return [[] for _ in pieces]
    gain = [[_likeness(alias, piece) for piece in pieces] for alias in aliases]
    best = [row[:] for row in gain]
    back = [[0] * len(pieces) for _ in aliases]
    for i in range(1, len(aliases)):
        for j in range(len(pieces)):
            before = max(range(j + 1), key=lambda k: best[i - 1][k])
            best[i][j] = gain[i][j] + best[i - 1][before]
            back[i][j] = before
    j = max(range(len(pieces)), key=lambda k: best[-1][k])
    shares: list[list[str]] = [[] for _ in pieces]
    for i in range(len(aliases) - 1, -1, -1):
        if gain[i][j] > 0:
            shares[j].insert(0, aliases[i])
        j = back[i][j]
    return shares


def _likeness(alias: str, piece: str) -> float:
    """Jaccard similarity of stems; an alias that is the piece's short form in brackets counts whole."""
    mine, yours = set(content_stems(alias)), set(content_stems(piece))
    if not mine or not yours:
        return 0.0
    if squash(alias) in {squash(inner) for inner in _PARENTHESIS.findall(piece)}:
        return 1.0
    return len(mine & yours) / len(mine | yours) + (0.5 if mine <= yours else 0.0)


def _named(items: Sequence[Item], response: str) -> set[str]:
    """The largest set of items that can be named at once, each by words of its own.

    Very long lists are filled item by item instead of by trying all ways.
    """
    words = [word for word in tokens(response) if not word.is_stop or word.norm in ("no", "not")]
    shared = _shared_stems(items)
    options = [list(_matches(item, words, response, shared[i])) for i, item in enumerate(items)]
    order = sorted(range(len(items)), key=lambda i: len(options[i]))
    if len(items) > _MANY:
        return {items[i].name for i in _one_by_one(options, order)}
    best: set[int] = set()
    words_used = steps = 0

    def place(at: int, taken: frozenset[int], chosen: frozenset[int]) -> None:
        nonlocal best, words_used, steps
        steps += 1
        # Of two ways to name as many items, the one that accounts for more words is meant.
        if (len(chosen), len(taken)) > (len(best), words_used):
            best, words_used = set(chosen), len(taken)
        if at == len(order) or len(chosen) + len(order) - at < len(best) or steps > _STEPS:
            return
        for own in options[order[at]]:
            if not own & taken:
                place(at + 1, taken | own, chosen | {order[at]})
        place(at + 1, taken, chosen)

    place(0, frozenset(), frozenset())
    return {items[i].name for i in best}


def _one_by_one(options: Sequence[Sequence[frozenset[int]]], order: Sequence[int]) -> list[int]:
    taken: set[int] = set()
    chosen: list[int] = []
    for i in order:
        own = next((option for option in options[i] if not option & taken), None)
        if own is not None:
            taken |= own
            chosen.append(i)
    return chosen


def _shared_stems(items: Sequence[Item]) -> list[set[str]]:
    """For each item the stems it may share with others: all but where one item contains the other."""
    cores = [min((set(content_stems(form)) for form in item.forms), key=len) for item in items]
    shared: list[set[str]] = []
    for i, mine in enumerate(cores):
        others = [core for j, core in enumerate(cores) if j != i]
        common = set().union(*(mine & other for other in others)) if others else set()
        nested = set().union(*(mine & other for other in others if mine <= other or other <= mine)) if others else set()
        shared.append(common - nested)
    return shared


def _matches(item: Item, words: Sequence[Token], response: str, shared: set[str]) -> Iterator[frozenset[int]]:
    """Sets of word positions that name the item (shared words left out of the set)."""
    seen: set[frozenset[int]] = set()
    for form in item.forms:
        wanted = content_stems(form) or [word.stem for word in tokens(form)]
        for positions in (*_windows(wanted, words), *_joined(form, words)):
            if any(_denied(words, position, response) for position in positions):
                continue
            own = frozenset(p for p in positions if words[p].stem not in shared) or frozenset(positions)
            if own not in seen:
                seen.add(own)
                yield own


def _windows(wanted: Sequence[str], words: Sequence[Token]) -> Iterator[list[int]]:
    size = len(wanted) + _SLACK
    for i, word in enumerate(words):
        if word.stem not in wanted:
            continue
        positions: list[int] = []
        left = list(wanted)
        for p in range(i, min(i + size, len(words))):
            if words[p].stem in left:
                left.remove(words[p].stem)
                positions.append(p)
        if not left:
            yield positions


def _joined(form: str, words: Sequence[Token]) -> Iterator[list[int]]:
    """A form written together or apart: ``KeePass XC``."""
    letters = squash(form)
    for i, word in enumerate(words):
        if len(letters) > 3 and squash(word.text) == letters:
            yield [i]


def _denied(words: Sequence[Token], position: int, response: str) -> bool:
    start = words[position].start
    before = response[max(0, start - 24) : start]
    cues = negations(before)
    return bool(cues) and len(tokens(before[cues[-1].end :])) == 0
