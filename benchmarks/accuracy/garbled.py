"""How often `garbled` repairs what was garbled, leaves alone what was not, and how fast it reads clean text.

    python benchmarks/accuracy/garbled.py [DATA]

Mojibake: ftfy's own test cases, judged by the repaired text; ftfy's `fix_encoding` beside it. Real pages: what is
reported on five collections; every finding but template tags was looked at by hand, and the false ones counted.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from common import row, speed

from foretune.corpus.readers import Raw, Unreadable, read
from foretune.governance.checks import CheckSettings
from foretune.governance.checks.garbled import garbled
from foretune.governance.edits import apply
from foretune.governance.types import Edit
from foretune.types import Document, Finding

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = (
    "handbook-18f/corpus",
    "blog-18f/dev",
    "blog-remysharp/dev",
    "handbook-sourcegraph/dev",
    "meetings-ipfs/dev",
)
FALSE_BY_HAND = {"placeholder": 3, "html": 0, "zero_width": 0, "control": 0, "mojibake": 0, "ocr": 0, "hyphenation": 0}
"""False ones among the findings of the collections, by hand: tasks agreed in minutes. Two in five of the true
placeholders stand in templates that readers are to fill in: right to see, and no fault of the page."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=ROOT.parent / "shared" / "data")
    data: Path = parser.parse_args().data
    print("## garbled\n")
    print("| what | right | of | share | 95 % interval |\n|---|---|---|---|---|")
    from ftfy import fix_encoding

    for name in ("in-the-wild", "synthetic", "language-names"):
        cases = json.loads((data / "mojibake-ftfy" / "dev" / f"{name}.json").read_text(encoding="utf-8"))
        wanted = [{case["fixed"], case.get("fixed-encoding", case["fixed"])} for case in cases]
        ours = [repaired(case["original"]) in want for case, want in zip(cases, wanted, strict=True)]
        theirs = [fix_encoding(case["original"]) in want for case, want in zip(cases, wanted, strict=True)]
        row(f"mojibake repaired: {name}", sum(ours), len(cases))
        row(f"the same by ftfy alone: {name}", sum(theirs), len(cases))
    negatives = json.loads((data / "mojibake-ftfy" / "dev" / "negative.json").read_text(encoding="utf-8"))
    row("correct text left alone", sum(not findings(case["original"]) for case in negatives), len(negatives))
    documents = [document for name in COLLECTIONS for document in pages(data / name)]
    found = [each for document in documents for each in findings_in(document)]
    counts = Counter(each.type for each in found if each.type != "template")
    for kind, count in counts.most_common():
        row(f"real pages, {kind}: true by hand", count - FALSE_BY_HAND.get(kind, 0), count)
    print(f"\n{len(documents):,} real pages; {sum(each.type == 'template' for each in found):,} template tags besides.")
    print(f"Speed: {speed(findings_in, documents):,.0f} documents of 2.5 KB per CPU-second on these pages.")


def pages(folder: Path) -> Iterator[Document]:
    for path in sorted(folder.rglob("*.md")):
        try:
            readings = read(Raw(path.name, path.read_bytes(), 50_000_000))
        except Unreadable:
            continue
        for reading in readings:
            yield Document(str(path), "s", path.name, "h", reading.text, media_type=reading.media_type)


def findings_in(document: Document) -> list[Finding]:
    return [each for each in garbled(document, CheckSettings()) if isinstance(each, Finding)]


def findings(text: str) -> list[Finding]:
    return findings_in(Document("d", "s", "p.txt", "h", text))


def repaired(text: str) -> str:
    return apply(
        text,
        [
            Edit(each.start, each.end, each.evidence["repair"], redacts=False)
            for each in findings(text)
            if each.type not in ("html",)
            and each.start is not None
            and each.end is not None
            and "repair" in each.evidence
        ],
    )


if __name__ == "__main__":
    main()
