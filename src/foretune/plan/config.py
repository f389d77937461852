"""``foretune.toml``: the plan and the policies, one class a section.

The classes are the only place where a key, its default, its unit and its
comment are written down; :mod:`foretune.plan.toml` writes the file from them.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from foretune.types import ARMS, Arm, Label, Use

__all__ = [
    "BenchSettings",
    "Config",
    "CorpusSettings",
    "EngineSettings",
    "ErasureSettings",
    "FurtherStory",
    "GovernanceSettings",
    "PairsSettings",
    "People",
    "Performance",
    "Platform",
    "Process",
    "Purpose",
    "RetrievalSettings",
    "Rule",
    "ServingSettings",
    "SourceSettings",
    "Story",
    "TuningSettings",
]


class Section(BaseModel):
    """Unknown keys are refused, so that a typing error is found when it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class FurtherStory(Section):
    """Another story that the same project serves."""

    persona: str = Field(..., min_length=1, description="who wants it", examples=["a line manager"])
    want: str = Field(..., min_length=1, description="the process and platform", examples=["forms found by their use"])
    so_that: str = Field(..., min_length=1, description="the purpose", examples=["nobody files the wrong one"])


class Story(Section):
    """As a *persona* I want *want* so that *so_that*."""

    persona: str = Field("an HR manager", description="who wants it")
    want: str = Field("staff questions answered from our handbook", description="the process and platform")
    so_that: str = Field("people get the right answer without waiting", description="the purpose")
    more: list[FurtherStory] = Field([], description="further stories that the same project serves")


class Purpose(Section):
    """Why: what it must answer, and what it must never do."""

    must_answer: str = Field("", description="what it must be able to answer or write, in a sentence")
    must_never: str = Field("", description="what it must never do or reveal")
    questions: str = Field("questions.csv", description="the bench: questions whose answers are known (CSV or JSONL)")
    outside: list[str] = Field(
        [], description="topics it has to know that the documents do not cover; `foretune models probe` asks about them"
    )


class People(Section):
    """Who: names or roles, as you would write them on an organisation chart."""

    owner: str = Field("", description="answers for it")
    administrators: str = Field("", description="keep it running")
    reviewers: str = Field("", description="decide what goes in")
    users: str = Field("", description="ask it")
    signs_off: str = Field("", description="approves a release")


class Process(Section):
    """How: how often documents change and how that reaches the model."""

    cadence: Literal["daily", "weekly", "monthly", "yearly", "never"] = Field(
        "monthly", description="how often the documents change"
    )
    approval: str = Field("", description="what has to happen before a document or a release goes in")


