"""Does the chat template end an answer with the token the tokenizer knows as the end?

Where it does not, a tuned model never learns to stop, or the engine does not see
that it did. The template is a program: it is rendered in Jinja's sandbox, on one
short conversation, with what transformers gives it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from foretune.plan.suitability.types import Grade, ModelFacts, Remark

__all__ = ["template_remark"]

LONGEST = 200_000
"""Characters of a template that is looked at; real ones have a few thousand."""
_ANSWER = "4711-ANSWER"


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
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> str:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: datetime(2026, 1, 1, tzinfo=UTC).strftime(form)
    messages = [
        {"role": "user", "content": "What is it?"},
        {"role": "assistant", "content": _ANSWER},
        {"role": "user", "content": "And then?"},
    ]
    try:
        return environment.from_string(facts.chat_template).render(
            messages=messages,
            add_generation_prompt=False,
            bos_token=facts.begin_token,
            eos_token=facts.end_token,
        )
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        # A template is somebody else's program: whatever it trips over says that it cannot be relied on.
        return None
