"""Language, metadata and length, on real pages and at the edges; and what every check must declare."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.governance.pages import read_pages
from tests.helpers import shared

from foretune.errors import InputError
from foretune.governance.checks import CheckSettings, DocumentCheck, Inferred, checks, named
from foretune.governance.checks.labels import labels
from foretune.governance.checks.language import identify, identify_all, language
from foretune.governance.checks.short import short
from foretune.governance.languages import classify
from foretune.governance.markup import blank_code, prose
from foretune.types import Document, Finding

GERMAN = (
    "Die Mitarbeiterinnen und Mitarbeiter haben Anspruch auf dreißig Tage Urlaub im Jahr. "
    "Der Antrag ist spätestens vier Wochen vor Beginn bei der Personalabteilung einzureichen."
)
LANGUAGES = (
    GERMAN,
    GERMAN.upper(),
    "Les salariés ont droit à trente jours de congé par an, à demander quatre semaines avant le début.",
    "Сотрудники имеют право на тридцать дней отпуска в год.",
    "従業員は年間三十日の休暇を取得する権利があります。",
)


def page(text: str = "", **known: object) -> Document:
    return Document(id="d", source="s", path="p.md", content_hash="h", text=text, **known)  # type: ignore[arg-type]


def only_findings(results: Iterable[Finding | Inferred]) -> list[Finding]:
    return [each for each in results if isinstance(each, Finding)]


def test_a_page_in_another_language_is_reported_and_its_language_kept() -> None:
    inferred, finding = list(language(page(GERMAN), CheckSettings()))
    assert inferred == Inferred("language", "de")
    assert isinstance(finding, Finding)
    assert finding.message == "This is written in German; the plan expects English."


def test_a_language_the_plan_lists_is_no_finding() -> None:
    assert only_findings(language(page(GERMAN), CheckSettings(languages=("en", "de")))) == []


@pytest.mark.parametrize(
    "text", ["", "# Ablauf\n\nSiehe [hier](x.md).", "```\nfor (let i = 0; i < n; i++) f(i)\n```" * 9]
)
def test_too_little_prose_has_no_language(text: str) -> None:
    assert list(language(page(text), CheckSettings())) == []


@pytest.mark.parametrize(("folder", "part"), [("handbook-18f", "corpus"), ("blog-remysharp", "dev")])
def test_no_english_page_is_taken_for_another_language(folder: str, part: str) -> None:
    for path, text in read_pages(shared(folder) / part).items():
        assert identify(text)[0] in ("en", ""), path


def test_missing_metadata_is_one_finding_a_document() -> None:
    [finding] = only_findings(labels(page(title="T"), CheckSettings()))
    assert finding.message == "Nothing says its date or author."
    assert finding.evidence == {"missing": ["date", "author"]}


def test_a_required_name_may_be_a_property_of_the_document() -> None:
    settings = CheckSettings(require=("title", "owner"))
    assert only_findings(labels(page(title="T", properties={"owner": "HR"}), settings)) == []
    [finding] = only_findings(labels(page(title="T"), settings))
    assert finding.evidence == {"missing": ["owner"]}


def test_length_is_measured_without_markup() -> None:
    text = (
        "# Title\n\n"
        + "![picture](a-very-long-address.png)" * 20
        + "\n[read this](b.md)\n```\n"
        + "code\n" * 99
        + "```\n"
    )
    [finding] = only_findings(short(page(text), CheckSettings()))
    assert finding.evidence == {"characters": len("Title read this")}
    assert only_findings(short(page("word " * 50), CheckSettings())) == []


def test_a_page_of_markup_only_is_empty() -> None:
    [finding] = only_findings(short(page("![](x.png)\n<div></div>\n"), CheckSettings()))
    assert finding.type == "empty"


def test_code_is_blanked_in_place() -> None:
    text = "a `b` c\n```py\nd\n```\ne <pre>f</pre> g ~~~ h\n~~~\ni"
    blanked = blank_code(text)
    assert len(blanked) == len(text)
    assert [blanked.find(letter) == text.find(letter) for letter in "aceg"] == [True] * 4
    assert not set("bdfi") & set(blanked.replace("pre", ""))


def test_prose_keeps_what_a_reader_sees() -> None:
    text = (
        "## Leave\n\n> You get **24 days** of [leave]({% page '/leave/' %}), see <b>below</b>.\n\n| a | b |\n|---|---|"
    )
    assert prose(text) == "Leave You get 24 days of leave, see below. a b"


@pytest.mark.parametrize(
    "text", ["<pre>" * 40_000, "<!--" * 40_000, "[" * 90_000, "`" * 90_000, "```\n" * 40_000, "![](" * 40_000]
)
def test_unclosed_markup_is_read_in_linear_time(text: str) -> None:
    assert len(blank_code(text)) == len(text)
    assert len(prose(text)) <= len(text)


def test_every_check_declares_what_it_finds_and_explains_itself() -> None:
    assert [each.name for each in checks()] == [
        "garbled",
        "boilerplate",
        "language",
        "short",
        "labels",
        "duplicate",
        "semantic",
        "stale",
        "contradiction",
        "personal",
        "hostile",
        "outlier",
        "sufficiency",
        "pattern",
    ]
    fields = set(Document.__dataclass_fields__)
    for each in checks():
        assert each.types
        assert len(each.docs) > 80
        assert set(each.columns) <= fields
        assert set(each.settings) <= set(CheckSettings.__dataclass_fields__)


def test_checks_find_only_what_they_declare() -> None:
    pages = read_pages(shared("handbook-18f") / "corpus", limit=40)
    for check in checks():
        if isinstance(check, DocumentCheck):
            for text in pages.values():
                for each in only_findings(check.run(page(text), CheckSettings())):
                    assert each.check == check.name
                    assert each.type in check.types


def test_an_unknown_check_is_named_with_the_ones_there_are() -> None:
    with pytest.raises(InputError, match=r"no check called 'spelling': choose from garbled, language"):
        named(["spelling"])


@given(st.lists(st.text(max_size=120) | st.sampled_from(LANGUAGES), min_size=20, max_size=40))
@settings(max_examples=20, deadline=None)
def test_many_texts_at_once_are_told_as_py3langid_tells_each(texts: list[str]) -> None:
    """To the last bit: the walk over all texts and the weighing are its own."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    alone = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    assert classify(texts) == [alone.classify(text) for text in texts]


def test_languages_are_the_same_alone_and_among_others() -> None:
    texts = [page.read_text("utf-8") for page in sorted((shared("handbook-18f") / "corpus").rglob("*.md"))[:80]]
    assert identify_all([*texts, *LANGUAGES, ""]) == [identify(text) for text in (*texts, *LANGUAGES, "")]


def test_a_german_text_that_quotes_an_english_sentence_stays_german() -> None:
    quote = "“What they are not told when they join is that there would be other rules,” sagt der Betriebsrat. "
    text = (
        quote
        + (
            "Die Beschäftigten haben nach sechs Monaten Anspruch auf Bildungsurlaub, wenn der Antrag rechtzeitig "
            "gestellt wurde und betriebliche Gründe nicht entgegenstehen. Über Ausnahmen entscheidet die Leitung. "
        )
        * 4
    )
    assert identify(text)[0] == "de"
