"""The words of a query, as the full-text index can be asked for them.

Whatever a person types is data: words are taken out of it and quoted, so that no
operator of the query language, quotation mark or control character gets through.
"""

from __future__ import annotations

import re
import unicodedata

from foretune.evidence import STOP_WORDS, stem

__all__ = ["match_any", "query_terms"]

_WORD = re.compile(r"[^\W_]+")
_MOST = 64
"""Words looked up for one query; of more (a pasted page), the first."""


def query_terms(query: str) -> list[str]:
    """Distinct words of ``query``, stop words left out unless there is nothing else.

    >>> query_terms("Is award leave paid out when you leave TTS?")
    ['award', 'leave', 'paid', 'tts']
    """
    words = [word.lower() for word in _WORD.findall(unicodedata.normalize("NFC", query))]
    telling = [word for word in words if word not in STOP_WORDS] or words
    by_stem: dict[str, str] = {}
    for word in telling:
        by_stem.setdefault(stem(word), word)
        if len(by_stem) == _MOST:
            break
    return list(by_stem.values())


def match_any(terms: list[str]) -> str:
    """An FTS5 expression for rows that hold any of ``terms``.

    Source: https://sqlite.org/fts5.html#full_text_query_syntax
    """
    return " OR ".join(f'"{term}"' for term in terms)
