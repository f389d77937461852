"""The labels a document should have: which there are, what is known, and what can be inferred.

What the source itself says (front matter, properties) is *known*. What is read
from the text, the path or the file name is a *proposal*, with the words it rests on:
a person or a policy takes it over, nothing does so by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from foretune.corpus.dates import date_in_name, iso_date
from foretune.corpus.metadata import first_heading, spelling
from foretune.evidence import STOP_WORDS, fold, stem
from foretune.governance.markup import prose
from foretune.types import Document, Label

__all__ = ["COLUMNS", "FIELDS", "Proposal", "known", "proposals"]

COLUMNS = ("title", "author", "date", "tags", "keywords", "label")
"""Fields that are columns of the document; the others live among its properties."""

FIELDS = (
    *("title", "author", "owner", "date", "type", "topic", "keywords"),
    *("licence", "consent", "sensitivity", "retention"),
)
"""In the order in which people fill them in."""

_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "owner": ("owner", "owners", "maintainer", "maintainedby", "responsible", "team", "department", "pageowner"),
    "type": ("type", "kind", "doctype", "documenttype", "contenttype", "genre"),
    "licence": ("licence", "license", "rights", "copyright", "dcrights", "usageterms"),
    "consent": ("consent", "permission", "releaseform"),
    "retention": (
        "retention",
        "retainuntil",
        "expires",
        "expiry",
        "expirydate",
        "reviewby",
        "nextreview",
        "deleteafter",
    ),
    "topic": ("subject", "section", "area"),
}
_HEAD, _READ = 2_000, 20_000
"""Characters: where a document says what it is, and what is searched at all."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value nobody gave, and what it rests on."""

    value: str
    source: str
    """path, file name, text or title."""
    because: str
    """The words it rests on."""
    score: float
    """0 to 1: how sure."""
    start: int | None = None
    end: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {"value": self.value, "from": self.source, "because": self.because, "score": self.score}


def known(document: Document, field: str) -> str:
    """What the document says of itself, as one line; empty where it says nothing.

    The topic is its first tags; sensitivity is the label, which every document has.
    """
    if field == "sensitivity":
        return str(document.label)
    if field == "keywords":
        return ", ".join(document.keywords)
    if field in ("title", "author", "date", "modified", "event", "language"):
        return str(getattr(document, field))
    if field in document.properties:
        return _line(document.properties[field])
    if field == "topic" and document.tags:
        return ", ".join(document.tags)
    if field == "tags":
        return ", ".join(document.tags)
    wanted = _SPELLINGS.get(field, (spelling(field),))
    spelled = {spelling(key): value for key, value in document.properties.items()}
    return next((line for name in wanted if name in spelled and (line := _line(spelled[name]))), "")


