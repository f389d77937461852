"""The bench's dev part: questions that are asked while training, so that it ends where answers are best.

A falling loss is a stand-in for right answers; these are the answers themselves, greedily written by the model as it
trains and scored as the bench scores. Whoever looks at a question to decide when to stop has used it up: it says
nothing any more about how good the adapter is.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foretune.evidence import score
from foretune.types import Message, Outcome, Question

if TYPE_CHECKING:
    from foretune.tuning.chat import ChatTokenizer
    from foretune.tuning.team import Team

__all__ = ["DevQuestion", "answers_of", "count_right", "dev_part"]

_BATCH = 8
"""Questions answered at once."""


@dataclass(frozen=True, slots=True)
class DevQuestion:
    """A question with a known answer, and the prompt the bench would ask it with."""

    question: Question
    messages: tuple[Message, ...]
    max_tokens: int = 48
    """Of the answer."""


def dev_part(questions: Sequence[Question], fraction: float, *, seed: int) -> list[Question]:
    """``fraction`` of the answerable questions, drawn by ``seed`` and in the given order; what stays is the test."""
    answerable = [question for question in questions if question.kind != "unanswerable"]
    drawn = random.Random(f"dev/{seed}").sample(range(len(answerable)), round(fraction * len(answerable)))  # noqa: S311
    return [answerable[index] for index in sorted(drawn)]


def count_right(model: Any, questions: Sequence[DevQuestion], chat: ChatTokenizer, team: Team) -> int:
    """How many of ``questions`` the model answers right as it is now."""
    mine = team.share(questions)
    answers = answers_of(model, mine, chat)
    right = sum(
        score(each.question, answer).outcome is Outcome.CORRECT for each, answer in zip(mine, answers, strict=True)
    )
    return round(team.total(float(right)))


def answers_of(model: Any, questions: Sequence[DevQuestion], chat: ChatTokenizer) -> list[str]:
    """Greedy answers, in the given order."""
    from foretune.tuning.runtime import torch

    prompts = [chat.encode(chat.render(each.messages, add_generation_prompt=True)) for each in questions]
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))  # of like length, for little padding
    answers = [""] * len(prompts)
    core = model.get_base_model()
    model.eval()
    for start in range(0, len(order), _BATCH):
        chosen = order[start : start + _BATCH]
        width = max(len(prompts[index]) for index in chosen)
        ids = torch.zeros((len(chosen), width), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, index in enumerate(chosen):  # on the left: what is written stands to the right of all prompts
            ids[row, width - len(prompts[index]) :] = torch.tensor(prompts[index])
            mask[row, width - len(prompts[index]) :] = 1
        with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, core.dtype == torch.bfloat16):
            written = model.generate(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                max_new_tokens=max(questions[index].max_tokens for index in chosen),
                do_sample=False,
                use_cache=True,
                eos_token_id=sorted(chat.end_tokens),
                pad_token_id=0,
            )[:, width:].tolist()
        for index, tokens in zip(chosen, written, strict=True):
            kept = tokens[: questions[index].max_tokens]
            end = next((n for n, token in enumerate(kept) if token in chat.end_tokens), len(kept))
            # As the engine shows it: a control token that the model writes is no text.
            answers[index] = chat.backend.decode(kept[:end], skip_special_tokens=True).strip()
    model.train()
    return answers
