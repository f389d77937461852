"""Recipes: what pairs can be made of documents, each a registered function in a file of its own."""

from __future__ import annotations

from foretune.pairs.recipes import paraphrases, question_answer, reverse
from foretune.pairs.recipes.choose import Choice, choices, chosen, defaults, spread
from foretune.pairs.recipes.registry import RECIPES, RegisteredRecipe, recipe, registered

__all__ = [
    "RECIPES",
    "Choice",
    "RegisteredRecipe",
    "choices",
    "chosen",
    "defaults",
    "paraphrases",
    "question_answer",
    "recipe",
    "registered",
    "reverse",
    "spread",
]
