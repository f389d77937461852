"""How often `hostile` finds what is meant to steer a language model, and how often it cries wolf.

    python benchmarks/accuracy/hostile.py [DATA]

Probes (`hostile_probes.jsonl`): written by hand after published classes of attack, the source beside each; half of
them, by the hash of their id, were used to mend the rules, the others are only measured. Whoever wrote the rules
wrote the probes too, so the second figure is still an upper bound. False flags are counted on real pages.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import row, speed

from foretune.corpus.readers import Raw, Unreadable, read
from foretune.governance.checks import CheckSettings
from foretune.governance.checks.hostile import hostile
from foretune.governance.hostile import neutralise
from foretune.types import Document, Finding, Severity

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = (
    "handbook-18f/corpus",
    "blog-18f/dev",
    "blog-remysharp/dev",
    "handbook-sourcegraph/dev",
    "meetings-ipfs/dev",
    "meetings-qmsum/dev",
    "neardup-licenses/dev",
    "qa-contoso/docs",
)
TRUE_BY_HAND = 0
"""Findings on the collections that are right: none has anything hostile, so every finding is a false flag."""
FOR_RULES, ONLY_MEASURED = "rules", "measure"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=ROOT.parent / "shared" / "data")
    data: Path = parser.parse_args().data
    lines = (Path(__file__).parent / "hostile_probes.jsonl").read_text(encoding="utf-8").splitlines()
    probes = [json.loads(line) for line in lines]
    print("## hostile\n")
    print("| what | count | of | share | 95 % interval |\n|---|---|---|---|---|")
    for part, said in ((FOR_RULES, "rules mended on them"), (ONLY_MEASURED, "only measured")):
        bad = [probe for probe in probes if probe["part"] == part and probe["hostile"]]
        good = [probe for probe in probes if probe["part"] == part and not probe["hostile"]]
        row(f"hostile probes found ({said})", sum(is_found(probe) for probe in bad), len(bad))
        row(f"their force gone from what the model sees ({said})", sum(is_tamed(probe) for probe in bad), len(bad))
        row(f"harmless look-alikes at medium or high ({said})", sum(flags(probe) for probe in good), len(good))
    row("hostile probes among real files found", *real_files(data / "messy-files"))
    documents = [document for name in COLLECTIONS for document in pages(data / name)]
    flagged = [document for document in documents if findings_in(document)]
    row("real pages flagged falsely", len(flagged) - TRUE_BY_HAND, len(documents))
    for document in flagged:
        print(f"\nflagged: {document.path}")
    print(f"\nSpeed: {speed(findings_in, documents):,.0f} documents of 2.5 KB per CPU-second on these pages.")


def findings_in(document: Document) -> list[Finding]:
    return [each for each in hostile(document, CheckSettings()) if isinstance(each, Finding)]


def findings(text: str) -> list[Finding]:
    return findings_in(Document("d", "s", "p.md", "h", text, media_type="text/markdown"))


def is_found(probe: dict[str, Any]) -> bool:
    return any(each.type == probe["type"] and each.severity >= Severity.MEDIUM for each in findings(probe["text"]))


def flags(probe: dict[str, Any]) -> bool:
    return any(each.severity >= Severity.MEDIUM for each in findings(probe["text"]))


def is_tamed(probe: dict[str, Any]) -> bool:
    """Look-alike letters and files outside reach no model by themselves; everything else has to be changed."""
    return probe["type"] in ("homoglyph", "external") or neutralise(probe["text"]) != probe["text"]


def real_files(folder: Path) -> tuple[int, int]:
    found = total = 0
    for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["kind"] == "hostile" and (folder / row["file"]).exists():
            total += 1
            found += any(findings_in(document) for document in read_documents(folder / row["file"]))
    return found, total


def pages(folder: Path) -> Iterator[Document]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".md", ".txt", ".pdf"):
            yield from read_documents(path)


def read_documents(path: Path) -> Iterator[Document]:
    try:
        readings = read(Raw(path.name, path.read_bytes(), 50_000_000))
    except Unreadable:
        return
    for reading in readings:
        about = reading.description
        yield Document(
            str(path),
            "s",
            path.name,
            "h",
            reading.text,
            media_type=reading.media_type,
            title=about.title,
            tags=about.tags,
            keywords=about.keywords,
            properties=about.properties,
        )


if __name__ == "__main__":
    main()