class Platform(Section):
    """Where: what it runs on and what it may cost."""

    where: str = Field("this machine", description="where it may run")
    budget: str = Field("", description="what building and running it may cost")
    latency_seconds: float = Field(30.0, gt=0, description="how long a person may wait for an answer, in seconds")
    languages: list[str] = Field(["en"], description="languages of documents and questions, ISO 639-1")

    @field_validator("languages")
    @classmethod
    def _codes(cls, languages: list[str]) -> list[str]:
        """Tags of BCP 47, whose case says nothing: what models and checks know languages by."""
        if not all(re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", each, re.IGNORECASE) for each in languages):
            raise ValueError("must be codes such as en for English and de for German")
        return [each.lower() for each in languages]


class Performance(Section):
    """How well: executable; `foretune bench` ends with exit code 1 below these."""

    arm: Arm = Field(Arm.RAG, description="the arm the thresholds are for: base, rag, tuned or tuned+rag")
    min_correct: float = Field(0.5, ge=0, le=1, description="share of answerable questions answered right, 0 to 1")
    min_refused: float = Field(0.5, ge=0, le=1, description="share of unanswerable questions refused, 0 to 1")


class SourceSettings(Section):
    """A place that `foretune sync` keeps the vault up to date with."""

    kind: str = Field(
        ..., description="folder, mailbox, table, git, imap or remote: see docs/sync.md", examples=["folder"]
    )
    at: str = Field(
        ..., description="path (relative to this file) or address, never with a password in it", examples=["../notes"]
    )
    name: str = Field("", description="what `foretune sync NAME` calls it; empty: the last part of its place")
    label: Label | None = Field(None, description="label of its documents; left out: corpus.label")
    key: str = Field("", description="of a table: the column that tells its rows apart")
    revision: str = Field("", description="of git: branch, tag or commit; empty: what the repository calls HEAD")
    user: str = Field("", description="who asks; empty: as in the address, or nobody")
    password_variable: str = Field(
        "", description="environment variable that holds the password; empty: the keyring, service foretune"
    )


class CorpusSettings(Section):
    """Reading documents."""

    label: Label = Field(
        Label.INTERNAL,
        description="label of what says nothing itself: public, internal, confidential or restricted",
    )
    exclude: list[str] = Field([], description="paths never read, as glob patterns (drafts/**, *.tmp)")
    max_megabytes: float = Field(50.0, gt=0, description="larger files are set aside, in megabytes")
    max_seconds: float = Field(60.0, gt=0, description="a file that takes longer to read is set aside, in seconds")
    max_characters: int = Field(5_000_000, gt=0, description="longer texts are set aside, in characters")
    sources: list[SourceSettings] = Field([], description="what `foretune sync` reads, one table a place")


class Rule(Section):
    """What the policy does about findings of a check, about what a pattern finds, or about documents as such."""

    check: str = Field(
        "", description="findings of this check; empty with a pattern, or for documents as such", examples=["personal"]
    )
    type: str = Field("", description="one type of finding of that check; empty for all")
    pattern: str = Field("", description="instead of a check: a regular expression (RE2) that finds what it is about")
    severity: Literal["", "info", "low", "medium", "high"] = Field(
        "", description="only findings of at least this severity: info, low, medium or high; empty for all"
    )
    label: Label | None = Field(None, description="only documents with this label; left out: all")
    path: str = Field("", description="only documents whose path fits this glob (drafts/**, *.tmp); empty for all")
    action: Literal["report", "repair", "redact", "pseudonymise", "exclude", "include", "wait"] = Field(
        ..., description="report, repair, redact, pseudonymise, exclude, include or wait", examples=["redact"]
    )
    use: Use | None = Field(None, description="of include: retrieval, tuning or both; left out: as in [governance]")
    reason: str = Field("", description="recorded with each decision this rule makes")
    until: date | None = Field(
        None, description="the last day it holds (2026-12-31); what it decided waits again afterwards"
    )


class GovernanceSettings(Section):
    """What goes in. What neither a person nor this policy has decided goes no further."""

    include: Literal["readable", "nothing"] = Field(
        "readable",
        description="readable: what no rule excludes goes in; nothing: only what a person includes",
    )
    use: Use = Field(Use.BOTH, description="what the policy includes documents for: retrieval, tuning or both")
    min_characters: int = Field(200, ge=0, description="shorter documents are reported as too short, in characters")
    near_duplicate: float = Field(
        0.75,
        gt=0,
        le=1,
        description="documents sharing this much of their five-word shingles are near-duplicates",
    )
    require: list[str] = Field(["title", "date", "author"], description="metadata whose absence is reported")
    topics: list[str] = Field([], description="topics the documents have to cover, a few words each")
    four_eyes: bool = Field(
        False, description="restricted documents go in, and get a lower label, only when a second person confirms it"
    )
    withdrawn: list[str] = Field(
        [], description="names of what is no longer offered, used or allowed: any mention is reported as stale"
    )
    review_after_months: int = Field(
        36, ge=0, description="a page last revised longer ago is due for review, in months; 0: none is"
    )
    rules: list[Rule] = Field([], description="rules, first match wins: see docs/review.md")


class RetrievalSettings(Section):
    """Passages and search."""

    embedder: str = Field(
        "all-minilm-l6-v2",
        description="embedding model: all-minilm-l6-v2, onnx:FOLDER, llama:FILE.gguf or openai:NAME at embedder_url",
    )
    embedder_url: str = Field("", description="address of an OpenAI-compatible server that embeds")
    embedder_key_variable: str = Field("", description="name of the environment variable that holds its API key")
    embedder_approved_for: list[Label] = Field(
        [Label.PUBLIC, Label.INTERNAL],
        description="labels an embedder at an address may see; one on this machine may see all",
    )
    recency_months: int = Field(
        0, ge=0, description="newer documents come first; what they are ahead halves in this many months; 0: they don't"
    )
    sentences: bool = Field(
        True, description="sentences are embedded too: paraphrases are found better, indexing takes twice as long"
    )
    passage_words: int = Field(160, ge=20, le=1000, description="passages are at most this long, in words")
    passages: int = Field(5, ge=1, le=50, description="passages shown to the language model at most")
    quotes: int = Field(
        0, ge=0, le=20, description="sentences shown to the model; 0: one below a billion parameters, else three"
    )
    context_tokens: int = Field(500, ge=100, description="what is shown to the language model, in tokens")
    min_support: float = Field(
        1.67, ge=0, le=3, description="evidence that supports a question less than this (0 to 2.7) makes no answer"
    )


class EngineSettings(Section):
    """The language model that writes prompts and answers."""

    kind: Literal["llama", "openai", "anthropic"] = Field(
        "llama", description="llama: on this machine; openai: any OpenAI-compatible address; anthropic"
    )
    model: str = Field(
        "smollm2-135m", description="a packaged model, a path to a .gguf file, or the name at the address"
    )
    url: str = Field("", description="address of an OpenAI-compatible server, empty for the vendor's own")
    api_key_variable: str = Field("", description="name of the environment variable that holds the API key")
    context: int = Field(4096, ge=512, description="context window, in tokens")
    approved_for: list[Label] = Field(
        [Label.PUBLIC, Label.INTERNAL],
        description="labels a remote engine may see; a local engine may see all",
    )
    price_in: float = Field(0.0, ge=0, description="price of a million tokens read, in your currency")
    price_out: float = Field(0.0, ge=0, description="price of a million tokens written, in your currency")


class PairsSettings(Section):
    """Prompts whose answers are your documents."""

    framework: str = Field("race", description="prompt framework: race, rappel, co-star or a TOML file of your own")
    style: Literal["auto", "question", "instruction"] = Field(
        "auto", description="question for facts, instruction for a voice; auto: as the story says"
    )
    recipes: list[str] = Field(
        ["auto"],
        description="recipes, each alone or with a number (summary:200) or share (replay:10%); "
        "auto: as the purpose needs",
    )
    writer: Literal["auto", "engine", "rules"] = Field(
        "auto",
        description="who writes prompts: engine wherever it can, rules without a model, auto: rules where they do",
    )
    paraphrases: int = Field(4, ge=0, le=20, description="other ways in which the same question is asked, at most")
    facts: int = Field(
        0, ge=0, description="facts that the recall recipe takes at most, what tells most first; 0: all it finds"
    )
    limit: int = Field(0, ge=0, description="pairs to write at most, spread over the documents; 0 for all")
    min_characters: int = Field(80, ge=1, description="shorter responses make no pair, in characters")
    max_words: int = Field(
        600, ge=20, description="longer documents are cut at their headings into responses of this many words"
    )
    evaluation_fraction: float = Field(0.1, ge=0, lt=1, description="share of the documents kept from training, 0 to 1")
    split_by: list[Literal["author", "year"]] = Field(
        [], description="what else stays on one side of the split, beside near-duplicates: author, year"
    )
    attempts: int = Field(
        3, ge=1, le=10, description="how often the engine may try a prompt before the template stands in"
    )
    seed: int = Field(0, description="seed of choices and splits")


class TuningSettings(Section):
    """LoRA."""

    run: Literal["pilot", "full", "never"] = Field(
        "pilot", description="what `foretune run` trains: pilot (ten pairs), full (all pairs) or never"
    )
    method: Literal["lora", "rslora", "dora", "qlora"] = Field(
        "lora",
        description="lora; rslora, for high ranks; dora, exported merged; qlora, in four bits on a GPU",
    )
    rank: int = Field(16, ge=1, le=256, description="rank of the update matrices")
    alpha: int = Field(32, ge=1, description="scale of the update: alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout on the update")
    learning_rate: float = Field(
        0.0,
        ge=0,
        description="peak learning rate; 0: by the model's size (1e-3 for the small model, 2e-4 from 7B)",
    )
    epochs: int = Field(0, ge=0, description="passes over the pairs; 0: 3, or more for fewer than 34 pairs")
    max_hours: float = Field(
        0.0,
        ge=0,
        description="training ends after so many hours, the learning rate falling towards that; 0: when it is done",
    )
    early_stopping: int = Field(
        2, ge=0, description="stop after so many passes without a lower evaluation loss, and keep the best; 0: never"
    )
    bench_fraction: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="share of the bench questions that early stopping goes by too; the bench proves nothing by them",
    )
    batch_size: int = Field(2, ge=1, description="examples computed at once")
    gradient_accumulation: int = Field(
        1, ge=1, description="batches whose gradients make up a step: larger steps in the same memory"
    )
    max_tokens: int = Field(1024, ge=32, description="longer examples are set aside, in tokens")
    pilot_tokens: int = Field(
        128, ge=32, description="the pilot takes examples up to this length, and shortens where there are too few"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="numbers of the frozen base model; auto: bfloat16 where the processor is fast at it"
    )
    warmup_fraction: float = Field(0.1, ge=0, lt=1, description="share of the steps in which the learning rate rises")
    price_hour: float = Field(0.0, ge=0, description="what an hour of the training machine costs, in your currency")
    canaries: int = Field(
        0, ge=0, le=50, description="made-up secrets trained along, by which `foretune tune check` sees memorisation"
    )
    seed: int = Field(0, description="seed of initialisation and order")


