"""Off topic, and by somebody else: on real blogs and handbooks."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache

from tests.governance.pages import read_pages
from tests.helpers import shared

from foretune.governance.borrowed import borrowed
from foretune.governance.checks import CheckSettings
from foretune.governance.checks.outlier import outlier, sign
from foretune.governance.stylometry import Author, limit, style
from foretune.types import Document, Finding

SONG = "\n".join(("Down by the river we used to sing", "All of the morning and into the spring") * 6)


@cache
def posts(blog: str, count: int) -> tuple[Document, ...]:
    pages = read_pages(shared(blog) / "dev")
    chosen = random.Random(2).sample(sorted(pages), min(len(pages), 2 * count))
    long = [path for path in chosen if len(pages[path].split()) > 300][:count]
    return tuple(Document(f"{blog}/{path}", "s", f"{blog}/{path}", path, pages[path]) for path in long)


def check(documents: Iterable[Document], settings: CheckSettings | None = None) -> list[Finding]:
    texts = {each.id: each for each in documents}
    signed = [sign(each) for each in texts.values()]
    return list(outlier(signed, lambda key: texts[key].text, settings or CheckSettings()))


def test_an_encyclopaedia_article_among_handbook_pages_is_off_topic() -> None:
    pages = read_pages(shared("handbook-18f") / "corpus", limit=80)
    handbook = [Document(path, "s", path, path, text) for path, text in pages.items()]
    article = next((shared("qa-xquad") / "dev" / "docs").glob("*Construction*-00.txt"), None) or next(
        (shared("qa-xquad") / "dev" / "docs").glob("*-00.txt")
    )
    stranger = Document("x", "s", "x.txt", "x", article.read_text(encoding="utf-8"))
    found = [each for each in check([*handbook, stranger]) if each.type == "off_topic"]
    assert stranger.id in {each.document_id for each in found}
    assert len(found) <= 1 + 0.05 * len(handbook)
    wanted = CheckSettings(topic=stranger.text)
    assert stranger.id not in {each.document_id for each in check([*handbook, stranger], wanted)}


def test_posts_by_others_do_not_sound_like_the_author() -> None:
    own, others = posts("blog-remysharp", 60), posts("blog-18f", 6)
    found = {each.document_id for each in check([*own, *others], CheckSettings(voice=True))}
    assert len(found & {each.id for each in others}) >= 5
    assert len(found & {each.id for each in own if borrowed(each.text) is None}) <= 6


def test_where_many_people_write_there_is_no_author_to_differ_from() -> None:
    pages = read_pages(shared("handbook-18f") / "corpus", limit=80)
    handbook = [Document(path, "s", path, path, text) for path, text in pages.items()]
    assert "not_the_author" not in {each.type for each in check(handbook)}


def test_a_plan_without_a_voice_asks_for_no_author() -> None:
    documents = [*posts("blog-remysharp", 60), *posts("blog-18f", 6)]
    assert "not_the_author" not in {each.type for each in check(documents, CheckSettings(voice=False))}


def test_metadata_that_name_somebody_else_are_believed() -> None:
    text = "We went to the market and bought some apples. "
    mine = [Document(str(i), "s", f"{i}.md", str(i), text, author="The Owner") for i in range(20)]
    guest = Document("guest", "s", "guest.md", "g", text, author="A Visitor")
    both = Document("both", "s", "both.md", "b", text, author="A Visitor and The Owner")
    [finding] = [each for each in check([*mine, guest, both]) if each.type == "not_the_author"]
    assert finding.document_id == "guest"
    assert finding.evidence["by"] == "metadata"


def test_songs_quotations_and_press_releases_show_by_their_form() -> None:
    for text, kind in (
        (f"I love this song.\n\n{SONG}\n", "verse"),
        ("She said:\n\n" + "> " + "a line that somebody else wrote down\n> " * 9, "quotation"),
        ("FOR IMMEDIATE RELEASE\n\nThe firm announced a product today.", "press_release"),
        ("This is a guest post by a friend of mine.\n\nHello!", "guest_post"),
    ):
        found = borrowed(text)
        assert found is not None
        assert found.kind == kind
        assert found.share > 0.5
        assert text[found.start : found.end].strip()
    lists = "What to bring:\n\n" + "- a towel\n- two pens\n- Some water.\n" * 6
    assert borrowed(lists) is None


def test_an_author_needs_prose_of_some_length() -> None:
    [own, *_] = posts("blog-remysharp", 60)
    assert style(own.text).enough
    assert not style("Too short to tell.").enough
    assert not style("apple pear plum cherry quince " * 60).enough
    assert limit(150, 50) < limit(300, 50) < limit(2000, 50) < limit(2000, 500)


def test_a_text_does_not_speak_for_itself() -> None:
    styles = [style(each.text) for each in posts("blog-remysharp", 60)]
    model = Author(styles)
    assert model.texts == len(styles)
    assert sum(model.likeness(each, member=True) < model.likeness(each) for each in styles) > 0.9 * len(styles)


def test_the_order_of_the_documents_does_not_matter() -> None:
    documents = [*posts("blog-remysharp", 60), *posts("blog-18f", 6)]
    assert check(documents) == check(reversed(documents))
