"""Does the chat template end an answer with the token the tokenizer knows as the end?

Where it does not, a tuned model never learns to stop, or the engine does not see
that it did. The template is a program: it is rendered in Jinja's sandbox, in a process
with little time and memory, on one short conversation, with what transformers gives it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from foretune.plan.suitability.types import Grade, ModelFacts, Remark

__all__ = ["template_remark"]

LONGEST = 200_000
"""Characters of a template that is looked at; real ones have a few thousand."""
_ANSWER = "4711-ANSWER"
_SECONDS = 20
"""On the clock; the process has two of the processor, and may have to wait for it."""


def template_remark(facts: ModelFacts) -> Remark:
    """What the template is worth."""
    about = "chat template"
    if not facts.chat_template:
        if facts.kind in ("openai", "ollama"):
            return Remark(about, Grade.UNKNOWN, "The address applies its own chat template and does not show it.")
        return Remark(
            about,
            Grade.REFUSED,
            "It has no chat template: this is a base model, which continues text and answers none.",
        )
    rendered = _rendered(facts)
    if rendered is None:
        return Remark(about, Grade.WARNING, "Its chat template cannot be rendered outside its own software.")
    if _ANSWER not in rendered:
        return Remark(about, Grade.WARNING, "Its chat template leaves out what the assistant says.")
    after = rendered.partition(_ANSWER)[2].lstrip()
    if not facts.end_token:
        return Remark(about, Grade.UNKNOWN, "The tokenizer does not say which token ends an answer.")
    if after.startswith(facts.end_token):
        return Remark(
            about, Grade.GOOD, f"Its chat template ends an answer with {facts.end_token}, as the tokenizer says."
        )
    if token := next((token for token in facts.stop_tokens if token and after.startswith(token)), ""):
        return Remark(
            about,
            Grade.GOOD,
            f"Its chat template ends an answer with {token}, at which the configuration says to stop.",
        )
    ends = f"with {after.split(chr(10))[0][:30]!r}" if after else "with nothing"
    return Remark(
        about,
        Grade.WARNING,
        f"Its chat template ends an answer {ends}, the tokenizer says {facts.end_token}: "
        "tuned on this, the model may never learn to stop.",
    )


def _rendered(facts: ModelFacts) -> str | None:
    if len(facts.chat_template) > LONGEST:
        return None
    messages = [
        {"role": "user", "content": "What is it?"},
        {"role": "assistant", "content": _ANSWER},
        {"role": "user", "content": "And then?"},
    ]
    variables = {
        "messages": messages,
        "add_generation_prompt": False,
        "bos_token": facts.begin_token,
        "eos_token": facts.end_token,
    }
    program = Path(__file__).with_name("rendering.py")
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(program)],
            input=json.dumps({"template": facts.chat_template, "variables": variables}),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    rendered: str = json.loads(done.stdout)
    return rendered