def _line(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return " ".join(str(value).split())
    if isinstance(value, list | tuple):
        return ", ".join(line for each in value if (line := _line(each)))
    return ""


def proposals(document: Document, fields: Iterable[str] = FIELDS) -> dict[str, Proposal]:
    """A proposal for each of ``fields`` that is not known and can be inferred; sensitivity where the text "
    "disagrees."""
    found = {}
    for field in fields:
        infer = _INFER.get(field)
        if infer is None or (field != "sensitivity" and known(document, field)):
            continue
        proposal = next(infer(document), None)
        if proposal is not None:
            found[field] = proposal
    return found


# -- one function a field: proposals, the best first ----------------------------------------------------

_Infer = Callable[[Document], Iterator[Proposal]]
_INFER: dict[str, _Infer] = {}


def _infers(field: str) -> Callable[[_Infer], _Infer]:
    def register(infer: _Infer) -> _Infer:
        _INFER[field] = infer
        return infer

    return register


def _said(match: re.Match[str], value: str, score: float) -> Proposal:
    return Proposal(value, "text", " ".join(match.group().split())[:200], score, match.start(), match.end())


_PERSON = r"[A-Z][\w'’.-]{1,20}(?: [A-Z][\w'’.-]{0,20}){1,3}"
_BYLINE = re.compile(
    rf"(?:^|\n)[ \t>*_]*(?:[Ww]ritten by|[Bb]y|[Pp]osted by|BY|Author|AUTHOR)[:*_]*[ \t]+\[?(?P<name>{_PERSON})"
)
_SIGNED = re.compile(rf"\n[ \t>*_]*(?:[—–]|--)[ \t]?\[?(?P<name>{_PERSON})[\]*_]*[ \t]*\n*\Z")


@_infers("author")
def _author(document: Document) -> Iterator[Proposal]:
    match = _BYLINE.search("\n" + document.text[:_HEAD])
    if match:
        name = match["name"].rstrip(".,")
        yield Proposal(
            name, "text", " ".join(match.group().split()), 0.8, match.start("name") - 1, match.end("name") - 1
        )
    offset = max(0, len(document.text) - _HEAD)
    match = _SIGNED.search(document.text[offset:])
    if match:
        name = match["name"].rstrip(".,")
        start = offset + match.start("name")
        yield Proposal(name, "text", name, 0.7, start, start + len(name))


_OWNER = re.compile(
    r"(?:^|\n)[ \t>*_|-]*(?:(?:page|document|policy|process|content) )?(?:owner|maintainer|owned by|maintained by|"
    r"responsible(?: team)?|point of contact|poc)[ \t*_]*[:|][ \t*_]*(?P<who>[^\n|]{2,80})",
    re.IGNORECASE,
)
_TEAM = re.compile(
    r"\b(?:owned|maintained|managed|run|led) by the (?P<who>[A-Z][\w&' -]{2,40}? (?:team|office|group|division|"
    r"department|"
    r"guild|working group))\b"
)
_ASK = re.compile(
    r"\b(?:ask|contact|reach out to|email) the (?P<who>[A-Z][\w&' -]{2,40}? (?:team|office|group|division))\b"
)


@_infers("owner")
def _owner(document: Document) -> Iterator[Proposal]:
    for pattern, score in ((_OWNER, 0.9), (_TEAM, 0.6), (_ASK, 0.4)):
        match = pattern.search(document.text[:_READ])
        if match:
            who = re.sub(r"\[([^\]]*)\](\([^)]*\))?", r"\1", match["who"])
            yield _said(match, " ".join(who.split()).strip("*_ ."), score)


_IN_PATH = re.compile(r"(?:^|/)(?P<year>(?:19|20)\d\d)[/-](?P<month>0[1-9]|1[0-2])(?:[/-](?P<day>[0-3]\d))?(?=[/_-])")
_DAY = r"(?:\d{4}-\d{2}-\d{2}|\d{1,2} [A-Z][a-z]{2,8}\.? \d{4}|[A-Z][a-z]{2,8}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4})"
_DATED = re.compile(
    rf"(?:^|\n)[ \t>*_#|-]*(?:[Pp]ublished|[Pp]osted|[Dd]ated?|DATE|[Ee]ffective(?: date)?|[Aa]pproved|[Ii]ssued|"
    rf"[Ll]ast (?:updated|reviewed|modified|revised))(?: on)?[ \t*_]*[:|]?[ \t*_]*(?P<day>{_DAY})"
)
_LONE_DAY = re.compile(rf"(?:^|\n)[ \t>*_#]*(?P<day>{_DAY})[ \t*_]*(?=\n|\Z)")


@_infers("date")
def _date(document: Document) -> Iterator[Proposal]:
    name = PurePosixPath(document.path).stem
    if day := date_in_name(name):
        yield Proposal(day, "file name", name, 0.95)
    inside = re.search(r"(?<!\d)((?:19|20)\d\d[-_.](?:0[1-9]|1[0-2])[-_.](?:[0-2]\d|3[01]))(?!\d)", name)
    if inside and (day := date_in_name(inside[1])):
        yield Proposal(day, "file name", inside[1], 0.85)
    for pattern, score in ((_DATED, 0.8), (_LONE_DAY, 0.7)):
        match = pattern.search(document.text[:_HEAD])
        if match and (day := iso_date(match["day"])):
            yield _said(match, day, score)
    match = _IN_PATH.search(document.path)
    if match:
        day = "-".join(part for part in (match["year"], match["month"], match["day"]) if part)
        yield Proposal(day, "path", match.group().strip("/"), 0.7)


_MAIN_HEADING = re.compile(r"#[ \t]+\S|[^\n#]{2,120}\n=+[ \t]*\n")
"""A text that begins with a heading of the first level has its title there; other headings are sections'."""


@_infers("title")
def _title(document: Document) -> Iterator[Proposal]:
    heading = first_heading(document.text)
    if heading and _MAIN_HEADING.match(document.text[:_HEAD].lstrip()):
        yield Proposal(heading, "text", heading, 0.9)
    stem_ = re.sub(r"^[\d._-]{8,10}[-_. ]*", "", PurePosixPath(document.path).stem)
    words = " ".join(re.sub(r"[-_+]+", " ", stem_).split())
    if any(character.isalpha() for character in words):
        yield Proposal(words[:1].upper() + words[1:], "file name", PurePosixPath(document.path).name, 0.6)
    if heading:
        yield Proposal(heading, "text", heading, 0.3)


_TYPES: tuple[tuple[str, str], ...] = (
    ("press release", r"press[ _-]?releases?|for immediate release"),
    ("minutes", r"minutes|meeting[ _-]?notes|stand[ _-]?ups?|retro(?:spective)?s?|agendas?"),
    ("transcript", r"transcripts?|\.(?:vtt|srt)$"),
    ("FAQ", r"faqs?|frequently asked questions"),
    ("policy", r"polic(?:y|ies)|code of conduct|rules of behavior"),
    ("contract", r"contracts?|agreements?|terms (?:of|and)|nda"),
    ("form", r"forms?|questionnaires?|checklists?|templates?"),
    ("guide", r"guides?|how[ _-]?to|handbooks?|manuals?|tutorials?|onboarding|instructions?|playbooks?|runbooks?"),
    ("post", r"blogs?|posts?|articles?|news"),
    ("e-mail", r"\.(?:eml|msg|mbox)$|e-?mails?|correspondence"),
    ("slides", r"slides?|decks?|presentations?|\.pptx?$"),
    ("table", r"\.(?:csv|tsv|xlsx?|ods)$"),
    ("report", r"reports?|white[ _-]?papers?|case[ _-]?stud(?:y|ies)"),
)
_TYPE_PATTERNS = tuple(
    (name, re.compile(rf"(?<![a-z])(?:{pattern})(?![a-z])", re.IGNORECASE)) for name, pattern in _TYPES
)


@_infers("type")
def _type(document: Document) -> Iterator[Proposal]:
    path = PurePosixPath(document.path)
    places = (
        ("title", document.title or first_heading(document.text), 0.8),
        ("file name", path.name, 0.75),
        ("path", "/".join(path.parts[:-1]), 0.6),
    )
    for source, words, score in places:
        for name, pattern in _TYPE_PATTERNS:
            match = pattern.search(words)
            if match:
                yield Proposal(name, source, match.group(), score)
    if re.match(r"\W*for immediate release", document.text[:_HEAD], re.IGNORECASE):
        yield Proposal("press release", "text", "for immediate release", 0.9)


_NO_TOPIC = frozenset({"docs", "doc", "pages", "content", "posts", "documents", "files", "src", "data", "public"})


@_infers("topic")
def _topic(document: Document) -> Iterator[Proposal]:
    for folder in reversed(PurePosixPath(document.path).parts[:-1]):
        words = " ".join(re.sub(r"[-_+.]+", " ", folder).split())
        if folder.lower() not in _NO_TOPIC and sum(map(str.isalpha, words)) > 2:
            yield Proposal(words.lower(), "path", folder, 0.6)


_HEADINGS = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+)$", re.MULTILINE)
_WORDS = re.compile(r"[^\W\d_]{4,}")
_KEYWORDS = 5
_IN_HEADING = 3
"""A word in the title or a heading counts as much as this many elsewhere."""


