"""How often what `labels` proposes is what the authors wrote: front matter hidden, then compared.

    python benchmarks/accuracy/labels.py [DATA]

Patterns were written while looking at both handbooks and the one author's blog ("tuned on"); the many authors' blog
and the meeting notes were only measured.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import frontmatter

from foretune.corpus.dates import iso_date
from foretune.evidence import fold, stem
from foretune.governance.label_fields import proposals
from foretune.intervals import wilson
from foretune.types import Document

ROOT = Path(__file__).resolve().parents[2]
_SETS = (
    ("first handbook", "handbook-18f/corpus", True),
    ("one author's blog", "blog-remysharp/dev", True),
    ("many authors' blog", "blog-18f/dev", False),
    ("second handbook", "handbook-sourcegraph/dev", True),
    ("meeting notes", "meetings-ipfs/dev", False),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=ROOT.parent / "shared" / "data")
    data = parser.parse_args().data
    print("## labels\n")
    print("| label | of | tuned on | stated by the author | proposed | right | share of proposals | 95 % interval |")
    print("|---|---|---|---|---|---|---|---|")
    for name, folder, tuned in _SETS:
        pages = list(_pages(data / folder))
        for label, truth, agrees in _LABELS:
            known = [(page, value) for page, stated in pages if (value := truth(stated))]
            if len(known) < 10:
                continue
            offered = [(each.value, value) for page, value in known if (each := proposals(page, [label]).get(label))]
            right = sum(agrees(given, value) for given, value in offered)
            low, high = wilson(right, len(offered)) if offered else (0.0, 1.0)
            share = f"{right / len(offered):.1%}" if offered else "–"
            print(
                f"| {label} | {name} | {'yes' if tuned else 'no'} | {len(known)} | {len(offered)} | {right} | {share} "
                f"| {low:.1%} to {high:.1%} |"
            )


def _pages(folder: Path) -> Iterator[tuple[Document, dict[str, Any]]]:
    """Documents as if nobody had described them, and what their authors said."""
    for path in sorted(folder.rglob("*.md")):
        post = frontmatter.loads(path.read_text(encoding="utf-8", errors="replace"))
        yield Document(str(path), "data", path.relative_to(folder).as_posix(), "", post.content), post.metadata


def _words(text: str) -> set[str]:
    return {stem(word) for word in re.findall(r"[^\W_]+", fold(text))}


def _same_title(given: str, stated: str) -> bool:
    """At least three quarters of the words of either stand in both: file names lose punctuation."""
    one, two = _words(given), _words(stated)
    return len(one & two) >= 0.75 * max(len(one), len(two))


def _a_keyword_fits(given: str, stated: str) -> bool:
    return bool(_words(given) & _words(stated))


def _list(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")


_LABELS: tuple[tuple[str, Callable[[dict[str, Any]], str], Callable[[str, str], bool]], ...] = (
    ("title", lambda stated: str(stated.get("title") or ""), _same_title),
    ("date", lambda stated: iso_date(stated.get("date"))[:10], lambda given, stated: given[:10] == stated),
    ("keywords", lambda stated: _list(stated.get("tags") or stated.get("keywords")), _a_keyword_fits),
)


if __name__ == "__main__":
    main()
