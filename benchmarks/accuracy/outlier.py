"""How often `outlier` is right: documents of another subject, and pieces by other authors.

    python benchmarks/accuracy/outlier.py [DATA]        prints the figures
    python benchmarks/accuracy/outlier.py --fit [DATA]  makes the style of people in general anew first

Half of the authors of the many-author blog (by the hash of their names) belong to the general style; figures are of
the other half, who do not. "In part": the limit of likeness was set on these posts too, as one line through text
length and number of texts, and one weight was chosen among a few; the texts themselves are in no model.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import frontmatter

from foretune.governance.checks import CheckSettings
from foretune.governance.checks.outlier import Signed, outlier, sign
from foretune.governance.markup import prose
from foretune.governance.stylometry import BACKGROUND, ENOUGH_WORDS, Author, Background, Style, limit, style
from foretune.intervals import wilson
from foretune.types import Document

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=ROOT.parent / "shared" / "data")
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    many = [page for page in _pages(options.data / "blog-18f" / "dev") if page.author]
    one = _pages(options.data / "blog-remysharp" / "dev")
    handbook = _pages(options.data / "handbook-18f" / "corpus")
    other = _pages(options.data / "handbook-sourcegraph" / "dev")
    meetings = _pages(options.data / "meetings-ipfs" / "dev")
    if options.fit:
        known = [page for page in many if all(_tuned_on(name) for name in page.author.split(", "))]
        groups = [_styles(each) for each in (handbook, other, meetings, known)]
        BACKGROUND.write_text(json.dumps(Background.of(groups).as_json(), separators=(",", ":")) + "\n", "ascii")
    print("## outlier\n")
    print("| what | of | tuned on | wrong | documents | rate | 95 % interval |")
    print("|---|---|---|---|---|---|---|")
    articles = _articles(options.data)
    for name, base, tuned in (
        ("first handbook", handbook, "yes"),
        ("second handbook", other, "yes"),
        ("one author's blog", one, "yes"),
        ("many authors' blog", many, "no"),
        ("meeting notes", meetings, "no"),
    ):
        _off_topic(name, base, articles, tuned=tuned)
    _guests(one, many)
    _alone(one, many)
    _colleagues(many)
    _lengths(one, many)


def _tuned_on(name: str) -> bool:
    return int(hashlib.sha256(f"author:{name}".encode()).hexdigest(), 16) % 2 == 0


def _pages(folder: Path) -> list[Document]:
    pages = []
    for path in sorted(folder.rglob("*.md")):
        post = frontmatter.loads(path.read_text(encoding="utf-8", errors="replace"))
        authors = post.metadata.get("authors") or post.metadata.get("author") or []
        names = ", ".join(map(str, authors)) if isinstance(authors, list) else str(authors)
        name = path.relative_to(folder).as_posix()
        pages.append(Document(name, "data", name, name, post.content, author=names))
    return pages


def _articles(data: Path) -> list[Document]:
    """One passage of an encyclopaedia for each of its articles."""
    found = sorted((data / "qa-xquad" / "dev" / "docs").glob("*-00.txt"))
    texts = {path.name: path.read_text(encoding="utf-8") for path in found}
    with (data / "qa-clapnq" / "dev" / "clapnq_dev_answerable.jsonl").open(encoding="utf-8") as stream:
        for line in stream:
            passage = json.loads(line)["passages"][0]
            texts.setdefault(f"article {passage['title']}", passage["text"])
    return [Document(name, "data", name, name, text) for name, text in texts.items() if len(text.split()) >= 80]


def _styles(pages: Iterable[Document]) -> list[Style]:
    return [each for each in (style(page.text) for page in pages) if each.enough]


def _found(signed: Sequence[Signed], pages: Sequence[Document], kind: str, settings: CheckSettings) -> set[str]:
    texts = {page.id: page.text for page in pages}
    return {each.document_id for each in outlier(signed, texts.__getitem__, settings) if each.type == kind}


def _row(what: str, of: str, tuned: str, wrong: int, total: int) -> None:
    low, high = wilson(wrong, total)
    rate = f"{wrong / total:.1%}" if total else ""
    print(f"| {what} | {of} | {tuned} | {wrong} | {total} | {rate} | {low:.1%} to {high:.1%} |")


def _off_topic(name: str, base: list[Document], articles: list[Document], *, tuned: str) -> None:
    own = [sign(page) for page in base]
    settings = CheckSettings(voice=False)
    alarms = missed = foreign = 0
    draws = 10
    for seed in range(draws):
        strangers = random.Random(seed).sample(articles, max(5, len(base) // 30))
        pages = [*base, *strangers]
        found = _found([*own, *(sign(page) for page in strangers)], pages, "off_topic", settings)
        ids = {page.id for page in strangers}
        missed += len(ids - found)
        foreign += len(ids)
        alarms += len(found - ids)
    _row("off topic, false alarms", f"the pages of the {name}", tuned, alarms // draws, len(base))
    _row("off topic, missed", f"articles put into the {name}", tuned, missed, foreign)


def _guests(one: list[Document], many: list[Document]) -> None:
    """Pieces by authors nothing was tuned on, put nameless among one author's, in several shares."""
    guests = [page for page in many if not any(_tuned_on(name) for name in page.author.split(", "))]
    nameless = [Document(page.id, "data", page.path, page.id, page.text) for page in guests]
    for share in (0.02, 0.1, 0.2):
        strangers = random.Random(1).sample(nameless, min(len(nameless), round(share * len(one))))
        pages = [*one, *strangers]
        signed = [sign(page) for page in pages]
        found = _found(signed, pages, "not_the_author", CheckSettings(voice=True))
        enough = {each.id for each in signed if each.style.enough}
        ids = {page.id for page in strangers} & enough
        name = f"pieces by others, {share:.0%} of the blog"
        _row(
            "not the author, false alarms",
            "one author's posts, style and quotations",
            "yes",
            len(found - ids),
            len(one),
        )
        _row("not the author, missed", name, "in part", len(ids - found), len(ids))


