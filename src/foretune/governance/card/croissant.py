"""The card as Croissant (JSON-LD) with the fields of its vocabulary for responsible AI.

See https://docs.mlcommons.org/croissant/docs/croissant-spec.html (1.0) and
https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html (1.0). The documents stay in the vault, so the
card describes no files (``distribution``) and no records.
"""

from __future__ import annotations

import json

from foretune.governance.card import words
from foretune.governance.card.facts import CardFacts

__all__ = ["croissant"]

_CONTEXT: dict[str, object] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context the specification recommends (appendix 1)."""


def croissant(facts: CardFacts) -> str:
    """JSON-LD; the licence is said to be unknown until a person says it."""
    owner = facts.config.people.owner or "not named"
    reasons = "; ".join(f"{each.documents:,} {each.state} by {each.decided_by} ({each.why})" for each in facts.reasons)
    described = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": facts.name,
        "description": f"{words.purpose(facts)} {words.balance(facts)}",
        "url": f"urn:foretune:vault:{facts.vault_id}",
        "license": "unknown: the rights in each document are its owner's",
        "creator": {"@type": "sc:Organization", "name": owner},
        "datePublished": facts.made_at[:10],
        "dateCreated": facts.made_at[:10],
        "version": "1.0.0",
        "inLanguage": sorted(facts.languages) or list(facts.config.platform.languages),
        "isLiveDataset": facts.config.process.cadence != "never",
        "citeAs": f"{facts.name} ({facts.made_at[:4]}), governed with Foretune.",
        "rai:dataCollection": words.collection(facts),
        "rai:dataCollectionType": ["Others"],
        "rai:dataCollectionMissingData": _missing(facts),
        "rai:dataCollectionTimeframe": [each[:10] for each in (*facts.dates[:1], *facts.dates[-1:])],
        "rai:dataPreprocessingProtocol": [words.preparation(facts)],
        "rai:dataManipulationProtocol": words.balance(facts),
        "rai:dataAnnotationProtocol": f"Each document was included, excluded or left waiting: {reasons or 'none'}.",
        "rai:machineAnnotationTools": [f"foretune check: {name}" for name in facts.checks],
        "rai:personalSensitiveInformation": [words.personal(facts)],
        "rai:dataBiases": [words.biases(facts)],
        "rai:dataLimitations": [words.limitations(facts)],
        "rai:dataUseCases": [f"{count:,} documents for {use}" for use, count in facts.uses.items()],
        "rai:dataSocialImpact": facts.config.purpose.must_never or "The plan names nothing it must never do.",
        "rai:dataReleaseMaintenancePlan": words.maintenance(facts),
    }
    return json.dumps(described, ensure_ascii=False, indent=2) + "\n"


def _missing(facts: CardFacts) -> str:
    if not facts.unreadable:
        return "Every document that was offered could be read."
    return f"Could not be read: {'; '.join(f'{count:,}: {reason}' for reason, count in facts.unreadable.items())}."
