"""Where model files live, and the proof that they are the right ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from foretune.errors import ModelError
from foretune.models.catalogue import CATALOGUE, OTHER_MODELS, Model, Role, find
from foretune.models.files import HashMemo

__all__ = ["ModelFiles", "installed", "locate", "models_folder", "way_out"]

GGUF_MAGIC = b"GGUF"
"""First four bytes of every GGUF file.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on this machine, verified."""

    id: str
    """The catalogue's id, or the path that was given."""
    weights: Path
    """The GGUF or safetensors file."""
    hash: str
    """SHA-256 of the weights: which model this is, whatever it is called."""
    files: Mapping[str, Path]
    """Every file by its name, the weights among them."""
    model: Model | None = None
    """What the catalogue says; None for a file of the user's own."""

    @property
    def name(self) -> str:
        """What to call it where a path of this machine has no business."""
        return self.model.id if self.model else self.weights.stem


def models_folder() -> Path:
    """``$FORETUNE_MODELS``, else inside the virtual environment, else the user's data folder.

    With the environment the models go too, so that trying Foretune leaves nothing behind.
    """
    if chosen := os.environ.get("FORETUNE_MODELS"):
        return Path(chosen).expanduser()
    if sys.prefix != sys.base_prefix:
        return Path(sys.prefix, "share", "foretune", "models")
    import platformdirs

    return Path(platformdirs.user_data_dir("foretune", appauthor=False), "models")


def installed(model: Model) -> bool:
    """Every file it needs is there with its size; :func:`locate` also verifies the hashes."""
    folder = models_folder() / model.id
    return all(_size(folder / file.name) == file.size for file in model.needed)


def way_out(model: Model) -> str:
    """What to do where a packaged model cannot be fetched, for the end of a sentence."""
    if model.role is Role.CHAT:
        return f"give {OTHER_MODELS} instead"
    names = ", ".join(file.name for file in model.needed)
    return f"put {names} of {model.upstream} into {models_folder() / model.id}"


def locate(model: str | Path | Model) -> ModelFiles:
    """Verified paths of a packaged model's files, or of a local GGUF file.

    Sizes are compared at every call, SHA-256 only when a file changed since it
    was last verified.

    Args:
        model: an id or entry of the catalogue, or the path of a ``.gguf`` file.

    Raises:
        ModelError: it is not on this machine, has a wrong size or hash, or is no GGUF file.
    """
    if isinstance(model, Model):
        return _locate_packaged(model)
    name = str(model)
    if name in CATALOGUE:
        return _locate_packaged(find(name))
    if name.lower().endswith(".gguf") or os.sep in name or Path(name).exists():
        return _locate_file(Path(name).expanduser())
    raise ModelError(f"There is no model {name!r}: choose {', '.join(CATALOGUE)}, or {OTHER_MODELS}.")


def _locate_packaged(model: Model) -> ModelFiles:
    folder = models_folder() / model.id
    memo = HashMemo(models_folder())
    for file in model.needed:
        path = folder / file.name
        size = _size(path)
        if size is None:
            raise ModelError(
                f"The model {model.id!r} is not on this machine (no {path}): run `foretune models get {model.id}`, "
                f"or {way_out(model)}."
            )
        if size != file.size or memo.sha256(path) != file.sha256:
            raise ModelError(
                f"{path} is not the file that Foretune knows as {model.id!r} (its "
                f"{'size' if size != file.size else 'SHA-256'} differs): "
                f"run `foretune models get {model.id}` to fetch it anew."
            )
    paths = {file.name: folder / file.name for file in model.files if (folder / file.name).exists()}
    return ModelFiles(
        model.id, paths[model.weights.name], model.weights.sha256, files=MappingProxyType(paths), model=model
    )


def _locate_file(path: Path) -> ModelFiles:
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(GGUF_MAGIC))
    except OSError as error:
        raise ModelError(f"The model file {path} cannot be read ({error.strerror}): check the path.") from None
    if magic != GGUF_MAGIC:
        raise ModelError(f"{path} is not a GGUF model file (it does not begin with 'GGUF'): give one that is.")
    sha256 = HashMemo(models_folder()).sha256(path)
    return ModelFiles(str(path), path, sha256, files=MappingProxyType({path.name: path}))


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