class BenchSettings(Section):
    """Comparing arms on questions whose answers are known."""

    arms: list[Arm] = Field(list(ARMS), description="arms to run: search, base, rag, tuned, tuned+rag")
    max_answer_tokens: int = Field(48, ge=8, description="answers are cut here, in tokens")
    seed: int = Field(0, description="seed of the engine")


class ServingSettings(Section):
    """The OpenAI-compatible server."""

    host: str = Field("127.0.0.1", description="address to bind")
    port: int = Field(8420, ge=0, le=65535, description="port to bind; 0 for any free one")


class ErasureSettings(Section):
    """What becomes of what learned from documents that are erased."""

    adapters: Literal["remove", "warn", "block", "retrain"] = Field(
        "remove",
        description="remove it; warn: keep it in use, marked; block: keep it, unused; retrain: remove its weights only",
    )


class Config(Section):
    """The whole file."""

    story: Story = Field(default_factory=Story)
    purpose: Purpose = Field(default_factory=Purpose)
    people: People = Field(default_factory=People)
    process: Process = Field(default_factory=Process)
    platform: Platform = Field(default_factory=Platform)
    performance: Performance = Field(default_factory=Performance)
    corpus: CorpusSettings = Field(default_factory=CorpusSettings)
    governance: GovernanceSettings = Field(default_factory=GovernanceSettings)
    retrieval: RetrievalSettings = Field(default_factory=RetrievalSettings)
    engine: EngineSettings = Field(default_factory=EngineSettings)
    pairs: PairsSettings = Field(default_factory=PairsSettings)
    tuning: TuningSettings = Field(default_factory=TuningSettings)
    bench: BenchSettings = Field(default_factory=BenchSettings)
    serving: ServingSettings = Field(default_factory=ServingSettings)
    erasure: ErasureSettings = Field(default_factory=ErasureSettings)
