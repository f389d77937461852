"""An adapter in the forms other programs take; each is a function registered under its name."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from foretune.errors import InputError, ModelError
from foretune.files import replacing
from foretune.models import ModelFiles
from foretune.tuning.merge import write_merged

__all__ = ["Exported", "export_adapter", "export_formats", "require_base"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What is exported, and from which files."""

    name: str
    """Of the adapter; files are called after it."""
    adapter: Path
    """``adapter.gguf``; of a DoRA adapter the merged model."""
    peft: Path
    base: ModelFiles
    base_hash: str
    """SHA-256 of the model the adapter was trained on."""
    switchable: bool
    """Whether ``adapter`` is one that llama.cpp loads beside its model (DoRA is not)."""
    card: str
    """Markdown; goes beside every form."""


Writer = Callable[[Exported, Path], Path]
_WRITERS: dict[str, Writer] = {}


def _format(name: str) -> Callable[[Writer], Writer]:
    def register(write: Writer) -> Writer:
        _WRITERS[name] = write
        return write

    return register


def export_formats() -> list[str]:
    """Names that :func:`export_adapter` takes."""
    return list(_WRITERS)


def export_adapter(what: Exported, format_: str, folder: Path) -> Path:
    """Write one form into ``folder``, the model card beside it; returns the path of the form.

    Raises:
        InputError: there is no such form, the folder cannot be written, or a tool it needs is missing.
        ModelError: ``what.base`` is not the model the adapter was trained on.
    """
    if format_ not in _WRITERS:
        raise InputError(f"There is no export format {format_!r}: choose {', '.join(_WRITERS)}.")
    require_base(what.name, what.base_hash, what.base)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _WRITERS[format_](what, folder)
        card = path / "README.md" if path.is_dir() else path.with_name("README.md")
        with replacing(card) as draft:
            draft.write_text(what.card, encoding="utf-8")
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}): choose another folder with --out.") from None
    return path


def require_base(adapter: str, base_hash: str, base: ModelFiles) -> None:
    """Raises :class:`ModelError` where the adapter of that name was trained on another model than ``base``."""
    if base.hash != base_hash:
        raise ModelError(
            f"The adapter {adapter} was trained on another model (SHA-256 {base_hash[:12]}…, and {base.name} is "
            f"{base.hash[:12]}…): set engine.model to the one it was trained on."
        )


@_format("peft")
def _peft(what: Exported, folder: Path) -> Path:
    """A folder for peft, transformers and vLLM."""
    out, draft = folder / what.name, folder / f".{what.name}.tmp"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(what.peft, draft)
    shutil.rmtree(out, ignore_errors=True)
    return draft.replace(out)


@_format("gguf")
def _gguf(what: Exported, folder: Path) -> Path:
    """The adapter alone, for ``llama-server --lora``."""
    if not what.switchable:
        raise InputError(
            f"{what.name} is a DoRA adapter, which llama.cpp cannot load beside a model: export merged-q8_0 instead."
        )
    out = folder / f"{what.name}.gguf"
    with replacing(out) as draft:
        shutil.copyfile(what.adapter, draft)
    return out


def _merged(kind: str) -> Writer:
    def write(what: Exported, folder: Path) -> Path:
        out = folder / f"{what.name}.{kind}.gguf"
        write_merged(what.base.weights, what.peft, out, kind=kind, name=what.name)
        return out

    return write


for _kind in ("F32", "F16", "Q8_0"):
    _format(f"merged-{_kind.lower()}")(_merged(_kind))


@_format("merged-q4_k_m")
def _merged_q4_k_m(what: Exported, folder: Path) -> Path:
    """Quantised by llama.cpp's own tool: which tensor gets how many bits is its decision."""
    tool = shutil.which("llama-quantize")
    if tool is None:
        raise InputError(
            "merged-q4_k_m needs llama.cpp's tool llama-quantize, which is not on the PATH: install llama.cpp "
            "(https://github.com/ggml-org/llama.cpp), or export merged-q8_0."
        )
    out = folder / f"{what.name}.Q4_K_M.gguf"
    with replacing(out.with_suffix(".f16")) as whole, replacing(out) as draft:
        write_merged(what.base.weights, what.peft, whole, kind="F16", name=what.name)
        done = subprocess.run([tool, str(whole), str(draft), "Q4_K_M"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise InputError(f"llama-quantize failed ({done.stderr.strip()[-200:]}): export merged-q8_0 instead.")
    out.with_suffix(".f16").unlink()
    return out


@_format("ollama")
def _ollama(what: Exported, folder: Path) -> Path:
    """A Modelfile and the merged model it names: ``ollama create NAME -f Modelfile``.

    Format: https://docs.ollama.com/modelfile. The chat template is in the GGUF file, where Ollama finds it.
    """
    merged = _merged("Q8_0")(what, folder)
    out = folder / "Modelfile"
    lines = [f"FROM ./{merged.name}", "PARAMETER temperature 0", *(f'PARAMETER stop "{end}"' for end in _ends(merged))]
    with replacing(out) as draft:
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return out


def _ends(model: Path) -> list[str]:
    """The tokens that end a turn, as text."""
    import gguf

    fields = gguf.GGUFReader(model).fields
    ids = [fields[key].contents() for kind in ("eos", "eot") if (key := f"tokenizer.ggml.{kind}_token_id") in fields]
    return [str(fields["tokenizer.ggml.tokens"].contents(token)) for token in dict.fromkeys(ids)]
