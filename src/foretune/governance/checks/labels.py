"""Labels and rights: what later stages cite, sort, filter and govern by, and is not there."""

from __future__ import annotations

from collections.abc import Iterable

from foretune.governance.checks.registry import CheckSettings, document_check
from foretune.governance.label_fields import known, proposals
from foretune.types import Document, Finding, Severity

__all__ = ["labels", "missing"]

TYPES = {"missing": Severity.LOW, "proposed": Severity.INFO, "sensitivity": Severity.MEDIUM}

_COLUMNS = ("text", "path", "title", "author", "event", "date", "modified", "language", "tags", "keywords", "label")
_WORTH_A_LINE = ("owner", "licence", "consent", "retention")
"""What is reported where the text says it, even if the plan does not require it; the rest is in the spreadsheet."""


def missing(document: Document, required: Iterable[str]) -> list[str]:
    """The names in ``required`` that neither a field nor a property of the document answers."""
    return [name for name in required if not known(document, name)]


@document_check("labels", types=TYPES, columns=(*_COLUMNS, "properties"), settings=("require",))
def labels(document: Document, settings: CheckSettings) -> Iterable[Finding]:
    """Labels a document lacks, and what its text, path or file name say they could be.

    *missing*: what the plan requires (``[governance] require``) and nothing says: one finding a document, with a
    proposal where there is one. A missing title matters a little (citations show it), the rest is for information. Any
    name can be required; one that is no field of ours is looked up among the document's properties (``owner``).
    *proposed*: an owner, licence, consent or retention that the text states ("Owner: People Operations") and the
    metadata do not. *sensitivity*: the text asks for more care than the label gives it ("Strictly confidential").
    """
    absent = missing(document, settings.require)
    inferred = proposals(document, dict.fromkeys((*absent, *_WORTH_A_LINE, "sensitivity")))
    if absent:
        offered = {name: inferred[name].as_json() for name in absent if name in inferred}
        said = "; ".join(f"{name} could be “{each['value']}”" for name, each in offered.items())
        yield Finding(
            document.id,
            "labels",
            "missing",
            Severity.LOW if "title" in absent else Severity.INFO,
            f"Nothing says its {_listed(absent)}" + (f": its {said}." if said else "."),
            evidence={"missing": absent, **({"proposal": offered} if offered else {})},
        )
    for name, each in inferred.items():
        if name in absent or name not in (*_WORTH_A_LINE, "sensitivity"):
            continue
        rises = name == "sensitivity"
        yield Finding(
            document.id,
            "labels",
            "sensitivity" if rises else "proposed",
            Severity.MEDIUM if rises else Severity.INFO,
            f"It is labelled {document.label}, and its text says “{each.because}”: {each.value}?"
            if rises
            else f"Its {name} could be “{each.value}”: the text says “{each.because}”.",
            each.start,
            each.end,
            document.text[each.start : each.end] if each.start is not None else "",
            each.score,
            evidence={"proposal": {name: each.as_json()}},
        )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]
