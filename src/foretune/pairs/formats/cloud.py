"""Vertex AI and Amazon Bedrock."""

from __future__ import annotations

from collections.abc import Iterator

from foretune.pairs.formats.base import Format, Rules, formatted
from foretune.pairs.formats.shapes import SHAPES, Row

__all__: list[str] = []

_GIGABYTE = 1_000_000_000


@formatted
class Vertex(Format):
    """Gemini on Vertex AI: 131,072 tokens a row, 1 million rows, 1 GB, 5,000 rows of validation.

    https://cloud.google.com/vertex-ai/generative-ai/docs/models/gemini-supervised-tuning (limits of Gemini 2.5; those
    of 1.5 were 32,000 tokens and 256 rows of validation),
    https://cloud.google.com/vertex-ai/generative-ai/docs/models/gemini-supervised-tuning-prepare
    """

    name = "vertex"
    title = "Vertex AI (Gemini)"
    shape = SHAPES["contents"]
    rules = Rules(most=1_000_000, most_evaluation=5_000, most_bytes=_GIGABYTE, cutoff=131_072, beyond="cut off there")
    load = "Copy both files to a Cloud Storage bucket and give their gs:// addresses to `client.tunings.tune`."
    notes = (
        "The assistant is called `model`, and the system message is `systemInstruction`, not a turn.",
        "Gemini 1.5 takes 256 rows of validation, later models 5,000; 100 rows to train on are the recommended start.",
    )
    sources = (
        "https://cloud.google.com/vertex-ai/generative-ai/docs/models/gemini-supervised-tuning",
        "https://cloud.google.com/vertex-ai/generative-ai/docs/models/gemini-supervised-tuning-prepare",
    )

    def row_faults(self, row: Row) -> Iterator[str]:
        for item in row["contents"]:
            if item.get("role") not in ("user", "model"):
                yield f"a turn has the role {item.get('role')!r}: Gemini knows user and model"


@formatted
class Bedrock(Format):
    """``{"prompt", "completion"}`` for models that are tuned on single texts.

    https://docs.aws.amazon.com/bedrock/latest/userguide/preparing-text-data.html
    """

    name = "bedrock"
    title = "Amazon Bedrock (prompt and completion)"
    shape = SHAPES["prompt-completion"]
    rules = Rules(system=False, turns=False)
    load = "Copy both files to an S3 bucket and name them in `create-model-customization-job`."
    notes = (
        "Titan and Llama take this form; Nova and Claude take `bedrock-conversation`.",
        "There is no system message: it stands in front of the prompt.",
        "How many rows are allowed depends on the model (see “Model requirements” and your quotas).",
        "Count on 6 characters a token.",
    )
    sources = ("https://docs.aws.amazon.com/bedrock/latest/userguide/preparing-text-data.html",)


@formatted
class BedrockConversation(Format):
    """``bedrock-conversation-2024``: the user first, the assistant last, nothing beside, no reserved words in prompts.

    https://docs.aws.amazon.com/nova/latest/userguide/fine-tune-prepare-data-understanding.html,
    https://docs.aws.amazon.com/bedrock/latest/userguide/preparing-text-data.html
    """

    name = "bedrock-conversation"
    title = "Amazon Bedrock (bedrock-conversation-2024)"
    shape = SHAPES["bedrock-conversation"]
    rules = Rules(
        reserved=("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]"),
        message_keys=frozenset({"role", "content"}),
    )
    load = "Copy both files to an S3 bucket and name them in `create-model-customization-job`."
    notes = (
        "A prompt or system message with `User:`, `Bot:`, `Assistant:`, `System:` or `[EOS]` fails the whole job: "
        "such rows are set aside.",
        "Nova takes several turns a row; Claude and Llama take one.",
        "Nova recommends 100 rows or more for each task.",
    )
    sources = (
        "https://docs.aws.amazon.com/nova/latest/userguide/fine-tune-prepare-data-understanding.html",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/preparing-text-data.html",
    )

    def row_faults(self, row: Row) -> Iterator[str]:
        if row.get("schemaVersion") != "bedrock-conversation-2024":
            yield "'schemaVersion' is not 'bedrock-conversation-2024'"
        for item in row["messages"]:
            if item.get("role") not in ("user", "assistant"):
                yield f"a message has the role {item.get('role')!r}: the system message stands under 'system'"
