"""Conversations to token ids and labels: what is read, and which of it is learnt.

Only the assistant's tokens are labelled, and the token that ends the turn, so
that the model learns to stop. Everything else carries :data:`IGNORED`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from foretune.errors import ModelError
from foretune.tuning.chat import ChatTokenizer
from foretune.tuning.types import Dropped, Example

__all__ = ["IGNORED", "Encoded", "check_mask", "encode_example", "encode_examples", "shorten"]

IGNORED = -100
"""Label of a token that is read but not learnt (torch's cross-entropy skips it)."""

MIN_LEARNT = 8
"""An example shortened to fewer labelled tokens teaches nothing."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example as the model sees it."""

    id: str
    ids: tuple[int, ...]
    labels: tuple[int, ...]
    """As long as ``ids``: the same id where it is learnt, else :data:`IGNORED`."""
    shortened: bool = False
    """Whether its end was cut off, and with it the token that ends the turn."""


def encode_example(example: Example, chat: ChatTokenizer) -> Encoded | Dropped:
    """Token ids and labels of one example.

    The response is what the rendered conversation has over the rendered prompt. Prompt
    and response are encoded apart, as in use: there the prompt is encoded alone and the
    response grows token by token, so no token may straddle the boundary.

    Raises:
        ModelError: the chat template rewrites earlier turns, or ends a turn without an end token.
    """
    if reason := _unfit(example, chat):
        return Dropped(example.id, reason)
    ids: list[int] = []
    labels: list[int] = []
    rendered = ""
    for turn, message in enumerate(example.messages):
        if message.role != "assistant":
            continue
        prompt = chat.render(example.messages[:turn], add_generation_prompt=True)
        whole = chat.render(example.messages[: turn + 1], add_generation_prompt=False)
        if not prompt.startswith(rendered) or not whole.startswith(prompt):
            raise ModelError(
                f"The chat template of {chat.name} renders a conversation differently once it is answered, "
                "so prompt and response cannot be told apart: choose another model."
            )
        context = chat.encode(prompt[len(rendered) :])
        response = chat.encode(whole[len(prompt) :])
        learnt = next((i + 1 for i, token in enumerate(response) if token in chat.end_tokens), None)
        if learnt is None:
            raise ModelError(
                f"The chat template of {chat.name} does not end the assistant's turn with an end token, "
                "so a model tuned on it would never stop: choose another model."
            )
        ids += context + response
        labels += [IGNORED] * len(context) + response[:learnt] + [IGNORED] * (len(response) - learnt)
        rendered = whole
    # Nothing is learnt from what follows the last end token (a line break, mostly).
    end = len(labels) - next(i for i, label in enumerate(reversed(labels)) if label != IGNORED)
    return Encoded(example.id, tuple(ids[:end]), tuple(labels[:end]))


def encode_examples(
    examples: Sequence[Example], chat: ChatTokenizer, *, max_tokens: int
) -> tuple[list[Encoded], list[Dropped]]:
    """All that fit into ``max_tokens``, and the others with their reasons, each in the given order."""
    kept: list[Encoded] = []
    dropped: list[Dropped] = []
    for example in examples:
        encoded = encode_example(example, chat)
        if isinstance(encoded, Dropped):
            dropped.append(encoded)
        elif len(encoded.ids) > max_tokens:
            dropped.append(Dropped(encoded.id, f"it has {len(encoded.ids)} tokens, and {max_tokens} are allowed"))
        else:
            kept.append(encoded)
    return kept, dropped


def shorten(encoded: Encoded, max_tokens: int) -> Encoded | Dropped:
    """The first ``max_tokens`` tokens; refused where they hold hardly anything to learn."""
    labels = encoded.labels[:max_tokens]
    if sum(label != IGNORED for label in labels) < MIN_LEARNT:
        return Dropped(encoded.id, f"its prompt alone nearly fills the {max_tokens} tokens allowed")
    return replace(encoded, ids=encoded.ids[:max_tokens], labels=labels, shortened=True)


def check_mask(encoded: Sequence[Encoded], examples: Sequence[Example], chat: ChatTokenizer) -> None:
    """Prove on the very data to be trained on that prompts are masked, responses are not, and ends are learnt.

    It works backwards from the labels and so does not share the road they were made on:
    each run of labelled tokens, decoded, must be one assistant turn, whole and in order,
    then one end token; and every label must be the token it stands under.

    Raises:
        ModelError: one of them is not; names the example and what is wrong, never its text.
    """
    by_id = {example.id: example for example in examples}
    for item in encoded:
        responses = [message.content for message in by_id[item.id].messages if message.role == "assistant"]
        if problem := _mask_problem(item, responses, chat):
            raise ModelError(
                f"With the chat template of {chat.name}, training would learn the wrong tokens of example "
                f"{item.id} ({problem}): choose a model whose template keeps messages as they are."
            )


def _unfit(example: Example, chat: ChatTokenizer) -> str:
    if not example.messages or example.messages[-1].role != "assistant":
        return "it does not end with a response"
    if not all(message.content.strip() for message in example.messages if message.role == "assistant"):
        return "its response is empty"
    for control in sorted(chat.control):
        # Encoded with the template's own control tokens, it would become one and end the turn, say.
        if any(control in message.content for message in example.messages):
            return f"it holds {control!r}, which is a control token of the model"
    return ""


def _mask_problem(item: Encoded, responses: Sequence[str], chat: ChatTokenizer) -> str:
    if any(label not in (IGNORED, token) for token, label in zip(item.ids, item.labels, strict=True)):
        return "a label is not the token it stands under"
    if item.labels[0] != IGNORED:
        return "the prompt is learnt from its first token"
    runs = list(_labelled_runs(item.labels))
    if not runs or (len(runs) != len(responses) and not item.shortened):
        return f"{len(runs)} stretches are learnt of {len(responses)} responses"
    for number, (run, response) in enumerate(zip(runs, responses, strict=False), start=1):
        cut = item.shortened and number == len(runs)
        if not cut and run[-1] not in chat.end_tokens:
            return f"the end of response {number} is not learnt"
        if any(token in chat.end_tokens for token in run[:-1]):
            return f"response {number} holds an end token"
        body = run if cut and run[-1] not in chat.end_tokens else run[:-1]
        text = chat.decode(body).strip()
        # A cut may fall within a character; what is left of it decodes to the replacement character.
        whole = response.strip().startswith(text.rstrip("\ufffd").rstrip()) if cut else text == response.strip()
        if not whole:
            return f"what is learnt is not response {number}"
    return ""


def _labelled_runs(labels: Sequence[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for label in labels:
        if label != IGNORED:
            run.append(label)
        elif run:
            yield run
            run = []
    if run:
        yield run
