"""What a recipe is: a registered function from documents to the pairs that are to be written of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from foretune.errors import ConfigError
from foretune.pairs.slots import Making, Slot
from foretune.types import GovernedDocument

__all__ = ["RECIPES", "Recipe", "RegisteredRecipe", "recipe", "registered"]


class Recipe(Protocol):
    """Yields the pairs that could be made of the documents, the same ones each time."""

    def __call__(self, documents: Sequence[GovernedDocument], making: Making, /) -> Iterator[Slot]: ...


@dataclass(frozen=True, slots=True)
class RegisteredRecipe:
    """A recipe under its name."""

    name: str
    make: Recipe
    group: str
    """Recipes of a group share their part of a limit."""

    @property
    def summary(self) -> str:
        """First line of its docstring."""
        return (self.make.__doc__ or "").strip().partition("\n")[0]


RECIPES: dict[str, RegisteredRecipe] = {}


def recipe(name: str, *, group: str = "") -> Callable[[Recipe], Recipe]:
    """Register a recipe."""

    def register(make: Recipe) -> Recipe:
        RECIPES[name] = RegisteredRecipe(name, make, group or name)
        return make

    return register


def registered(name: str) -> RegisteredRecipe:
    """The recipe of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in RECIPES:
        raise ConfigError(
            f"There is no pairs recipe {name!r}: set pairs.recipes in foretune.toml to some of auto, "
            f"{', '.join(RECIPES)}."
        )
    return RECIPES[name]
