"""Adapter files: which one it is, and whether it belongs to the model."""

from __future__ import annotations

from pathlib import Path

from foretune.engines.gguf_header import GgufHeader, read_header
from foretune.errors import ModelError
from foretune.files import file_sha256

__all__ = ["BASE_HASH_KEY", "check_adapter", "file_hash"]

BASE_HASH_KEY = "foretune.base.sha256"
"""Metadata key of an adapter file: SHA-256 of the model it was trained on."""

_HASHES: dict[tuple[str, int, int], str] = {}


def file_hash(path: Path) -> str:
    """SHA-256 of a file, computed again only when its size or modification time changed.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        stat = path.stat()
        key = (str(path.resolve()), stat.st_size, stat.st_mtime_ns)
        if key not in _HASHES:
            _HASHES[key] = file_sha256(path)
    except OSError as error:
        raise ModelError(
            f"The adapter file {path} cannot be read ({error.strerror}): tune again, or name another."
        ) from None
    return _HASHES[key]


def check_adapter(path: Path, base: GgufHeader, base_hash: str) -> None:
    """Make sure a file is a LoRA adapter for this very model.

    An adapter of the same shape for another model would load, and make noise of every answer. One that does
    not say what it was trained on (another program's) is only held against the architecture.

    Args:
        base_hash: SHA-256 of the model file.

    Raises:
        ModelError: it is not, or it is damaged.
    """
    header = read_header(path)
    if not header.is_adapter or header.metadata.get("adapter.type") != "lora":
        raise ModelError(f"{path} is not a LoRA adapter: give the GGUF file that `foretune tune` wrote.")
    if header.architecture != base.architecture:
        raise ModelError(
            f"The adapter {path} was trained on a {header.architecture} model and this one is {base.architecture}: "
            "tune again on this model, or set engine.model to the one it was trained on."
        )
    trained_on = header.metadata.get(BASE_HASH_KEY, base_hash)
    if trained_on != base_hash:
        raise ModelError(
            f"The adapter {path} was trained on another model (SHA-256 {str(trained_on)[:12]}…, and this one is "
            f"{base_hash[:12]}…): tune again on this model, or set engine.model to the one it was trained on."
        )