@_infers("keywords")
def _keywords(document: Document) -> Iterator[Proposal]:
    text = document.text[:_READ]
    counts: Counter[str] = Counter()
    shown: dict[str, Counter[str]] = {}
    heads = " ".join((document.title, *_HEADINGS.findall(text)))
    for words, weight in ((fold(prose(text)), 1), (fold(heads), _IN_HEADING)):
        for word in _WORDS.findall(words):
            if word not in STOP_WORDS:
                root = stem(word)
                counts[root] += weight
                shown.setdefault(root, Counter())[word] += 1
    best = [(root, count) for root, count in counts.items() if count >= _IN_HEADING]
    best.sort(key=lambda each: (-each[1], each[0]))
    if len(best) >= 3:
        chosen = [min(shown[root].items(), key=lambda item: (-item[1], item[0]))[0] for root, _ in best[:_KEYWORDS]]
        yield Proposal(", ".join(chosen), "text", f"the words it uses most, {best[0][1]} times and fewer", 0.5)


_LICENCES: tuple[tuple[str, str], ...] = (
    ("CC0-1.0", r"\bCC0\b|creative commons zero"),
    ("CC-BY-SA-4.0", r"\bCC[ -]BY[ -]SA(?:[ -]4\.0)?\b|creativecommons\.org/licenses/by-sa/"),
    ("CC-BY-NC-4.0", r"\bCC[ -]BY[ -]NC\b|creativecommons\.org/licenses/by-nc/"),
    ("CC-BY-4.0", r"\bCC[ -]BY(?:[ -]4\.0)?\b|creativecommons\.org/licenses/by/|creative commons attribution"),
    ("Apache-2.0", r"\bApache License,? (?:Version )?2\.0|SPDX-License-Identifier:\s*Apache-2\.0"),
    ("MIT", r"\b(?:released|licensed|available) under (?:the |an )?MIT\b|SPDX-License-Identifier:\s*MIT"),
    ("public domain", r"\b(?:is|are) in the (?:\w+ )?public domain\b|\bdedicated to the public domain\b"),
    ("all rights reserved", r"\ball rights reserved\b"),
)
_LICENCE_PATTERNS = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _LICENCES)


