"""The verdict: what a model's own files mean for a plan, one remark a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from foretune.plan.config import Config, Story
from foretune.plan.intent import stories
from foretune.plan.sizing.hardware import Hardware
from foretune.plan.sizing.inference import inference_memory, inference_sizes, largest_that_fits
from foretune.plan.sizing.training import Method, training_memory
from foretune.plan.suitability.lineage import (
    Foundation,
    domain_of_model,
    domain_of_plan,
    foundation_of,
    licence_named,
)
from foretune.plan.suitability.template import template_remark
from foretune.plan.suitability.types import Grade, ModelFacts, Remark, Suitability

__all__ = ["NO_STORY", "OLD_AFTER_DAYS", "suitability"]

OLD_AFTER_DAYS = 730
"""Two years after its foundation was published a model knows neither recent law nor recent software."""
HEADROOM = 1.25
"""Above the formula of training memory, as published measurements want."""
NO_STORY = Story(persona="", want="", so_that="")
"""Where there is no plan: the default one is an example, and nobody's."""
SMALL = 1_000_000_000
"""Parameters below which a model answers badly without evidence before it (docs/results.md)."""


@dataclass(frozen=True, slots=True)
class _Case:
    facts: ModelFacts
    config: Config
    hardware: Hardware
    today: date
    foundation: Foundation | None
    told_by: str


_Look = Callable[[_Case], Remark | None]
_LOOKS: list[_Look] = []


def _look(function: _Look) -> _Look:
    """Register one question put to every model, in this order."""
    _LOOKS.append(function)
    return function


def suitability(facts: ModelFacts, config: Config, hardware: Hardware, *, today: date) -> Suitability:
    """Put every question; pure.

    Args:
        hardware: what the model is to run and to be tuned on.
        today: what the age of its foundation is counted from.
    """
    foundation, told_by = foundation_of(facts)
    case = _Case(facts, config, hardware, today, foundation, told_by)
    remarks = [remark for look in _LOOKS if (remark := look(case)) is not None]
    remarks.sort(key=lambda remark: list(Grade).index(remark.grade))
    best = largest_that_fits(inference_sizes(facts.shape, hardware, context=_context(case))) if facts.shape else None
    return Suitability(
        facts,
        tuple(remarks),
        foundation.name if foundation else "",
        foundation.released.isoformat() if foundation else "",
        domain_of_model(facts, foundation),
        best.quantisation if best else "",
        tuple(method.value for method in Method if _trains(case, method)),
    )


@_look
def _whole(case: _Case) -> Remark | None:
    if case.facts.missing:
        return Remark("files", Grade.REFUSED, f"Missing: {'; '.join(case.facts.missing)}. Fetch it again.")
    return None


@_look
def _believable(case: _Case) -> Remark | None:
    if case.facts.odd:
        return Remark("metadata", Grade.REFUSED, f"{' '.join(case.facts.odd)} Do not trust the file: fetch another.")
    return None


@_look
def _safe(case: _Case) -> Remark | None:
    facts = case.facts
    source = "https://huggingface.co/docs/hub/security-pickle"
    if facts.code:
        return Remark(
            "safety",
            Grade.REFUSED,
            f"It wants its own code to be run ({_some(facts.code)}): take a model that your engine knows.",
        )
    if facts.pickled and not facts.has_safe_weights:
        return Remark(
            "safety",
            Grade.REFUSED,
            f"Its weights are pickled ({_some(facts.pickled)}), and loading them can run anything: "
            "take the safetensors or GGUF version.",
            source,
        )
    if facts.pickled:
        return Remark(
            "safety",
            Grade.WARNING,
            f"Pickled files lie beside the safe ones; do not load {_some(facts.pickled)}.",
            source,
        )
    if facts.kind in ("openai", "ollama"):
        return None
    return Remark("safety", Grade.GOOD, "Its weights hold numbers only, and no code comes along.")


