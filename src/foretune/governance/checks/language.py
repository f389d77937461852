"""Language: which one a document is written in, and whether the plan expects it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from foretune.governance.checks.registry import CheckSettings, Inferred, document_check
from foretune.governance.markup import prose
from foretune.types import Document, Finding, Severity

__all__ = ["identify", "language"]

_ENOUGH = 60
"""Letters below which no language is told: names and headings look like any language."""
_READ = ((600, 300), (6_000, 1_500))
"""Characters of text, and of prose in them, that are read: the second only where the first leave a doubt.

Of 880 pieces of handbooks and blogs, 95 % were certain after the first, none of them otherwise after the second."""
_CERTAIN = 0.98
_SURE = 0.8

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


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def identify(text: str) -> tuple[str, float]:
    """ISO 639-1 code and probability (0 to 1) of the language of ``text``; empty where there is too little.

    `py3langid <https://github.com/adbar/py3langid>`_ on the prose alone: code and addresses are in no language.
    """
    code, probability = "", 0.0
    for characters, of_prose in _READ:
        words = prose(text[:characters])[:of_prose]
        if sum(map(str.isalpha, words)) >= _ENOUGH:
            code, probability = _identifier().classify(words)
            if probability >= _CERTAIN:
                break
    return str(code), float(probability)


@document_check("language", types={"other": Severity.MEDIUM}, settings=("languages",))
def language(document: Document, settings: CheckSettings) -> Iterable[Finding | Inferred]:
    """A document in a language the plan does not list (``[platform] languages``).

    Also keeps the language of each document with its metadata. Very short texts, and texts
    that are mostly code, are left alone.
    """
    code, probability = identify(document.text)
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
