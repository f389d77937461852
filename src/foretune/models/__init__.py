"""Model files: which ones Foretune knows, where they live on this machine, how they get there.

The catalogue says what each packaged model is and pins every byte of it; the
store hands on verified paths (:class:`ModelFiles`). Nothing here opens a model:
engines and embedders do.
"""

from __future__ import annotations

from foretune.models.catalogue import CATALOGUE, OTHER_MODELS, Model, ModelFile, Role, find
from foretune.models.download import fetch
from foretune.models.store import ModelFiles, installed, locate, models_folder

__all__ = [
    "CATALOGUE",
    "OTHER_MODELS",
    "Model",
    "ModelFile",
    "ModelFiles",
    "Role",
    "fetch",
    "find",
    "installed",
    "locate",
    "models_folder",
]