@_infers("licence")
def _licence(document: Document) -> Iterator[Proposal]:
    head, tail = document.text[:_HEAD], max(_HEAD, len(document.text) - _HEAD)
    for offset, part in ((0, head), (tail, document.text[tail:])):
        for name, pattern in _LICENCE_PATTERNS:
            match = pattern.search(part)
            if match:
                yield Proposal(name, "text", match.group(), 0.7, offset + match.start(), offset + match.end())


_CONSENT = (
    (
        "no",
        re.compile(
            r"\b(?:do not|don't|not to be|may not be) (?:share|shared|quote|quoted|record|recorded|republish|"
            r"republished|"
            r"distribute|distributed|forward|forwarded|use this|attribute|attributed)\b|\boff the record\b",
            re.IGNORECASE,
        ),
    ),
    (
        "yes",
        re.compile(
            r"\b(?:used|published|shared|reprinted|quoted|recorded) with (?:the )?(?:\w+['’]s )?(?:permission|"
            r"consent)\b"
            r"|\bconsent(?:s|ed)? to (?:being |be )?(?:record|quot|publi|shar)\w+",
            re.IGNORECASE,
        ),
    ),
)


@_infers("consent")
def _consent(document: Document) -> Iterator[Proposal]:
    for value, pattern in _CONSENT:
        match = pattern.search(document.text[:_HEAD])
        if match:
            yield _said(match, value, 0.6)


_SENSITIVITY: tuple[tuple[Label, re.Pattern[str]], ...] = (
    (
        Label.RESTRICTED,
        re.compile(
            r"\b(?:STRICTLY CONFIDENTIAL|TOP SECRET|RESTRICTED|ATTORNEY[- ]CLIENT PRIVILEGED?)\b|"
            r"\b[Aa]ttorney[- ][Cc]lient privileged?\b|\b[Ss]trictly confidential\b|\b[Ee]yes only\b"
        ),
    ),
    (
        Label.CONFIDENTIAL,
        re.compile(
            r"(?:^|\n)[\W_]*(?:CONFIDENTIAL|Confidential)\b(?! (?:\w+ )?(?:information|data|documents?) (?:is|"
            r"are|must))"
            r"|\b[Cc]ompany confidential\b|\b[Pp]rivate and confidential\b|\b[Tt]his (?:document|e-?mail|memo) "
            r"is confidential\b"
            r"|\b[Dd]o not (?:share|forward|distribute) (?:this|outside|externally)\b|\b[Nn]ot for "
            r"(?:distribution|publication)\b"
        ),
    ),
    (
        Label.INTERNAL,
        re.compile(r"\b(?:[Ff]or )?(?:INTERNAL|[Ii]nternal) use only\b|\b[Ff]or staff only\b|\bINTERNAL ONLY\b"),
    ),
)


@_infers("sensitivity")
def _sensitivity(document: Document) -> Iterator[Proposal]:
    """Only upwards: a text may ask for more care than its label gives it, never for less."""
    for label, pattern in _SENSITIVITY:
        match = pattern.search(document.text[:_HEAD])
        if match and label.rank > document.label.rank:
            yield _said(match, str(label), 0.7)


_RETENTION = re.compile(
    rf"\b(?:(?:retain|keep|store)(?:ed)? (?:until|for)|(?:destroy|delete|dispose of) (?:after|by|on)|valid "
    rf"until|expires?(?: on)?"
    rf"|review(?:ed)? (?:again )?(?:by|before|on)|retention(?: period)?:?)[ \t*_]+(?P<until>{_DAY}|(?:\d+|one|"
    rf"two|three|five|"
    r"six|seven|ten) (?:years?|months?|days?))",
    re.IGNORECASE,
)


@_infers("retention")
def _retention(document: Document) -> Iterator[Proposal]:
    for part, offset in ((document.text[:_HEAD], 0), (document.text[-_HEAD:], max(0, len(document.text) - _HEAD))):
        match = _RETENTION.search(part)
        if match:
            until = iso_date(match["until"]) or " ".join(match["until"].split())
            yield Proposal(until, "text", match.group(), 0.6, offset + match.start(), offset + match.end())
