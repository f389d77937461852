"""How often `duplicate` is right: versions of a page over nine years, and variants of licences.

    python benchmarks/accuracy/duplicate.py [DATA]     prints one Markdown section

Nothing is fitted to these: the threshold is the definition of a near-duplicate; that of the check for other words was
chosen on one half of the rewritten pages. The date of a version is
handed over as metadata; names and paths say nothing.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import frontmatter

from foretune.corpus.readers import Raw, read
from foretune.governance.checks import CheckSettings, CorpusCheck, named
from foretune.governance.checks.duplicate import duplicate, sign_all
from foretune.intervals import wilson
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


def _reworded(folder: Path) -> list[str]:
    """Of each page the two versions least alike, all together; the threshold was chosen on the first half of pages."""
    rows = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    least: dict[str, Mapping[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["shingle5_jaccard"], reverse=True):
        if row["shingle5_jaccard"] < NEAR:
            least[row["page"]] = row
    lines = []
    for half, tuned in ((0, "tuned on"), (1, "only measured")):
        pairs = [row for page, row in sorted(least.items()) if zlib.crc32(page.encode()) % 2 == half]
        names = sorted({row[key] for row in pairs for key in ("old", "new")})
        pages = [page for page in _pages(folder, names, dated=False) if len(page.text.split()) >= 60]
        texts, by_path = {page.id: page.text for page in pages}, {page.path: page.id for page in pages}
        here = [row for row in pairs if row["old"] in texts and row["new"] in texts]
        [check] = [each for each in named(["semantic"]) if isinstance(each, CorpusCheck)]
        found = list(check.compare(check.sign_all(pages), texts.__getitem__, CheckSettings()))
        said = [frozenset((each.document_id, by_path[each.related[0].document])) for each in found]
        right = {frozenset((row["old"], row["new"])) for row in here}
        lines.append(
            _rate(f"rewritten pages (alike by less than 75 %) found ({tuned})", len(right & set(said)), len(here))
        )
        wrong = sum(len({Path(name).parent.name for name in pair}) > 1 for pair in said)
        lines.append(_rate(f"of what is called the same in other words, different pages ({tuned})", wrong, len(said)))
    return lines


def _unread(data: Path) -> list[str]:
    """How often it speaks up among real pages, nearly all of which are about different things."""
    lines = []
    for name in ("handbook-18f/corpus", "blog-18f/dev", "blog-remysharp/dev"):
        files = sorted((data / name).rglob("*.md"))
        contents = [frontmatter.loads(path.read_text(encoding="utf-8")).content for path in files]
        pages = [Document(str(n), "", f"{n:05}", "", text) for n, text in enumerate(contents)]
        texts = {page.id: page.text for page in pages}
        [check] = [each for each in named(["semantic"]) if isinstance(each, CorpusCheck)]
        found = list(check.compare(check.sign_all(pages), texts.__getitem__, CheckSettings()))
        lines.append(_rate(f"pages of {name.split('/')[0]} said to be like another", len(found), len(pages)))
    return lines


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
        *_reworded(data / "neardup-handbook-history" / "dev"),
        *_unread(data),
    )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