@_look
def _licence(case: _Case) -> Remark:
    facts, foundation = case.facts, case.foundation
    own, root = licence_named(facts.licence), licence_named(foundation.licence) if foundation else None
    if foundation and root and root.kind != "permissive" and (own is None or own.id != root.id):
        claimed = f"It says {facts.licence}" if facts.licence else "It names no licence"
        return Remark(
            "licence",
            Grade.REFUSED if root.kind == "research" else Grade.WARNING,
            f"{claimed}, but goes back to {foundation.name} (by “{case.told_by}”), whose licence {root.id} "
            f"cannot be taken off: {root.terms}.",
            root.url,
        )
    if not facts.licence:
        return Remark("licence", Grade.UNKNOWN, "It names no licence, so nothing is allowed: ask whoever made it.")
    if own is None:
        return Remark(
            "licence", Grade.UNKNOWN, f"Its licence “{facts.licence}” is not one known here: have somebody read it."
        )
    if own.kind == "research":
        return Remark("licence", Grade.REFUSED, f"{own.id}: {own.terms}.", own.url)
    if own.kind == "conditional":
        return Remark("licence", Grade.WARNING, f"{own.id}: {own.terms}.", own.url)
    if not foundation:
        return Remark(
            "licence",
            Grade.UNKNOWN,
            f"{own.id}; what it was made from is not known, so neither is that licence.",
            own.url,
        )
    return (
        Remark("licence", Grade.GOOD, f"{own.id}, and so is its foundation {foundation.name}.", own.url)
        if (root and root.id == own.id)
        else Remark(
            "licence", Grade.GOOD, f"{own.id}; its foundation {foundation.name}: {foundation.licence}.", own.url
        )
    )


@_look
def _age(case: _Case) -> Remark:
    if case.foundation is None:
        return Remark("age", Grade.UNKNOWN, "Its foundation is not known, so neither is when its knowledge ends.")
    days = (case.today - case.foundation.released).days
    verified = "" if case.foundation.read_at else " (unverified: look it up at the source)"
    told = f"Its foundation {case.foundation.name} was published on {case.foundation.released}{verified}"
    source = case.foundation.read_at or case.foundation.source
    if days > OLD_AFTER_DAYS:
        return Remark(
            "age",
            Grade.WARNING,
            f"{told}, {days / 365.25:.1f} years ago, and its knowledge ends before that. "
            "What is newer has to be given to it.",
            source,
        )
    return Remark("age", Grade.GOOD, f"{told}, and its knowledge ends before that.", source)


@_look
def _domain(case: _Case) -> Remark | None:
    made_for = domain_of_model(case.facts, case.foundation)
    if not made_for:
        return None
    if case.config.story == NO_STORY:
        told = f"This is a {made_for} model; without a plan nobody can say whether that suits."
        return Remark("domain", Grade.UNKNOWN, told)
    asked = {story[0]: domain_of_plan(*story, case.config.purpose.must_answer) for story in stories(case.config)}
    others = {persona: domain for persona, domain in asked.items() if domain != made_for}
    if not others:
        return Remark("domain", Grade.GOOD, f"It was made for what the plan is about: {made_for}.")
    if len(asked) == 1:
        (about,) = others.values()
        told = f"your documents are about {about}" if about else "the plan is about something else"
    else:
        # Several stories, a verdict for each that it was not made for.
        told = "; ".join(
            f"the story of {persona} is about {domain or 'something else'}" for persona, domain in others.items()
        )
    return Remark("domain", Grade.WARNING, f"This is a {made_for} model; {told}.")


@_look
def _languages(case: _Case) -> Remark | None:
    known = {language.casefold()[:2] for language in case.facts.languages if len(language) in (2, 3, 5)}
    wanted = case.config.platform.languages
    if "multilingual" in {language.casefold() for language in (*case.facts.languages, *case.facts.tags)}:
        return Remark("languages", Grade.GOOD, "It says that it is multilingual.")
    if not known:
        return Remark(
            "languages", Grade.UNKNOWN, f"It does not say which languages it knows (wanted: {_some(wanted)})."
        )
    if missing := [language for language in wanted if language[:2] not in known]:
        return Remark(
            "languages",
            Grade.WARNING,
            f"It says it knows {_some(sorted(known))}; the plan wants {', '.join(missing)} too.",
        )
    return Remark("languages", Grade.GOOD, f"It says it knows {_some(wanted)}.")


