"""Parameter-efficient tuning: conversations and a GGUF model in, a LoRA adapter for that model out.

Everything happens on this machine and in one folder. :func:`tune` trains on all
examples, :func:`pilot` on ten; both hand on an :class:`AdapterResult`, whose GGUF
file the engine loads beside its model and switches on per request. Training needs the
extra ``tune`` (torch, transformers, peft), which is imported when a function is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foretune.errors import InputError
from foretune.tuning.schedule import epochs_for
from foretune.tuning.types import AdapterResult, Dropped, Example

__all__ = ["AdapterResult", "Dropped", "Example", "epochs_for", "pilot", "tune"]

if TYPE_CHECKING:
    from foretune.tuning.recipes import pilot, tune


def __getattr__(name: str) -> Any:
    if name not in ("pilot", "tune"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from foretune.tuning import recipes
    except ImportError as error:
        raise InputError(
            f"Tuning needs the package {error.name}, which is not installed: run `pip install 'foretune[tune]'`."
        ) from None
    return getattr(recipes, name)
