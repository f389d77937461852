"""Language: which one a document is written in, and whether the plan expects it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from foretune.governance.checks.registry import CheckSettings, Inferred, document_check
from foretune.governance.markup import opening, prose
from foretune.types import Document, Finding, Severity

__all__ = ["identify", "identify_all", "language"]

_ENOUGH = 60
"""Letters below which no language is told: names and headings look like any language."""
_OF_OPENING = 300
_READ, _OF_READ = 6_000, 1_500
"""Characters of text, and of prose in them, that are read; only where those of its opening leave a doubt.

Of 880 pieces of handbooks and blogs, 95 % were certain after the opening, none of them otherwise after the rest."""
_CERTAIN = 0.98
_SURE = 0.8

_WORDS_OF_ENGLISH = """
the and that with you your are this from have not can will has but they their our which when these would should what
there been were about who than them then how any because only other could also into its
"""
_ENGLISH = frozenset(_WORDS_OF_ENGLISH.split())
"""Function words of English, most of them words of no other language."""
_PLENTY = 2
"""So many different ones in each half of an opening make a text English: most of 3,286 pieces of handbooks and blogs
have them, and the classifier, which takes ten times as long, said the same of each. In each half, for a German page may
begin with an English quotation."""
_SAID_BY_WORDS = 0.998
"""The lower bound that 2,529 pieces without an error give (the rule of three: 1 - 3 / n)."""

_NAMES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fi": "Finnish",
    "fr": "French",
    "ga": "Irish",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}


def identify(text: str) -> tuple[str, float]:
    """ISO 639-1 code and probability (0 to 1) of the language of ``text``; empty where there is too little.

    `py3langid <https://github.com/adbar/py3langid>`_ on the prose alone: code and addresses are in no language.
    """
    return identify_all([text])[0]


def identify_all(texts: Sequence[str]) -> list[tuple[str, float]]:
    """The same for many texts."""
    found = [("", 0.0)] * len(texts)
    doubtful = _identify(enumerate(opening(text)[:_OF_OPENING] for text in texts), found)
    _identify(((number, prose(texts[number][:_READ])[:_OF_READ]) for number in doubtful), found)
    return found


def _identify(numbered: Iterable[tuple[int, str]], found: list[tuple[str, float]]) -> list[int]:
    """Set the languages of numbered texts that have letters enough; gives the numbers of those that are not certain."""
    from foretune.governance.languages import classify

    numbers, texts = [], []
    doubtful = []
    for number, words in numbered:
        if _english(words):
            found[number] = "en", _SAID_BY_WORDS
        elif _letters_enough(words):
            numbers.append(number)
            texts.append(words)
        else:
            doubtful.append(number)
    for number, identified in zip(numbers, classify(texts), strict=True):
        found[number] = identified
        if identified[1] < _CERTAIN:
            doubtful.append(number)
    return doubtful


def _english(words: str) -> bool:
    every = words.lower().split()
    half = len(every) // 2
    return all(len(_ENGLISH.intersection(some)) >= _PLENTY for some in (every[:half], every[half:]))


def _letters_enough(words: str) -> bool:
    return any(sum(map(str.isalpha, some)) >= _ENOUGH for some in (words[: 2 * _ENOUGH], words))


def _language_all(documents: Sequence[Document], settings: CheckSettings) -> Iterator[list[Finding | Inferred]]:
    for document, (code, probability) in zip(documents, identify_all([each.text for each in documents]), strict=True):
        yield list(_results(document, code, probability, settings))


@document_check("language", types={"other": Severity.MEDIUM}, settings=("languages",), run_all=_language_all)
def language(document: Document, settings: CheckSettings) -> Iterable[Finding | Inferred]:
    """A document in a language the plan does not list (``[platform] languages``).

    Also keeps the language of each document with its metadata. Very short texts, and texts
    that are mostly code, are left alone.
    """
    return _results(document, *identify(document.text), settings)


def _results(
    document: Document, code: str, probability: float, settings: CheckSettings
) -> Iterator[Finding | Inferred]:
    if not code:
        return
    yield Inferred("language", code)
    if code not in settings.languages and probability >= _SURE:
        expected = " or ".join(_NAMES.get(each, each) for each in settings.languages)
        yield Finding(
            document.id,
            "language",
            "other",
            Severity.MEDIUM,
            f"This is written in {_NAMES.get(code, code)}; the plan expects {expected}.",
            score=round(probability, 4),
            evidence={"language": code},
        )