@_look
def _chat(case: _Case) -> Remark:
    return template_remark(case.facts)


@_look
def _window(case: _Case) -> Remark:
    facts, config = case.facts, case.config
    if not facts.context:
        return Remark("context", Grade.UNKNOWN, "It does not say how long its window is.")
    if facts.context < config.engine.context:
        return Remark(
            "context",
            Grade.WARNING,
            f"Its window has {facts.context:,} tokens, the plan wants {config.engine.context:,} (engine.context).",
        )
    return Remark(
        "context", Grade.GOOD, f"Its window has {facts.context:,} tokens, {config.engine.context:,} are wanted."
    )


@_look
def _size(case: _Case) -> Remark | None:
    parameters = case.facts.parameters
    if parameters and parameters < SMALL:
        return Remark(
            "size",
            Grade.WARNING,
            f"{parameters / 1e6:,.0f} M parameters: good for trying things out, weak at answering on its own.",
        )
    return None


@_look
def _runs(case: _Case) -> Remark | None:
    facts, hardware = case.facts, case.hardware
    if facts.kind == "openai":
        return None
    if facts.shape is None:
        return Remark("running", Grade.UNKNOWN, f"It lacks the measures that tell whether it runs on {hardware.name}.")
    sizes = inference_sizes(facts.shape, hardware, context=_context(case))
    best = largest_that_fits(sizes)
    bits = facts.bits or 16.0
    needed, room = inference_memory(facts.shape, bits, _context(case)), hardware.memory
    as_it_is = f"{needed / 1e9:,.1f} of {room / 1e9:,.0f} GB"
    if needed <= room:
        finest = f"; the finest quantisation that fits is {best.quantisation}" if best else ""
        return Remark("running", Grade.GOOD, f"As it is, it runs on {hardware.name} ({as_it_is}){finest}.")
    if best:
        return Remark(
            "running",
            Grade.WARNING,
            f"As it is, it does not fit {hardware.name} ({as_it_is}); "
            f"{best.quantisation} would ({best.memory / 1e9:,.1f} GB).",
        )
    return Remark("running", Grade.REFUSED, f"It does not fit {hardware.name} in any quantisation ({as_it_is}).")


@_look
def _tunes(case: _Case) -> Remark | None:
    facts, hardware = case.facts, case.hardware
    if facts.kind in ("openai", "ollama"):
        return Remark("tuning", Grade.UNKNOWN, "Its weights are elsewhere: whether it can be tuned is for them to say.")
    if facts.shape is None:
        return None
    fitting = [method.value for method in Method if _trains(case, method)]
    needed = HEADROOM * _training(case, Method.LORA) / 1e9
    if not fitting:
        return Remark(
            "tuning", Grade.WARNING, f"It cannot be tuned on {hardware.name}: LoRA wants about {needed:,.1f} GB."
        )
    return Remark(
        "tuning", Grade.GOOD, f"On {hardware.name} it can be tuned by {', '.join(fitting)} (LoRA: {needed:,.1f} GB)."
    )


def _trains(case: _Case, method: Method) -> bool:
    if case.facts.shape is None or (method is Method.QLORA and case.hardware.is_here):
        return False
    return HEADROOM * _training(case, method) <= case.hardware.memory


def _training(case: _Case, method: Method) -> float:
    settings = case.config.tuning
    assert case.facts.shape is not None
    return training_memory(
        case.facts.shape, method, rank=settings.rank, batch=settings.batch_size, tokens=settings.max_tokens
    )


def _context(case: _Case) -> int:
    return min(case.facts.context or case.config.engine.context, case.config.engine.context)


def _some(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
