"""How often `duplicate` is right: versions of a page over nine years, and variants of licences.

    python benchmarks/accuracy/duplicate.py [DATA]     prints one Markdown section

Nothing in the check is fitted to these: its threshold is the definition of a near-duplicate. The date of a version is
handed over as metadata; names and paths say nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foretune.bench.statistics import wilson
from foretune.corpus.readers import Raw, read
from foretune.governance.checks import CheckSettings
from foretune.governance.checks.duplicate import duplicate, sign_all
from foretune.types import Document, Finding

ROOT = Path(__file__).resolve().parents[2]
NEAR = CheckSettings().near_duplicate


def _rate(name: str, right: int, total: int) -> str:
    low, high = wilson(right, total)
    return f"| {name} | {right} | {total} | {right / max(total, 1):.1%} | {low:.1%} to {high:.1%} |"


def _pages(folder: Path, names: Sequence[str], *, dated: bool) -> list[Document]:
    """Under numbers, so that no name tells which is newer."""
    found: list[Document] = []
    for name in names:
        path = folder / name
        [reading] = read(Raw(path.name, path.read_bytes(), 5_000_000))
        date = path.stem if dated else ""
        found.append(Document(name, "", f"{len(names) - len(found):05}", reading.content_hash, reading.text, date=date))
    return found


def _found(pages: Sequence[Document]) -> list[Finding]:
    texts = {page.id: page.text for page in pages}
    return list(duplicate(sign_all(pages), texts.__getitem__, CheckSettings()))


def _clusters(found: Sequence[Finding]) -> dict[str, str]:
    together: dict[str, str] = {}
    for each in found:
        if "cluster" in each.evidence:
            together[each.document_id] = together[each.evidence["keeper"]] = each.evidence["cluster"]
    return together


def _together(pairs: Sequence[Mapping[str, Any]], first: str, second: str, cluster: Mapping[str, str]) -> int:
    return sum(cluster.get(pair[first]) == cluster.get(pair[second]) is not None for pair in pairs)


def _history(folder: Path) -> list[str]:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.glob("docs/*/*.md"))
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    found = _found(_pages(folder, names, dated=True))
    cluster = _clusters(found)
    close = [pair for pair in pairs if pair["shingle5_jaccard"] >= NEAR]
    left_out = {each.document_id for each in found if "cluster" in each.evidence}
    pages: dict[str, set[str]] = {}
    for name, group in cluster.items():
        pages.setdefault(group, set()).add(Path(name).parent.name)
    return [
        _rate(
            "pairs of versions alike by 75 % or more, in one group", _together(close, "old", "new", cluster), len(close)
        ),
        _rate("of these, the older is not the one to keep", sum(p["old"] in left_out for p in close), len(close)),
        _rate("groups that mix different pages", sum(len(each) > 1 for each in pages.values()), len(pages)),
    ]


def _licences(folder: Path) -> list[str]:
    rows = [json.loads(line) for line in (folder / "groups.jsonl").read_text(encoding="utf-8").splitlines()]
    names = sorted({entry["file"] for row in rows for entry in row["files"]})
    cluster = _clusters(_found(_pages(folder, names, dated=False)))
    pairs = [pair for row in rows for pair in row.get("pairs", [])]
    close = [pair for pair in pairs if pair["shingle5_jaccard"] >= NEAR]
    return [
        _rate(
            "variants of a licence alike by 75 % or more, in one group", _together(close, "a", "b", cluster), len(close)
        )
    ]


def _quoted(data: Path) -> list[str]:
    """Licence texts put into the middle of pages, each in another; pages alone are the texts that nothing quotes."""
    texts = sorted((data / "neardup-licenses" / "dev" / "docs").glob("*.txt"))[::5]
    pages = [path.read_text(encoding="utf-8") for path in sorted((data / "handbook-18f" / "corpus").rglob("*.md"))]
    pages = [page for page in pages if len(page) > 4_000]
    parts = [path.read_text(encoding="utf-8") for path in texts]
    longer = [f"{page[:2000]}\n\n> {part}\n\n{page[2000:4000]}" for page, part in zip(pages, parts, strict=False)]
    alone = pages[len(longer) :]
    everything = [*parts[: len(longer)], *longer, *alone]
    documents = [Document(str(number), "", f"{number:05}", "", text) for number, text in enumerate(everything)]
    found = {int(each.document_id) for each in _found(documents) if each.type == "contained"}
    right = sum(number < len(longer) for number in found)
    return [
        _rate("licence texts quoted in full in a page, found", right, len(longer)),
        _rate("pages that are said to be contained and are not", len(found) - right, len(longer) + len(alone)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=ROOT.parent / "shared" / "data")
    data = parser.parse_args().data
    print("## duplicate\n")
    print("| what | count | of | rate | 95 % interval |\n|---|---|---|---|---|")
    rows = (
        *_history(data / "neardup-handbook-history" / "dev"),
        *_licences(data / "neardup-licenses" / "dev"),
        *_quoted(data),
    )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
