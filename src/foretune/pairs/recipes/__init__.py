"""Recipes: what pairs can be made of documents, each a registered function in a file of its own."""

from __future__ import annotations

from foretune.pairs.recipes import (
    dialogue,
    paraphrases,
    question_answer,
    recall,
    refusal,
    replay,
    reverse,
    rewrite,
    summary,
    table,
    with_context,
)
from foretune.pairs.recipes.choose import Choice, choices, chosen, defaults, spread
from foretune.pairs.recipes.registry import RECIPES, RegisteredRecipe, recipe, registered

__all__ = [
    "RECIPES",
    "Choice",
    "RegisteredRecipe",
    "choices",
    "chosen",
    "defaults",
    "dialogue",
    "paraphrases",
    "question_answer",
    "recall",
    "recipe",
    "refusal",
    "registered",
    "replay",
    "reverse",
    "rewrite",
    "spread",
    "summary",
    "table",
    "with_context",
]
