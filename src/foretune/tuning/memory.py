"""Out of memory: which setting to lower, instead of a traceback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from foretune.errors import InputError
from foretune.plan.config import TuningSettings

__all__ = ["OutOfMemoryError", "explain_out_of_memory", "smaller"]

_FEWEST_TOKENS = 128
_SIGNS = ("can't allocate memory", "out of memory", "not enough memory")
"""How torch's allocators begin to say so, on a processor and on a GPU."""


class OutOfMemoryError(InputError):
    """Training does not fit; :attr:`smaller` are settings with which it may."""

    def __init__(self, message: str, smaller: Mapping[str, int]) -> None:
        super().__init__(message)
        self.smaller = smaller

    def __reduce__(self) -> tuple[type[OutOfMemoryError], tuple[str, Mapping[str, int]]]:
        return type(self), (str(self), self.smaller)  # from a worker of a cluster it comes pickled


def smaller(settings: TuningSettings) -> dict[str, int]:
    """Settings that need about half the memory for activations; empty where there is nothing left to lower.

    The batch first: halved, with twice the gradient accumulation, it makes the same steps.
    """
    if settings.batch_size > 1:
        half = settings.batch_size // 2
        return {"batch_size": half, "gradient_accumulation": settings.gradient_accumulation * 2}
    if settings.max_tokens > _FEWEST_TOKENS:
        return {"max_tokens": max(_FEWEST_TOKENS, settings.max_tokens // 2)}
    return {}


@contextmanager
def explain_out_of_memory(settings: TuningSettings) -> Iterator[None]:
    """Raises :class:`OutOfMemoryError` where the block runs out of memory."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, MemoryError) and not any(sign in str(error).lower() for sign in _SIGNS):
            raise
        lower = smaller(settings)
        if not lower and settings.method == "lora" and "cuda" in str(error).lower():
            advice = "set tuning.method = qlora in foretune.toml, or use a smaller model"
        elif not lower:
            advice = "use a smaller model, or a machine with more memory"
        else:
            advice = f"set {' and '.join(f'tuning.{name} = {value}' for name, value in lower.items())} in foretune.toml"
        raise OutOfMemoryError(f"Training needs more memory than there is: {advice}.", lower) from None
