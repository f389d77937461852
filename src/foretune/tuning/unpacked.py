"""A GGUF model as the folder that transformers, and all that stands on it, reads."""

from __future__ import annotations

from pathlib import Path

from foretune.files import replacing_folder
from foretune.models import ModelFiles

__all__ = ["write_unpacked"]


def write_unpacked(base: ModelFiles, folder: Path) -> None:
    """Write weights (in bfloat16), tokenizer and chat template; whole or not at all.

    Raises:
        ModelError: the model cannot be tuned.
    """
    from transformers import PreTrainedTokenizerFast
    from transformers.utils import logging

    from foretune.tuning.base import load_base
    from foretune.tuning.chat import load_chat_tokenizer
    from foretune.tuning.runtime import torch

    chat = load_chat_tokenizer(base.weights)
    model = load_base(base.weights, dtype=torch.bfloat16, device=torch.device("cpu"))
    # Most trainers pad with the pad token and cannot do without; the end token is never padding that counts.
    special = {"pad_token": chat.special.get("eos_token"), **chat.special}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=chat.backend, chat_template=chat.template, **special)
    logging.disable_progress_bar()
    with replacing_folder(folder) as draft:
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
