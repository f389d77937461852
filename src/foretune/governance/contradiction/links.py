"""Links that promise one page and open another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foretune.evidence import content_stems, tokens

__all__ = ["Link", "Page", "WrongTarget", "links", "wrong_targets"]

_LINK = re.compile(
    r"\[(?P<label>[^\[\]]{8,200})\]\(\s*(?:\{%-?\s*\w+\s+[\"'](?P<tagged>[^\"'{}]{1,300})[\"'][^{}]{0,100}%\}"
    r"|<?(?P<plain>[^()\s<>{}]{1,300}))"
)
_ELSEWHERE = re.compile(r"^(?:[a-z][\w+.-]*:|//|#)", re.IGNORECASE)
_EXTENSION = re.compile(r"\.(?:md|markdown|html?|rst|txt|docx?|pdf)$", re.IGNORECASE)
_FEWEST_WORDS = 4
"""Words of a title below which a label may well use them in passing."""


_DEEPEST = 6
"""Folders of a path that a link may name."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another page of the same collection."""

    label: str
    target: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Page:
    """What has to be known of a page to check links to and from it."""

    path: str
    title: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class WrongTarget:
    """The page a link opens and the page its label names, as positions."""

    page: int
    link: Link
    opens: int
    names: int


def links(text: str) -> Iterator[Link]:
    """Links of ``text`` to other pages whose label has words enough to be a title."""
    for match in _LINK.finditer(text):
        target = match["tagged"] or match["plain"]
        label = " ".join(match["label"].split())
        if not _ELSEWHERE.match(target) and len(_words(label)) >= _FEWEST_WORDS:
            yield Link(label, target, match.start(), match.end() + (text[match.end() : match.end() + 1] == ")"))


def wrong_targets(pages: Sequence[Page]) -> Iterator[WrongTarget]:
    """Links whose label holds a page's title and that open another page, which has at most half of its words."""
    titled: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    stems = [frozenset(content_stems(page.title)) for page in pages]
    for position, page in enumerate(pages):
        words = _words(page.title)
        if len(words) >= _FEWEST_WORDS and len(stems[position]) > 1:
            titled[words].append(position)
    known = _places(pages)
    longest = max(map(len, titled), default=0)
    for position, page in enumerate(pages):
        for link in page.links:
            opens = known.get(_place(link.target, page.path)) or known.get(_place(link.target, ""))
            if opens is None or len(opens) != 1:
                continue
            label = _words(link.label)
            named = _named(label, titled, longest)
            if named is None or opens[0] in titled[named] or len(titled[named]) > 1:
                continue
            shared = stems[opens[0]] & stems[titled[named][0]]
            if 2 * len(shared) <= len(stems[titled[named][0]]) and not _names_section(link, named):
                yield WrongTarget(position, link, opens[0], titled[named][0])


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.norm for word in tokens(text))


def _names_section(link: Link, named: Sequence[str]) -> bool:
    """True where the link goes to the section of that name on the page it opens."""
    section = link.target.partition("#")[2].lower()
    return bool(section) and all(word in section for word in named)


def _named(label: Sequence[str], titled: dict[tuple[str, ...], list[int]], longest: int) -> tuple[str, ...] | None:
    """The longest title among the runs of words of a label that make up most of it."""
    for size in range(min(longest, len(label)), _FEWEST_WORDS - 1, -1):
        for i in range(len(label) - size + 1):
            words = tuple(label[i : i + size])
            if words in titled and 2 * size >= len(label):
                return words
    return None


def _places(pages: Sequence[Page]) -> dict[str, list[int]]:
    """Every ending of a path (whole folder names) and the pages that have it."""
    known: defaultdict[str, list[int]] = defaultdict(list)
    for position, page in enumerate(pages):
        parts = _place(page.path, "").split("/")
        for i in {0, *range(max(0, len(parts) - _DEEPEST), len(parts) - 1)}:
            known["/".join(parts[i:])].append(position)
    return known


def _place(target: str, page: str) -> str:
    """A link's target as a path without extension: relative to ``page`` unless it starts with a slash."""
    path = re.split(r"[#?]", target, maxsplit=1)[0]
    base = [] if not page or path.startswith("/") else page.split("/")[:-1]
    for part in path.split("/"):
        if part == "..":
            base = base[:-1]
        elif part not in ("", "."):
            base.append(part)
    if base:
        base[-1] = _EXTENSION.sub("", base[-1])
        if base[-1].lower() in ("index", "readme", "_index") and len(base) > 1:
            base.pop()
    return "/".join(base)
