"""Retrieval: documents cut into passages, passages found again, questions answered from them.

Hands on the index (:func:`build_index`), search (:class:`Searcher`), and answers
with citations (:class:`Answerer`).
"""

from __future__ import annotations

from foretune.retrieval.answer import NOT_IN_DOCUMENTS, PROMPT, Answer, Answerer, Citation
from foretune.retrieval.filters import FIELDS, DocumentFilter, filter_help, read_filters
from foretune.retrieval.index import (
    IndexSummary,
    build_index,
    embedded_text,
    scrub_index,
    update_index,
    withdraw_passages,
)
from foretune.retrieval.passages import PassageDraft, split
from foretune.retrieval.readable import readable_text
from foretune.retrieval.recipe import index_recipe, index_state
from foretune.retrieval.search import Hit, Searcher
from foretune.retrieval.terms import query_terms

__all__ = [
    "FIELDS",
    "NOT_IN_DOCUMENTS",
    "PROMPT",
    "Answer",
    "Answerer",
    "Citation",
    "DocumentFilter",
    "Hit",
    "IndexSummary",
    "PassageDraft",
    "Searcher",
    "build_index",
    "embedded_text",
    "filter_help",
    "index_recipe",
    "index_state",
    "query_terms",
    "read_filters",
    "readable_text",
    "scrub_index",
    "split",
    "update_index",
    "withdraw_passages",
]
