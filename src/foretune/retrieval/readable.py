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
_MARKS = "*_`#|~"


def readable_text(text: str) -> str:
    """``text`` without markup, one line for each line that says something."""
    # Most passages hold little markup: to look for a character costs a hundredth of looking for an expression.
    if "<!--" in text:
        text = _COMMENT.sub(" ", text)
    if "{" in text:
        text = _TEMPLATE.sub(" ", text)
    if "](" in text:
        for _ in range(2):  # an image may stand in a link
            text = _LINK.sub(r"\1", text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "://" in text or "www." in text.lower():
        text = _ADDRESS.sub(" ", text)
    text = _RULE.sub("", text)
    for mark in _MARKS:
        text = text.replace(mark, " ")
    return "\n".join(said for line in text.split("\n") if (said := " ".join(line.split())))
