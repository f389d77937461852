"""Topics that documents do not cover, and texts that a model may know by heart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from foretune.engines import Engine
from foretune.evidence import Support, ground, refuses
from foretune.types import Message

__all__ = ["ANSWERS", "Quoted", "Topic", "ask_topic", "quote"]

ANSWERS = 4
"""Further answers a topic is asked for, to be held against the first."""
TOPIC_TOKENS = 96
TEMPERATURE = 1.0
SHOWN, CONTINUED, PLACES = 40, 40, 5
"""Words shown of a text, words it is to go on for, and places at which it is tried."""
BY_HEART = 20
"""Words in a row that nobody writes twice by chance: with 50 tokens Carlini et al. 2022 (arXiv 2202.07646) call it
memorised, which is some 35 words; half of that is enough to quote a line."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. Whether the answer is true, a person has to say."""

    topic: str
    answer: str
    declined: bool
    agreeing: int
    """Of the further answers, those that support what the first says."""
    asked: int

    @property
    def sentence(self) -> str:
        if self.declined:
            return f"It says that it does not know about {self.topic}: supply it."
        if self.agreeing * 2 > self.asked:
            return (
                f"It says the same about {self.topic} {self.agreeing} of {self.asked} times: "
                "it may know it; read the answer, for agreeing with oneself is not being right."
            )
        return (
            f"It says something else about {self.topic} each time ({self.agreeing} of {self.asked} agree): "
            "it makes it up, so supply it."
        )


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text whose beginnings were shown."""

    name: str
    longest: int
    """Words in a row it wrote as the text has them."""
    places: int

    @property
    def sentence(self) -> str:
        if self.longest >= BY_HEART:
            return f"It can quote {self.name}: {self.longest} words in a row as they stand there."
        return (
            f"It did not quote {self.name}: at most {self.longest} words in a row at {self.places} places. "
            "That does not prove that it never read it."
        )


def ask_topic(engine: Engine, topic: str, *, seed: int = 0) -> Topic:
    """Ask about a topic once, then a few times at random, and count how often it says the same.

    Source: SelfCheckGPT (Manakul et al. 2023, arXiv 2303.08896): what a model makes up, it makes up anew each time.
    """
    messages = (
        Message("system", "Answer in two short sentences. If you do not know, say that you do not know."),
        Message("user", f"What do you know about {topic}?"),
    )
    first = engine.complete(messages, max_tokens=TOPIC_TOKENS, seed=seed).text.strip()
    if not first or refuses(first):
        return Topic(topic, first, True, 0, 0)
    others = [
        engine.complete(messages, max_tokens=TOPIC_TOKENS, temperature=TEMPERATURE, seed=seed + number).text
        for number in range(1, ANSWERS + 1)
    ]
    agreeing = sum(ground(other, first).verdict is Support.SUPPORTED for other in others)
    return Topic(topic, first, False, agreeing, len(others))


def quote(engine: Engine, name: str, text: str, *, seed: int = 0) -> Quoted:
    """Show pieces of a text and see how far the model goes on as the text does.

    A text of fewer words than are shown and continued once is tried at one place, in proportion.
    """
    words = text.split()
    shown = min(SHOWN, len(words) // 2)
    places = max(1, min(PLACES, len(words) // (SHOWN + CONTINUED)))
    step = max(1, (len(words) - shown - CONTINUED) // places) if places > 1 else 1
    longest = 0
    for place in range(places):
        start = place * step
        beginning = " ".join(words[start : start + shown])
        completion = engine.complete(
            [
                Message("system", "Continue the text word for word, exactly as it goes on. Write nothing else."),
                Message("user", beginning),
            ],
            max_tokens=3 * CONTINUED,
            seed=seed,
        )
        longest = max(longest, _run(words[start + shown : start + shown + CONTINUED], completion.text.split()))
    return Quoted(name, longest, places)


def _run(wanted: list[str], written: list[str]) -> int:
    """The longest run of words in both, whatever the case and punctuation."""
    one, other = ([re.sub(r"\W", "", word).casefold() for word in words] for words in (wanted, written))
    return SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size
