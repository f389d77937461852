"""How well the check ``stale`` finds what is out of date.

    python benchmarks/accuracy/stale.py [--data ../shared/data]

Known issues: stale facts that a person found in a handbook, among the first hundred
findings. First thirty: how many of the findings shown first are real, judged by hand
(``tests/governance/golden/stale-*.jsonl``). Versions: pages of a handbook as they were
over nine years; of two that share three five-word runs in four, the older is to point
to a newer one, and no page to a version of another page. Posts: a blog is about its
day, so nothing but information is right. Intervals are 95 % Wilson intervals.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from foretune.corpus.metadata import describe
from foretune.corpus.readers.text import split_front_matter
from foretune.governance.checks import CheckSettings
from foretune.governance.checks.stale import sign, stale
from foretune.intervals import wilson
from foretune.types import Document, Finding, Severity

ROOT = Path(__file__).resolve().parent.parent.parent
GOLDEN = ROOT / "tests" / "governance" / "golden"
TODAY = date(2026, 11, 25)
"""The golden lists were judged on this day."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    data = parser.parse_args().data
    if not (data / "handbook-18f").is_dir():
        sys.exit(f"The handbook is not in {data}: say where with --data.")
    print("## stale\n")
    print("| measured | on | right | of | share (95 % interval) |")
    print("|---|---|---:|---:|---|")
    handbook = _pages(data / "handbook-18f" / "corpus")
    started = time.process_time()
    shown = _found(handbook)
    seconds = time.process_time() - started
    _row("known stale facts in the first 100", "handbook-18f (tuned on)", *_known(data, shown[:100]))
    _row("real among the first 30", "handbook-18f (tuned on)", *_real("handbook-18f", shown[:30]))
    second = _found(_pages(data / "handbook-sourcegraph" / "dev"))
    _row(
        "real among the first 30",
        "handbook-sourcegraph (read while mending cues)",
        *_real("handbook-sourcegraph", second[:30]),
    )
    versions, pairs = _versions(data / "neardup-handbook-history" / "dev")
    pointing = {each.document_id: each.evidence["keeper"] for each in _found(versions) if each.type == "superseded"}
    _row(
        "older versions that point to a newer one", "neardup-handbook-history (not tuned on)", *_older(pairs, pointing)
    )
    same = sum(Path(older).parent == Path(newer).parent for older, newer in pointing.items())
    _row("of those, to the same page", "neardup-handbook-history (not tuned on)", same, len(pointing))
    posts = _pages(data / "blog-18f")
    loud = {each.document_id for each in _found(posts) if each.severity > Severity.INFO}
    _row("posts left alone", "blog-18f (not tuned on)", len(posts) - len(loud), len(posts))
    print(f"\n{len(handbook)} pages of the handbook in {seconds:.1f} CPU-seconds, {len(shown)} findings.")


def _row(measured: str, data: str, right: int, total: int) -> None:
    low, high = wilson(right, total)
    print(f"| {measured} | {data} | {right} | {total} | {right / total:.1%} ({low:.1%}–{high:.1%}) |")


def _pages(folder: Path) -> list[Document]:
    return list(_read(folder, sorted(folder.glob("**/*.md"))))


def _read(folder: Path, paths: Sequence[Path]) -> Iterator[Document]:
    for path in paths:
        if path.name in ("README.md", "LICENSE.md"):
            continue
        raw = path.read_text(encoding="utf-8")
        metadata, start = split_front_matter(raw)
        name = path.relative_to(folder).as_posix()
        known = describe(metadata, raw[start:], name)
        yield Document(
            name,
            "",
            name,
            "",
            raw[start:],
            title=known.title,
            date=known.date,
            modified=known.modified,
            properties=known.properties,
        )


def _found(pages: Sequence[Document]) -> list[Finding]:
    """In the order in which they are shown."""
    texts = {page.id: page.text for page in pages}
    found = stale([sign(page) for page in pages], texts.__getitem__, CheckSettings(today=TODAY))
    return sorted(found, key=lambda each: (-each.severity, -each.score, each.document_id, each.start or 0))


def _known(data: Path, shown: Sequence[Finding]) -> tuple[int, int]:
    rows = (data / "handbook-18f" / "known_issues_dev.jsonl").read_text(encoding="utf-8").splitlines()
    issues = [row for row in map(json.loads, rows) if row["kind"] == "stale"]
    hits = sum(
        any(each.document_id == issue["a"] and issue["quote_a"] in " ".join(each.text.split()) for each in shown)
        for issue in issues
    )
    return hits, len(issues)


def _real(data: str, shown: Sequence[Finding]) -> tuple[int, int]:
    """By the golden list; a finding that is not on it counts as not real."""
    rows = map(json.loads, (GOLDEN / f"stale-{data}.jsonl").read_text(encoding="utf-8").splitlines())
    real = {(row["document"], row["type"], row["text"]) for row in rows if row["real"]}
    hits = sum((each.document_id, each.type, " ".join(each.text.split())[:120]) in real for each in shown)
    return hits, len(shown)


def _versions(folder: Path) -> tuple[list[Document], list[dict[str, str]]]:
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    return _pages(folder), [pair for pair in pairs if pair["shingle5_jaccard"] >= 0.75]


def _older(pairs: Sequence[dict[str, str]], pointing: dict[str, str]) -> tuple[int, int]:
    older = {pair["old"] for pair in pairs}
    return sum(each in pointing for each in older), len(older)


if __name__ == "__main__":
    main()
