"""Hostile content: what a document says to the language model behind its reader's back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from foretune.corpus.hidden import hidden_parts, hidden_words
from foretune.governance.checks.registry import CheckSettings, document_check
from foretune.governance.hostile import Instruction, addresses, disguises, instructions
from foretune.governance.markup import blank_code
from foretune.types import Document, Finding, Severity

__all__ = ["hostile"]

TYPES = {
    "instruction": Severity.HIGH,
    "hidden": Severity.MEDIUM,
    "invisible": Severity.HIGH,
    "direction": Severity.MEDIUM,
    "homoglyph": Severity.MEDIUM,
    "link": Severity.MEDIUM,
    "external": Severity.MEDIUM,
    "active": Severity.LOW,
}

_MAY_HIDE = re.compile(r"<!--|\sstyle\s*=|\shidden\b|<font", re.IGNORECASE)
_FEW_WORDS = 4
"""Hidden elements with fewer words are labels of buttons and counters."""
_SHOWN = 600
_MOST = 200
"""Findings of a kind in a document: a page that has so many needs no more to be judged. All are made harmless."""
_MESSAGES = {
    "meant": "This addresses the language model, not your readers; it is shown to the model as a quotation only.",
    "mentioned": "This quotes an instruction to a language model, as an example; the model gets it as a quotation.",
    "hidden instruction": "Hidden from your readers ({how}), this addresses the language model, which never sees it.",
    "metadata": "The document's {field} addresses the language model; it is never put before the model.",
    "hidden": "Words your readers cannot see ({how}); they are taken out before the model sees the text.",
    "hidden part": "A {part} your readers do not see, and the model does: it is part of the text.",
    "invisible": "Invisible characters that can carry a message{says}; the repair removes them.",
    "direction": "A character that reverses how the following text is shown; the repair removes it.",
    "homoglyph": "A word with letters of another alphabet that look like ours; the repair writes it in one.",
    "link": "An address that asks to be filled in with what was said: it could carry data out.",
    "script": "A link that runs a program when it is followed.",
    "external": "This loads a file or starts a program from outside the document when it is opened.",
    "active": "The file holds {what}; Foretune does not run it.",
}
_BY_OTHER_FIELDS = ("title", "author", "event")
_CHECKED_APART = ("hidden", "hidden_sheets", "hidden_slides", "external", "active")
_FIELD_DEPTH = 4


@document_check(
    "hostile",
    types=TYPES,
    columns=("text", "title", "author", "event", "tags", "keywords", "properties"),
    repairs=True,
)
def hostile(document: Document, _settings: CheckSettings) -> Iterable[Finding]:
    """Text that tries to steer the language model, and text that is not what it seems.

    *instruction*: "Ignore all previous instructions and …", role marks (``<|im_start|>``, ``SYSTEM: you must``), orders
    in Base64, in twenty languages, also in metadata; high where it is meant, low where a page quotes it as an
    example. *hidden*: elements styled away. *invisible*: tag characters and runs of zero-width characters;
    *direction*: overrides of writing direction; *homoglyph*: "pаypal" with a Cyrillic "а". *link*: an address whose
    query asks for the conversation. *external*, *active*: references to files outside, commands in cells, macros.

    What the model sees is made harmless in any case (:func:`foretune.governance.hostile.neutralise`).
    """
    text = document.text
    hidden = hidden_parts(blank_code(text)) if "<" in text and _MAY_HIDE.search(text) else []
    for found in instructions(text)[:_MOST]:
        around = next((part for part in hidden if part.start <= found.start and found.end <= part.end), None)
        yield _instruction(document.id, text, found, around.how if around else "")
    for part in hidden:
        words = " ".join(each for _, each in hidden_words(text[part.start : part.end]))
        if part.how != "comment" and len(words.split()) >= _FEW_WORDS:
            yield _place(document.id, "hidden", text, part.start, part.end, repair="", how=part.how)
    if not text.isascii():
        for disguise in islice(disguises(text), _MOST):
            says = f" (it spells “{disguise.says[:80]}”)" if disguise.says else ""
            yield _place(
                document.id, disguise.kind, text, disguise.start, disguise.end, repair=disguise.plain, says=says
            )
    for address in islice(addresses(text), _MOST):
        kind = "external" if address.kind == "external" else "link"
        yield _place(document.id, kind, text, address.start, address.end, message=address.kind)
    yield from _beside_the_text(document)


def _instruction(document_id: str, text: str, found: Instruction, how: str) -> Finding:
    severity = Severity.HIGH if found.certain else Severity.MEDIUM
    message = _MESSAGES["meant"]
    score = found.score
    if how:
        severity, message = Severity.HIGH, _MESSAGES["hidden instruction"].format(how=how)
    elif found.mentioned:
        severity, message, score = Severity.LOW, _MESSAGES["mentioned"], round(found.score / 2, 3)
    evidence: dict[str, Any] = {"kinds": list(found.kinds)}
    if found.decoded:
        evidence["decoded"] = found.decoded
    quoted = text[found.start : found.end]
    return Finding(
        document_id, "hostile", "instruction", severity, message, found.start, found.end, quoted, score, (), evidence
    )


def _place(
    document_id: str,
    kind: str,
    text: str,
    start: int,
    end: int,
    *,
    message: str = "",
    repair: str | None = None,
    **words: str,
) -> Finding:
    evidence: dict[str, Any] = {key: value for key, value in words.items() if value}
    if repair is not None:
        evidence["repair"] = repair
    sentence = _MESSAGES[message or kind].format(**words)
    return Finding(document_id, "hostile", kind, TYPES[kind], sentence, start, end, text[start:end], 0.9, (), evidence)


def _beside_the_text(document: Document) -> Iterator[Finding]:
    """What the reader of the file set aside because nobody sees it, and metadata that addresses the model."""
    properties = document.properties
    for item in _entries(properties.get("hidden")):
        how, words = item.get("how", ""), item.get("text", "")
        found = instructions(words)
        if found:
            best = max(found, key=lambda each: each.score)
            yield _unplaced(document.id, "instruction", Severity.HIGH, words, best.score, "hidden instruction", how=how)
        elif how != "comment" and len(words.split()) >= _FEW_WORDS:
            yield _unplaced(document.id, "hidden", TYPES["hidden"], words, 0.9, "hidden", how=how)
    for key, part in (("hidden_sheets", "sheet"), ("hidden_slides", "slide")):
        for name in properties.get(key, ()) if isinstance(properties.get(key), list) else ():
            yield _unplaced(document.id, "hidden", TYPES["hidden"], str(name), 0.9, "hidden part", part=part)
    for what in properties.get("external", ()) if isinstance(properties.get("external"), list) else ():
        yield _unplaced(document.id, "external", TYPES["external"], str(what), 0.9, "external")
    for what in properties.get("active", ()) if isinstance(properties.get("active"), list) else ():
        yield _unplaced(document.id, "active", TYPES["active"], "", 0.9, "active", what=str(what))
    fields: dict[str, Any] = {name: getattr(document, name) for name in _BY_OTHER_FIELDS}
    fields |= {"tags": ", ".join(document.tags), "keywords": ", ".join(document.keywords)}
    fields |= {key: value for key, value in properties.items() if key not in _CHECKED_APART}
    for name, value in fields.items():
        for words in _strings(value, _FIELD_DEPTH):
            for order in instructions(words):
                if not order.mentioned:
                    quoted = words[order.start : order.end]
                    severity = Severity.HIGH if order.certain else Severity.MEDIUM
                    yield _unplaced(document.id, "instruction", severity, quoted, order.score, "metadata", field=name)


def _unplaced(
    document_id: str, kind: str, severity: Severity, text: str, score: float, message: str, **words: str
) -> Finding:
    sentence = _MESSAGES[message].format(**words)
    return Finding(document_id, "hostile", kind, severity, sentence, None, None, text[:_SHOWN], score, (), dict(words))


def _entries(value: Any) -> Iterator[Mapping[str, str]]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield {str(key): str(inner) for key, inner in item.items()}


def _strings(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) > 15:  # shorter than the shortest phrase
            yield value
    elif depth and isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner, depth - 1)
    elif depth and isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner, depth - 1)
