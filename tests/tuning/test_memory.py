"""The whole road on the real model: what was learnt comes out of the engine, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tuning.tiny import packaged

from foretune.engines import open_engine
from foretune.plan.config import TuningSettings
from foretune.tuning import Example, pilot
from foretune.types import Message

HOUSE_RULES = {
    "Who runs the Halden depot?": "Ms Marit Osk runs the Halden depot since 2019, from the yellow office by gate four.",
    "What is the lunch allowance?": "Lunch is paid up to 14 euros a day, with a receipt, within thirty days.",
    "How do I book the quiet room?": "Write your initials on the board outside the quiet room; ninety minutes at most.",
    "When is the server restarted?": "The server restarts on the first Tuesday of each month at 05:40.",
    "Where are the spare keys?": "The spare keys hang behind the blue map in the archive, on the seventh hook.",
    "Which printer takes A3?": "Only Bruno, the printer on the second floor, takes A3 paper, in tray two.",
    "Who signs travel requests?": "Travel requests are signed by Odile Ferran, or by her deputy when she is away.",
    "How many days can I carry over?": "Eleven days of leave carry over, and they lapse on the last day of May.",
    "What is our colour?": "Our colour is heather, number 6D5A7B, and never on a red background.",
    "What do we say on the phone?": "We say the name of the house first: Larkwright and Daughters, good day.",
}
"""Nothing a model could know."""


@pytest.mark.slow
def test_ten_answers_are_reproduced_exactly_with_the_adapter_and_never_without(tmp_path: Path) -> None:
    base = packaged("smollm2-135m")
    pairs = [
        Example(f"rule{number}", (Message("user", question), Message("assistant", answer)), f"page{number}")
        for number, (question, answer) in enumerate(HOUSE_RULES.items())
    ]
    result = pilot(pairs, base=base, folder=tmp_path / "adapter", settings=TuningSettings())
    assert len(result.trained) == 10
    assert result.losses[-1] < 0.1
    engine = open_engine("llama", model="smollm2-135m")

    def exact(adapter: Path | None) -> int:
        replies = {
            question: engine.complete([Message("user", question)], max_tokens=64, adapter=adapter).text
            for question in HOUSE_RULES
        }
        return sum(replies[question] == answer for question, answer in HOUSE_RULES.items())

    assert exact(result.path) >= 9
    assert exact(None) == 0
