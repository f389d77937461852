"""A GGUF file's tokenizer and chat template: the tokens that the engine will see, one for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretune.errors import ModelError
from foretune.types import Message

__all__ = ["ChatTokenizer", "load_chat_tokenizer"]

_DIGIT_SPLITTING = frozenset({"smollm"})
"""Pre-tokenizers that put every digit into a token of its own before GPT-2's split.

transformers 5 does not know this name and would leave "\\n  2021" joined to its
line break, where the engine does not. Source: the tokenizer.json of
https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct and
``LLAMA_VOCAB_PRE_TYPE_SMOLLM`` in llama.cpp.
"""
_PLAIN = frozenset({"gpt-2"})
"""Pre-tokenizers that are GPT-2's split itself, which is transformers' default."""


@dataclass(frozen=True, slots=True)
class ChatTokenizer:
    """Renders conversations and turns them into token ids."""

    name: str
    """File name of the model, for messages."""
    template: str
    """Jinja source of the chat template."""
    backend: Any
    """The ``tokenizers.Tokenizer``."""
    special: dict[str, str]
    """What the template calls ``bos_token``, ``eos_token``, …"""
    end_tokens: frozenset[int]
    """Ids that end a turn; the engine stops at them."""
    control: frozenset[str]
    """Strings that are read as control tokens wherever they stand."""
    adds_bos: bool
    """Whether the engine puts the begin token before the prompt."""
    takes_system: bool = True
    """Whether the template shows system messages; where not, they go before the next user's turn, as in the engine."""

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
        """The conversation as one string, as the engine renders it."""
        shown = messages if self.takes_system else _without_system(messages)
        text = _rendered(self.template, shown, self.special, add_generation_prompt=add_generation_prompt)
        bos = self.special.get("bos_token", "")
        # The engine adds the begin token unless the template already did.
        return bos + text if self.adds_bos and not text.startswith(bos) else text

    def encode(self, text: str) -> list[int]:
        """Token ids of rendered text; control tokens are recognised, nothing is added."""
        ids: list[int] = self.backend.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The inverse of :meth:`encode`, control tokens included."""
        text: str = self.backend.decode(list(ids), skip_special_tokens=False)
        return text


def load_chat_tokenizer(path: Path) -> ChatTokenizer:
    """The tokenizer and chat template inside a GGUF file.

    Raises:
        ModelError: it has no chat template, or a tokenizer whose tokens might
            differ from the engine's.
    """
    from transformers.integrations.gguf.gguf_tokenizer_mapping import convert_gguf_tokenizer, get_gguf_tokenizer
    from transformers.integrations.gguf.reader import read_gguf_metadata

    try:
        architecture, vocabulary, settings = get_gguf_tokenizer(str(path))
        metadata, _ = read_gguf_metadata(str(path))
    except (ValueError, OSError, IndexError) as error:
        raise ModelError(f"The model file {path} cannot be read for tuning ({error}): fetch it anew.") from None
    template = settings.get("chat_template")
    if not template:
        raise ModelError(
            f"{path.name} has no chat template, so it cannot be tuned on conversations: choose an instruct model."
        )
    _require_known(vocabulary, path)
    backend, _ = convert_gguf_tokenizer(architecture, vocabulary)
    if vocabulary["pre_tokenizer_type"] in _DIGIT_SPLITTING:
        from tokenizers import pre_tokenizers

        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    ends = [metadata.get(f"tokenizer.ggml.{key}_token_id") for key in ("eos", "eot")]
    special = {key: value for key, value in settings.items() if key.endswith("_token") and isinstance(value, str)}
    return ChatTokenizer(
        name=path.name,
        template=template,
        backend=backend,
        special=special,
        end_tokens=frozenset(end for end in ends if end is not None),
        control=frozenset(token.content for token in backend.get_added_tokens_decoder().values() if token.special),
        adds_bos=bool(settings.get("add_bos_token", False)),
        takes_system=_takes_system(template, special),
    )


def _rendered(
    template: str, messages: Sequence[Message], special: dict[str, str], *, add_generation_prompt: bool
) -> str:
    from transformers.utils.chat_template_utils import render_jinja_template

    conversation = [{"role": message.role, "content": message.content} for message in messages]
    rendered, _ = render_jinja_template(
        [conversation], chat_template=template, add_generation_prompt=add_generation_prompt, **special
    )
    text: str = rendered[0]
    return text


def _takes_system(template: str, special: dict[str, str]) -> bool:
    """Some templates refuse a system message, others leave it out; llama.cpp finds out by trying, too."""
    from jinja2 import TemplateError

    probe = (Message("system", "foretune-probe"), Message("user", "x"))
    try:
        return probe[0].content in _rendered(template, probe, special, add_generation_prompt=True)
    except TemplateError:
        return False


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """System texts before the user's turn that follows, a line each: what llama.cpp does with such templates."""
    shown: list[Message] = []
    waiting: list[str] = []
    for message in messages:
        if message.role == "system":
            waiting.append(message.content)
        elif message.role == "user":
            shown.append(Message("user", "\n".join([*waiting, message.content])))
            waiting = []
        else:
            shown.append(message)
    return shown


def _require_known(vocabulary: dict[str, Any], path: Path) -> None:
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

    kind, split = vocabulary.get("tokenizer_type"), vocabulary.get("pre_tokenizer_type")
    if kind != "gpt2" or split not in {*GGUF_PRE_TOKENIZER_SPLITS, *_DIGIT_SPLITTING, *_PLAIN}:
        raise ModelError(
            f"{path.name} cuts text into tokens in a way ({kind}, {split}) that tuning cannot reproduce exactly: "
            "choose a Llama 3, SmolLM2 or Qwen 2.5 model, or use this one without tuning."
        )