def _alone(one: list[Document], many: list[Document]) -> None:
    """The measure alone: the author from half of the posts, judged on the other half and on other people's."""
    known = _styles(page for page in one if _tuned_on(page.id))
    rest = _styles(page for page in one if not _tuned_on(page.id))
    guests = _styles(page for page in many if not any(_tuned_on(name) for name in page.author.split(", ")))
    model = Author(known)
    wrong = _below(model, rest)
    _row("style alone, false alarms", "posts of the author kept out of the model", "in part", wrong, len(rest))
    wrong = len(guests) - _below(model, guests)
    _row("style alone, missed", "posts by authors nothing was tuned on", "in part", wrong, len(guests))


def _colleagues(many: list[Document]) -> None:
    """The hardest case: people of one house, edited by the same editors."""
    counts: dict[str, list[Document]] = {}
    for page in many:
        if "," not in page.author:
            counts.setdefault(page.author, []).append(page)
    name, pages = max(counts.items(), key=lambda item: (len(item[1]), item[0]))
    model = Author(_styles(pages))
    mine = _styles(pages)
    others = _styles(page for page in many if name not in page.author)
    wrong = sum(model.likeness(each, member=True) < limit(each.words, model.texts) for each in mine)
    _row("style alone, false alarms", "posts of the most frequent of many authors", "no", wrong, len(mine))
    wrong = len(others) - _below(model, others)
    _row("style alone, missed", "posts by colleagues in the same house", "no", wrong, len(others))


def _lengths(one: list[Document], many: list[Document]) -> None:
    """The first words only: where a text is too short to tell."""
    model = Author(_styles(page for page in one if _tuned_on(page.id)))
    rest = [page for page in one if not _tuned_on(page.id)]
    guests = [page for page in many if not any(_tuned_on(name) for name in page.author.split(", "))]
    for words in (50, 100, ENOUGH_WORDS, 200, 300, 500):
        own = _cut(rest, words)
        _row("style alone, false alarms", f"the first {words} words", "in part", _below(model, own), len(own))
        foreign = _cut(guests, words)
        _row(
            "style alone, missed",
            f"the first {words} words",
            "in part",
            len(foreign) - _below(model, foreign),
            len(foreign),
        )


def _cut(pages: Iterable[Document], words: int) -> list[Style]:
    texts = (prose(page.text).split() for page in pages)
    return [style(" ".join(text[:words])) for text in texts if len(text) >= words]


def _below(model: Author, styles: Iterable[Style]) -> int:
    return sum(model.likeness(each) < limit(each.words, model.texts) for each in styles)


if __name__ == "__main__":
    main()
