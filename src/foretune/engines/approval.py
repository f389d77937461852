"""Which language model may see which document."""

from __future__ import annotations

from collections.abc import Collection

from foretune.engines.types import EngineInfo
from foretune.errors import EngineError
from foretune.types import Label

__all__ = ["check_approved"]


def check_approved(info: EngineInfo, label: Label, approved_for: Collection[Label]) -> None:
    """Refuse a remote engine for documents of a label the plan does not approve it for.

    A model on this machine may see everything: nothing leaves it. Call this with
    the label of what is about to be shown, or the most sensitive one that could be.

    Raises:
        EngineError: the engine is remote and ``label`` is not in ``approved_for``.
    """
    if info.remote and label not in approved_for:
        raise EngineError(
            f"Documents labelled {label} may not go to the engine {info.kind} ({info.name}), which is not on this "
            f"machine: use engine.kind = llama, or add {label} to engine.approved_for in foretune.toml."
        )
