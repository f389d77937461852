"""How many known contradictions the check finds, and how many of those it shows first are real.

    python benchmarks/accuracy/contradiction.py [--data ../shared/data]

Data: the 18F handbook with the issues a person found in it (the part kept for
development) and the verdicts on the first findings in ``tests/governance/golden``;
SummEdits, where one detail of a summary was changed and people say whether it still
agrees with its source; pairs of sentences in German, French and Spanish written for this
(``contradiction_probes.jsonl``), in a part that the word lists were mended on and one that
was only measured. Shares carry their 95 % Wilson interval.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from foretune.evidence import sentences
from foretune.governance.checks.contradiction import contradictions, sign
from foretune.intervals import wilson
from foretune.types import Document, Finding, digest

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "governance" / "golden" / "contradiction_handbook.jsonl"
PROBES = ROOT / "benchmarks" / "accuracy" / "contradiction_probes.jsonl"
_SHOWN = 100
_QUOTED = 0.6
"""Share of a quote's words that a finding must show."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    data = parser.parse_args().data
    if not (data / "handbook-18f").is_dir():
        sys.exit(f"The handbook is not in {data}: say where with --data.")
    pages = list(_pages(data / "handbook-18f" / "corpus"))
    began = time.process_time()
    found = _found(pages)
    seconds = time.process_time() - began
    paths = {page.id: page.path for page in pages}
    print("## contradiction\n\n| what | data | of | share | 95 % interval |\n|---|---|---|---|---|")
    issues = [issue for issue in _rows(data / "handbook-18f" / "known_issues_dev.jsonl") if issue["kind"] != "stale"]
    hits = sum(any(_shows(finding, paths, issue) for finding in found[:_SHOWN]) for issue in issues)
    _row("known contradictions found", "handbook, development part", hits, len(issues))
    verdicts = {row["message"]: row["real"] for row in _rows(GOLDEN)}
    first = [verdicts[finding.message] for finding in found[:30] if finding.message in verdicts]
    _row("real among the first 30, read by hand", "handbook", sum(first), len(first))
    flagged, inconsistent, false, consistent = _edited(data / "labels-summedits" / "dev")
    _row("inconsistent edits found", "SummEdits, development part", flagged, inconsistent)
    _row("consistent edits flagged", "SummEdits, development part", false, consistent)
    for row in _probed():
        _row(*row)
    print(f"\n{len(found)} findings on {len(pages)} pages in {seconds:.1f} CPU-seconds.")


def _row(what: str, data: str, count: int, total: int) -> None:
    low, high = wilson(count, total)
    print(f"| {what} | {data} | {count} of {total} | {count / total:.0%} | {low:.0%} to {high:.0%} |")


def _found(pages: Sequence[Document]) -> list[Finding]:
    """All findings, the most important first."""
    texts = {page.id: page.text for page in pages}
    paths = {page.id: page.path for page in pages}
    found = contradictions([sign(page) for page in pages], texts.__getitem__)
    return sorted(found, key=lambda f: (-f.severity, -f.score, paths[f.document_id], f.start or 0))


def _pages(folder: Path) -> Iterator[Document]:
    for path in sorted(folder.glob("**/*.md")):
        text, title = path.read_text(encoding="utf-8"), ""
        if text.startswith("---\n") and (end := text.find("\n---\n", 3)) > 0:
            match = re.search(r"^title:\s*(.+)$", text[:end], re.MULTILINE)
            title, text = match[1].strip("\"'") if match else "", text[end + 5 :]
        yield _document(path.relative_to(folder).as_posix(), text, title)


def _document(path: str, text: str, title: str = "") -> Document:
    return Document(id=digest(path), source="", path=path, content_hash=digest(text), text=text, title=title)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _shows(finding: Finding, paths: dict[str, str], issue: dict[str, Any]) -> bool:
    places = [(paths[finding.document_id], _words(finding.text))]
    places += [(other.document, _words(other.text)) for other in finding.related]

    def quoted(document: str, quote: str) -> bool:
        wanted = _words(quote)
        return any(
            path.endswith(document) and len(wanted & words) >= _QUOTED * max(1, len(wanted)) for path, words in places
        )

    return quoted(issue["a"], issue["quote_a"]) and (not issue["b"] or quoted(issue["b"], issue["quote_b"]))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def _edited(folder: Path) -> tuple[int, int, int, int]:
    """Edits found and all edits: those that made a summary wrong, then those that did not."""
    counts = {0: [0, 0], 1: [0, 0]}
    for path in sorted(folder.glob("*.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            one, other = _changed(row["original_summary"], row["summary"])
            if one and other:
                pages = [_document("original", one), _document("edited", other)]
                counts[row["label"]][0] += bool(_found(pages))
                counts[row["label"]][1] += 1
    (found, wrong), (flagged, right) = counts[0], counts[1]
    return found, wrong, flagged, right


def _probed() -> Iterator[tuple[str, str, int, int]]:
    """By language and half: pairs that disagree and were found, pairs that do not and were flagged."""
    names = {"de": "German", "fr": "French", "es": "Spanish"}
    pairs = _rows(PROBES)
    for half in ("tuned on", "only measured"):
        for code, name in names.items():
            mine = [row for row in pairs if row["language"] == code and row["half"] == half]
            for differing, what in ((True, "pairs that disagree found"), (False, "pairs that agree flagged")):
                some = [row for row in mine if bool(row["differs"]) is differing]
                flagged = sum(
                    bool(_found([_document("one", row["one"]), _document("other", row["other"])])) for row in some
                )
                yield what, f"{name} ({half})", flagged, len(some)


def _changed(one: str, other: str) -> tuple[str, str]:
    """The sentences of each that the other does not have."""
    mine, theirs = ([span.text for span in sentences(text)] for text in (one, other))
    return " ".join(s for s in mine if s not in theirs), " ".join(s for s in theirs if s not in mine)


if __name__ == "__main__":
    main()
