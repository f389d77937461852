"""How long a row is, in the tokens of whoever learns from it, where their tokenizer is at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from foretune.errors import InputError
from foretune.types import Message

__all__ = ["Counter", "estimate", "token_counter"]

_PER_MESSAGE, _PER_ROW = 3, 3
"""Tokens of a template around a message and a row: OpenAI's cookbook, “How to count tokens with tiktoken”."""
_BYTES_PER_TOKEN = 4
"""OpenAI's rule of thumb for English; other scripts have more bytes a character and fewer characters a token."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts tokens."""

    name: str
    exact: bool
    """Whether it is a tokenizer; else what it says is an estimate."""
    count: Callable[[str], int]

    def row(self, messages: Sequence[Message]) -> int:
        """Tokens of a conversation; those of the template around it are an estimate."""
        return sum(self.count(message.content) + _PER_MESSAGE for message in messages) + _PER_ROW


estimate = Counter(
    "estimate (4 bytes a token)", False, lambda text: len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN
)


def token_counter(name: str) -> Counter:
    """The counter that ``name`` stands for.

    Args:
        name: ``tiktoken:ENCODING`` (``tiktoken:o200k_base``), or the path of a ``tokenizer.json``, of a folder that
            holds one, of a GGUF model, or of Mistral's ``tekken.json``. Empty: an estimate.

    Raises:
        InputError: there is no such tokenizer, or its library is not installed.
    """
    if not name:
        return estimate
    if name.startswith("tiktoken:"):
        return Counter(name, True, _tiktoken(name.removeprefix("tiktoken:")))
    path = Path(name)
    path = path / "tokenizer.json" if path.is_dir() else path
    if not path.is_file():
        raise InputError(f"There is no tokenizer at {name}: give a tokenizer.json, a GGUF model or tiktoken:ENCODING.")
    try:
        count = _READERS.get(path.suffix if path.name != "tekken.json" else path.name, _json)(path)
    except Exception as error:  # each library has its own errors for a file that is no tokenizer
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be read as a tokenizer: give a tokenizer.json or a GGUF model.") from None
    return Counter(path.name, True, count)


def _tiktoken(encoding: str) -> Callable[[str], int]:
    try:
        import tiktoken
    except ImportError:
        raise InputError("Counting OpenAI's tokens needs tiktoken: pip install tiktoken.") from None
    try:
        known = tiktoken.get_encoding(encoding)
    except ValueError:
        raise InputError(f"tiktoken has no encoding {encoding!r}: o200k_base is that of the current models.") from None
    except OSError:
        raise InputError(
            f"tiktoken could not fetch {encoding} (it downloads encodings once): go online, or leave --tokenizer out."
        ) from None
    return lambda text: len(known.encode(text, disallowed_special=()))


def _json(path: Path) -> Callable[[str], int]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _tekken(path: Path) -> Callable[[str], int]:
    try:
        from mistral_common.tokens.tokenizers.tekken import Tekkenizer
    except ImportError:
        raise InputError("Counting Mistral's tokens needs mistral-common: pip install mistral-common.") from None
    tekken = Tekkenizer.from_file(path)
    return lambda text: len(tekken.encode(text, bos=False, eos=False))


def _gguf(path: Path) -> Callable[[str], int]:
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise InputError("Counting a GGUF model's tokens needs transformers: pip install 'foretune[tune]'.") from None
    tokenizer = AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
    return lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])


_READERS: dict[str, Callable[[Path], Callable[[str], int]]] = {
    ".json": _json,
    "tekken.json": _tekken,
    ".gguf": _gguf,
}
