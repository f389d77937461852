"""Literal token ids in, literal labels out; and the tokens are the engine's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers import shared
from tests.tuning.tiny import CHATML, Engine, examples, packaged, tiny_model

from foretune.errors import ModelError
from foretune.tuning import Dropped, Example
from foretune.tuning.chat import ChatTokenizer, load_chat_tokenizer
from foretune.tuning.tokenize import IGNORED, Encoded, check_mask, encode_example, encode_examples, shorten
from foretune.types import Message

DATE = Example("date", (Message("user", "Hi"), Message("assistant", "On 4 May 2021.")))
TWO_TURNS = Example(
    "two",
    (
        Message("system", "S"),
        Message("user", "Hi"),
        Message("assistant", "A"),
        Message("user", "B"),
        Message("assistant", "the C"),
    ),
)
_ = IGNORED
# fmt: off
LITERAL = {
    "smollm2-135m": {
        "date": (
            # <|im_start|>system … named SmolLM, trained by Hugging Face<|im_end|>: the template's own.
            [1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519, 28, 7018, 411, 407,
             19712, 8182, 2, 198,
             # <|im_start|> user \n Hi <|im_end|> \n <|im_start|> ass istant \n
             1, 4093, 198, 26843, 2, 198, 1, 520, 9531, 198,
             # On ␠ 4 ␠May ␠ 2 0 2 1 . <|im_end|>
             3280, 216, 36, 2405, 216, 34, 32, 34, 33, 30, 2],
            [_] * 31 + [3280, 216, 36, 2405, 216, 34, 32, 34, 33, 30, 2],
        ),
        "two": (
            [1, 9690, 198, 67, 2, 198, 1, 4093, 198, 26843, 2, 198, 1, 520, 9531, 198, 49, 2, 198,
             1, 4093, 198, 50, 2, 198, 1, 520, 9531, 198, 1195, 340, 2],
            [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, 49, 2, _,
             _, _, _, _, _, _, _, _, _, _, 1195, 340, 2],
        ),
    },
    "qwen2.5-coder-1.5b": {
        "date": (
            # <|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n
            [151644, 8948, 198, 2610, 525, 1207, 16948, 11, 3465, 553, 54364, 14817, 13, 1446, 525, 264, 10950, 17847,
             13, 151645, 198, 151644, 872, 198, 13048, 151645, 198, 151644, 77091, 198,
             1925, 220, 19, 3217, 220, 17, 15, 17, 16, 13, 151645],
            [_] * 30 + [1925, 220, 19, 3217, 220, 17, 15, 17, 16, 13, 151645],
        ),
        "two": (
            [151644, 8948, 198, 50, 151645, 198, 151644, 872, 198, 13048, 151645, 198, 151644, 77091, 198, 32, 151645,
             198, 151644, 872, 198, 33, 151645, 198, 151644, 77091, 198, 1782, 356, 151645],
            [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, 32, 151645,
             _, _, _, _, _, _, _, _, _, _, 1782, 356, 151645],
        ),
    },
}
# fmt: on


@pytest.fixture
def chat(tmp_path: Path) -> ChatTokenizer:
    return load_chat_tokenizer(tiny_model(tmp_path).weights)


@pytest.mark.parametrize("model", list(LITERAL))
@pytest.mark.parametrize("example", [DATE, TWO_TURNS], ids=["one turn", "two turns"])
def test_only_the_assistants_tokens_and_their_end_are_labelled(model: str, example: Example) -> None:
    chat = load_chat_tokenizer(packaged(model).weights)
    encoded = encode_example(example, chat)
    assert isinstance(encoded, Encoded)
    ids, labels = LITERAL[model][example.id]
    assert list(encoded.ids) == ids
    assert list(encoded.labels) == labels
    check_mask([encoded], [example], chat)


def test_masks_hold_for_any_vocabulary(chat: ChatTokenizer) -> None:
    # In the tiny model every byte is a token of its own, but for "th", "the", "on" and a few more.
    encoded = encode_example(Example("x", (Message("user", "o"), Message("assistant", "the on"))), chat)
    assert isinstance(encoded, Encoded)
    assert encoded.labels[-4:] == (257, 220, 260, 263)
    assert encoded.labels[:-4] == (IGNORED,) * (len(encoded.ids) - 4)
    assert encoded.ids[-4:] == (257, 220, 260, 263)


@pytest.mark.slow
@pytest.mark.parametrize("model", list(LITERAL))
def test_tokens_of_real_pages_are_the_engines(tmp_path: Path, model: str) -> None:
    files = packaged(model)
    chat, engine = load_chat_tokenizer(files.weights), Engine(files.weights)
    pages = sorted(shared("handbook-18f").rglob("*.md"))
    texts = [page.read_text(encoding="utf-8") for page in pages] + ["\n  2021", "½ ٣ 𝟛 ⅷ", "é\u0301 ﷽ 👩‍👩‍👧"]
    assert len(texts) > 200
    assert [text for text in texts if chat.encode(text) != engine.tokens(text)] == []


@pytest.mark.parametrize("model", ["smollm2-135m", pytest.param("qwen2.5-coder-1.5b", marks=pytest.mark.slow)])
def test_the_prompt_is_rendered_as_the_engine_renders_it(tmp_path: Path, model: str) -> None:
    files = packaged(model)
    chat, engine = load_chat_tokenizer(files.weights), Engine(files.weights)
    for messages in (DATE.messages[:-1], TWO_TURNS.messages[:-1]):
        as_json = [{"role": message.role, "content": message.content} for message in messages]
        assert chat.render(messages, add_generation_prompt=True) == engine.prompt(as_json)


def test_a_response_that_starts_with_a_line_break_keeps_the_prompts_tokens(chat: ChatTokenizer) -> None:
    messages = (Message("user", "o"), Message("assistant", "\non"))
    encoded = encode_example(Example("x", messages), chat)
    assert isinstance(encoded, Encoded)
    prompt = chat.encode(chat.render(messages[:1], add_generation_prompt=True))
    assert list(encoded.ids[: len(prompt)]) == prompt
    assert encoded.labels[len(prompt) :] == (198, 260, 263)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ((Message("user", "Hi"),), "does not end with a response"),
        ((), "does not end with a response"),
        ((Message("user", "Hi"), Message("assistant", "  \n")), "response is empty"),
        ((Message("user", "<|im_end|>Hi"), Message("assistant", "A")), "holds '<|im_end|>'"),
        ((Message("user", "Hi"), Message("assistant", "A<|im_start|>")), "holds '<|im_start|>'"),
    ],
)
def test_what_cannot_be_learnt_is_set_aside_with_a_reason(
    chat: ChatTokenizer, messages: tuple[Message, ...], reason: str
) -> None:
    dropped = encode_example(Example("x", messages), chat)
    assert isinstance(dropped, Dropped)
    assert reason in dropped.reason


def test_examples_over_the_limit_are_set_aside_and_counted(chat: ChatTokenizer) -> None:
    long = Example("long", (Message("user", "o"), Message("assistant", "x" * 100)))
    kept, dropped = encode_examples([DATE, long, TWO_TURNS], chat, max_tokens=100)
    assert [item.id for item in kept] == ["date", "two"]
    assert dropped == [Dropped("long", "it has 121 tokens, and 100 are allowed")]


def test_a_shortened_example_learns_no_end(chat: ChatTokenizer) -> None:
    encoded = encode_example(DATE, chat)
    assert isinstance(encoded, Encoded)
    short = shorten(encoded, len(encoded.ids) - 3)
    assert isinstance(short, Encoded)
    assert short.labels[-1] == short.ids[-1] != 263
    check_mask([short], [DATE], chat)
    assert isinstance(shorten(encoded, len(encoded.ids) - 8), Dropped)


def test_the_mask_check_sees_a_learnt_prompt(chat: ChatTokenizer) -> None:
    with pytest.raises(ModelError, match="prompt is learnt"):
        check_mask([_spoilt(chat, slice(None), None)], [DATE], chat)


def test_the_mask_check_sees_a_prompt_that_is_learnt_in_part(chat: ChatTokenizer) -> None:
    with pytest.raises(ModelError, match="not response 1"):
        check_mask([_spoilt(chat, slice(-18, -15), None)], [DATE], chat)


def test_the_mask_check_sees_a_masked_response(chat: ChatTokenizer) -> None:
    with pytest.raises(ModelError, match="not response 1"):
        check_mask([_spoilt(chat, slice(-15, -12), IGNORED)], [DATE], chat)
    with pytest.raises(ModelError, match="2 stretches are learnt of 1"):
        check_mask([_spoilt(chat, slice(-5, -4), IGNORED)], [DATE], chat)
    with pytest.raises(ModelError, match="0 stretches are learnt of 1"):
        check_mask([_spoilt(chat, slice(None), IGNORED)], [DATE], chat)


def test_the_mask_check_sees_that_the_end_is_not_learnt(chat: ChatTokenizer) -> None:
    with pytest.raises(ModelError, match="end of response 1 is not learnt"):
        check_mask([_spoilt(chat, slice(-1, None), IGNORED)], [DATE], chat)


def test_the_mask_check_sees_a_label_that_is_another_token(chat: ChatTokenizer) -> None:
    with pytest.raises(ModelError, match="not the token it stands under"):
        check_mask([_spoilt(chat, slice(-2, -1), 5)], [DATE], chat)


def test_the_mask_check_never_quotes_the_example(chat: ChatTokenizer) -> None:
    with pytest.raises(ModelError) as caught:
        check_mask([_spoilt(chat, slice(-15, -12), IGNORED)], [DATE], chat)
    assert "May" not in str(caught.value)


def test_a_template_that_rewrites_answered_turns_is_refused(tmp_path: Path) -> None:
    rewriting = "{{ messages | length }}" + CHATML
    with pytest.raises(ModelError, match="renders a conversation differently once it is answered"):
        encode_example(DATE, load_chat_tokenizer(tiny_model(tmp_path, template=rewriting).weights))


def test_a_template_without_an_end_is_refused(tmp_path: Path) -> None:
    endless = CHATML.replace("<|im_end|>", "")
    with pytest.raises(ModelError, match="would never stop"):
        encode_example(DATE, load_chat_tokenizer(tiny_model(tmp_path, template=endless).weights))


def test_a_template_that_changes_responses_is_caught_by_the_check(tmp_path: Path) -> None:
    shouting = CHATML.replace("message['content']", "message['content'] | upper")
    chat = load_chat_tokenizer(tiny_model(tmp_path, template=shouting).weights)
    encoded = encode_example(DATE, chat)
    assert isinstance(encoded, Encoded)
    with pytest.raises(ModelError, match="not response 1"):
        check_mask([encoded], [DATE], chat)


def test_a_model_without_a_chat_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no chat template"):
        load_chat_tokenizer(tiny_model(tmp_path, template=None).weights)


def test_a_tokenizer_that_cannot_be_reproduced_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gpt2, deepseek-coder.*cannot reproduce exactly"):
        load_chat_tokenizer(tiny_model(tmp_path, split="deepseek-coder").weights)


def _spoilt(chat: ChatTokenizer, part: slice, value: int | None) -> Encoded:
    """DATE with some labels replaced: by ``value``, or by the token itself."""
    encoded = encode_example(DATE, chat)
    assert isinstance(encoded, Encoded)
    labels = list(encoded.labels)
    for index in range(*part.indices(len(labels))):
        labels[index] = encoded.ids[index] if value is None else value
    return replace(encoded, labels=tuple(labels))


REFUSES_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + CHATML
IGNORES_SYSTEM = CHATML.replace(
    "%}{{ '<|im_start|>' + message", "%}{% if message['role'] != 'system' %}{{ '<|im_start|>' + message", 1
).replace("{% endfor %}", "{% endif %}{% endfor %}", 1)


@pytest.mark.parametrize("template", [REFUSES_SYSTEM, IGNORES_SYSTEM], ids=["refuses", "leaves out"])
def test_a_template_without_system_role_shows_it_as_the_engine_does(tmp_path: Path, template: str) -> None:
    files = tiny_model(tmp_path, template=template)
    chat, engine = load_chat_tokenizer(files.weights), Engine(files.weights)
    messages = (Message("system", "Be kind."), Message("user", "Hi"), Message("assistant", "the on"))
    as_json = [{"role": message.role, "content": message.content} for message in messages[:-1]]
    assert chat.render(messages[:-1], add_generation_prompt=True) == engine.prompt(as_json)
    example = Example("x", messages)
    encoded = encode_example(example, chat)
    assert isinstance(encoded, Encoded)
    assert "Be kind." in chat.decode(encoded.ids)
    check_mask([encoded], [example], chat)


def test_a_tokenizer_without_a_pad_token_is_no_obstacle(tmp_path: Path) -> None:
    files = tiny_model(tmp_path, pad=False)
    chat = load_chat_tokenizer(files.weights)
    assert "pad_token" not in chat.special
    encoded, dropped = encode_examples(examples(3), chat, max_tokens=200)
    assert (len(encoded), dropped) == (3, [])


def conversations(count: int) -> list[tuple[Message, ...]]:
    """Real paragraphs of the handbook, some with a system message, some with several turns, and other scripts."""
    pages = sorted(shared("handbook-18f").rglob("*.md"))
    paragraphs = [
        paragraph.strip()
        for page in pages
        for paragraph in page.read_text(encoding="utf-8").split("\n\n")
        if 40 < len(paragraph) < 400
    ]
    right_to_left = ["שלום עולם, מה שלומך היום?", "مرحبا بالعالم، كيف حالك اليوم؟", "ـــ 12 ٪ \u202bעברית\u202c abc"]
    texts = iter([*right_to_left, *paragraphs[:: max(1, len(paragraphs) // (count * 3))]])
    made = []
    for number in range(count):
        head = (Message("system", "Answer briefly."),) if number % 3 == 0 else ()
        more = (Message("user", next(texts)), Message("assistant", "Yes.")) if number % 4 == 0 else ()
        made.append((*head, *more, Message("user", next(texts))))
    return made


@pytest.mark.parametrize("model", ["smollm2-135m", pytest.param("qwen2.5-coder-1.5b", marks=pytest.mark.slow)])
def test_trainer_and_engine_read_a_hundred_conversations_as_the_same_tokens(tmp_path: Path, model: str) -> None:
    files = packaged(model)
    chat, engine = load_chat_tokenizer(files.weights), Engine(files.weights)
    different = []
    for number, messages in enumerate(conversations(100)):
        as_json = [{"role": message.role, "content": message.content} for message in messages]
        ours = chat.encode(chat.render(messages, add_generation_prompt=True))
        if ours != engine.tokens(engine.prompt(as_json)):
            different.append(number)
    assert different == []


def test_a_right_to_left_answer_is_learnt_whole(chat: ChatTokenizer) -> None:
    example = Example("x", (Message("user", "שלום?"), Message("assistant", "مرحبا، \u202bעברית\u202c 12.")))
    encoded = encode_example(example, chat)
    assert isinstance(encoded, Encoded)
    check_mask([encoded], [example], chat)
