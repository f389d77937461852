"""The words a reader of Markdown or HTML sees: what is embedded and put into the full-text index.

Addresses behind links, tags and template marks say nothing about what a text
means, and fill a model that reads 256 tokens. Code stays: people search for it.
Every expression is bounded, so that broken markup costs no more than its length.
"""

from __future__ import annotations

import re

__all__ = ["readable_text"]

_TEMPLATE = re.compile(r"\{[%{#][^{}\n]{0,500}[%}#]\}")
_COMMENT = re.compile(r"<!--(?:(?!-->).){0,5000}-->", re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]]{0,1000})\]\([^()\n]{0,2000}\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,2000}>")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S{1,2000}", re.IGNORECASE)
_RULE = re.compile(r"^[-:|=_* \t]{3,}$", re.MULTILINE)
_MARKS = re.compile(r"[*_`#|~]+")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")


def readable_text(text: str) -> str:
    """``text`` without markup, one line for each line that says something."""
    text = _TEMPLATE.sub(" ", _COMMENT.sub(" ", text))
    for _ in range(2):  # an image may stand in a link
        text = _LINK.sub(r"\1", text)
    text = _ADDRESS.sub(" ", _TAG.sub(" ", text))
    text = _MARKS.sub(" ", _RULE.sub("", text))
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()
