"""How often `sufficiency` is right about which questions the documents can answer, and what copies are worth.

    python benchmarks/accuracy/sufficiency.py [DATA]

Four verdicts: answered (in the question's words), unsure (a passage very near in meaning, in other words), doubtful
(one that is near, most often about the subject and not the answer), open. The rule of words was written on the
handbook's questions, on half of the encyclopaedia articles with exact answers and on half of the questions on long
passages, its limit chosen with figures of both halves in view. The limits of meaning were chosen on the first halves
only ("yes"), that between doubtful and unsure on the first half of the long passages alone; the others were measured
once.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import frontmatter

from foretune.embedding import open_embedder
from foretune.governance.answerable import Answerability, answerability
from foretune.governance.diversity import different_documents
from foretune.governance.topics import Terms, TopicSpace, terms
from foretune.intervals import wilson

ROOT = Path(__file__).resolve().parents[2]
EMBEDDER = "all-minilm-l6-v2"
_READ = 20_000
_AT_MOST = 250


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=ROOT.parent / "shared" / "data")
    data = parser.parse_args().data
    print("## sufficiency\n")
    print(
        "| question | documents | tuned on | questions | answered | unsure | doubtful | open "
        "| wrong is | rate | 95 % interval |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    _handbook(data)
    _articles(data)
    _passages(data)
    _benefits(data)
    print("\nTwo posts, each copied n times, are worth (Vendi score; 2 at most):\n")
    print("| copies of each | documents | worth |")
    print("|---|---|---|")
    _copies(data)


def _row(question: str, documents: str, tuned: str, found: Counter[str], wrong: str) -> None:
    """``wrong`` is the verdict that would be a mistake; the two others are shown beside it."""
    total, count = found.total(), found[wrong]
    low, high = wilson(count, total)
    print(
        f"| {question} | {documents} | {tuned} | {total} "
        f"| {found['answered']} | {found['unsure']} | {found['doubtful']} | {found['open']} "
        f"| {wrong} | {count / total:.1%} | {low:.1%} to {high:.1%} |"
    )


def _answered(texts: Sequence[str], questions: Iterable[str]) -> Counter[str]:
    documents = [terms(text, _READ) for text in texts]
    found = answerability(
        list(questions), documents, TopicSpace(documents), texts.__getitem__, embedder=open_embedder(EMBEDDER)
    )
    return Counter(map(_verdict, found))


def _verdict(each: Answerability) -> str:
    if each.likely:
        return "answered"
    return "unsure" if each.unsure else "doubtful" if each.doubtful else "open"


def _jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _handbook(data: Path) -> None:
    folder = data / "handbook-18f"
    paths = sorted((folder / "corpus").rglob("*.md"))
    texts = [frontmatter.loads(path.read_text(encoding="utf-8")).content for path in paths]
    rows = _jsonl(folder / "bench_dev.jsonl")
    answerable = [row for row in rows if row["kind"] != "unanswerable"]
    unanswerable = [row["question"] for row in rows if row["kind"] == "unanswerable"]
    for name, key in (("in the documents' words", "question"), ("in other words", "paraphrase")):
        for half, tuned in ((0, "yes"), (1, "words only")):
            asked = [row[key] for row in answerable if zlib.crc32(row["id"].encode()) % 2 == half]
            _row(f"answerable, {name}", "handbook", tuned, _answered(texts, asked), "open")
    _row("unanswerable (subject is there)", "handbook", "yes", _answered(texts, unanswerable), "answered")


def _articles(data: Path) -> None:
    """Passages of half of the articles are there, the others are not; or one passage of each article is not."""
    folder = data / "qa-xquad" / "dev"
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted((folder / "docs").glob("*.txt"))}
    rows = _jsonl(folder / "questions.jsonl")
    articles = sorted({name.rsplit("-", 1)[0] for name in texts})
    for part, tuned in ((articles[::2], "yes"), (articles[1::2], "in part")):
        here = set(part)
        kept = [text for name, text in texts.items() if name.rsplit("-", 1)[0] in here]
        inside = [row["question"] for row in rows if _article(row) in here][:_AT_MOST]
        outside = [row["question"] for row in rows if _article(row) not in here][:_AT_MOST]
        _row("answerable", "articles", tuned, _answered(kept, inside), "open")
        _row("unanswerable (no such article)", "articles", tuned, _answered(kept, outside), "answered")
        holed = [
            text for name, text in texts.items() if name.rsplit("-", 1)[0] in here and not name.endswith("-02.txt")
        ]
        missing = [row["question"] for row in rows if _article(row) in here and row["source"].endswith("-02.txt")]
        found = _answered(holed, missing[:_AT_MOST])
        _row("unanswerable (no such passage)", "articles", tuned, found, "answered")


def _article(row: dict[str, Any]) -> str:
    return str(row["source"]).rsplit("/", 1)[-1].rsplit("-", 1)[0]


def _passages(data: Path) -> None:
    """The hardest: each unanswerable question stands beside a passage about its subject."""
    folder = data / "qa-clapnq" / "dev"
    yes, no = (_jsonl(folder / f"clapnq_dev_{name}.jsonl") for name in ("answerable", "unanswerable"))
    texts = list(dict.fromkeys(row["passages"][0]["text"] for row in [*yes, *no]))
    for half, tuned in ((0, "yes"), (1, "in part")):
        for rows, answerable in ((yes, True), (no, False)):
            questions = [row["input"] for row in rows if zlib.crc32(row["id"].encode()) % 2 == half]
            what, wrong = ("answerable", "open") if answerable else ("unanswerable (subject is there)", "answered")
            _row(what, "passages", tuned, _answered(texts, questions), wrong)


def _benefits(data: Path) -> None:
    """Questions that a model wrote on six PDF files, and such as they do not answer; nothing was tuned on them."""
    from kreuzberg import extract_file_sync

    folder = data / "qa-contoso"
    texts = [extract_file_sync(path).content for path in sorted((folder / "docs").glob("*.pdf"))]
    for name, what, wrong in (("qa", "answerable", "open"), ("qa_dontknows", "unanswerable (related)", "answered")):
        questions = [row["question"] for row in _jsonl(folder / "dev" / f"{name}.jsonl")]
        _row(what, "benefits", "no", _answered(texts, questions[:_AT_MOST]), wrong)


def _copies(data: Path) -> None:
    paths = sorted((data / "blog-remysharp" / "dev").rglob("*.md"))
    texts = [frontmatter.loads(path.read_text(encoding="utf-8")).content for path in paths]
    posts: list[Terms] = [terms(text, _READ) for text in texts if len(text.split()) > 400]
    for copies in (1, 10, 100):
        documents = [post for post in posts[:2] for _ in range(copies)]
        worth, count = different_documents(documents, TopicSpace(documents))
        print(f"| {copies} | {count} | {worth:.2f} |")
    worth, count = different_documents(posts, TopicSpace(posts))
    print(f"| all posts, once | {count} | {worth:.0f} |")


if __name__ == "__main__":
    main()
