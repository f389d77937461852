"""Recipes say what pairs can be made; the plan says which, and how much of each."""

from __future__ import annotations

import pytest
from tests.helpers import ROOT

from foretune.errors import ConfigError
from foretune.pairs import choices
from foretune.pairs.framework import load_framework
from foretune.pairs.recipes import RECIPES, chosen, registered, spread
from foretune.pairs.slots import Making, Slot
from foretune.plan.config import PairsSettings
from foretune.types import GovernedDocument, Use

FRAMEWORK = load_framework("race", folder=ROOT)
LEAVE = """You earn four hours of annual leave in each pay period.

## Carrying over

You can carry over a maximum of 240 annual leave hours, from one leave year to the next.
If you leave the agency, award leave is not paid out.

There are two kinds of leave:

- Annual leave for holidays
- Sick leave for illness

## Can I sell my leave?

No, leave cannot be sold.
"""


def document(text: str = LEAVE, name: str = "leave.md", title: str = "Leave") -> GovernedDocument:
    return GovernedDocument(name, name, text, Use.BOTH, "0", title=title)


def making(**settings: object) -> Making:
    return Making(PairsSettings(**settings), FRAMEWORK, FRAMEWORK.question, "an HR manager", lambda _: "train")


def made(name: str, *documents: GovernedDocument, **settings: object) -> list[Slot]:
    return list(registered(name).make(documents or (document(),), making(**settings)))


def asked(slots: list[Slot]) -> dict[str, str]:
    return {slot.rule.prompt: slot.rule.response for slot in slots if slot.rule}


def test_questions_are_formed_from_numbers_conditions_lists_and_headings() -> None:
    found = asked(made("question_answer"))
    assert found["How many annual leave hours can you carry over, from one leave year to the next?"] == (
        "You can carry over a maximum of 240 annual leave hours, from one leave year to the next."
    )
    assert found["What applies if you leave the agency?"] == "If you leave the agency, award leave is not paid out."
    assert found["What are the two kinds of leave?"] == (
        "There are two kinds of leave: Annual leave for holidays; Sick leave for illness."
    )
    assert found["Can I sell my leave?"] == "No, leave cannot be sold."


def test_the_same_fact_is_asked_for_in_many_ways_and_answered_the_same() -> None:
    ways = [slot for slot in made("paraphrases", paraphrases=6) if slot.rule and "240" in slot.rule.response]
    assert len(ways) == 6
    prompts = asked(ways)
    assert "How many annual leave hours can I carry over, from one leave year to the next?" in prompts
    assert all(answer.removeprefix("Yes. ").startswith("You can carry over") for answer in prompts.values())
    question = next(slot for slot in made("question_answer") if slot.rule and "240" in slot.rule.response)
    assert {slot.family for slot in ways} == {question.family}
    assert question.rule is not None
    assert question.rule.prompt not in prompts


def test_a_question_by_rule_needs_no_engine_unless_the_plan_says_so() -> None:
    assert all(slot.ask is None for slot in made("question_answer"))
    assert all(slot.ask is not None and slot.rule is not None for slot in made("question_answer", writer="engine"))
    assert all(slot.ask is None for slot in made("document", writer="rules"))


def test_a_pilot_and_a_voice_learn_from_documents_and_facts_from_questions_too() -> None:
    assert [choice.recipe.name for choice in choices(["auto"], voice=False, pilot=True)] == ["document", "section"]
    names = {choice.recipe.name for choice in choices(["auto"], voice=False, pilot=False)}
    assert {"question_answer", "paraphrases"} <= names
    assert not {"question_answer", "paraphrases"} & {c.recipe.name for c in choices(["auto"], voice=True, pilot=False)}


def test_an_entry_says_how_many_or_which_share() -> None:
    many, share = choices(["question_answer:200", "paraphrases: 10%"], voice=False, pilot=False)
    assert (many.most, many.share, share.most, share.share) == (200, 0.0, 0, 0.1)


@pytest.mark.parametrize(
    ("entry", "says"),
    [("sumary", "There is no pairs recipe 'sumary'"), ("summary 5", "cannot be read"), ("paraphrases:100%", "between")],
)
def test_an_entry_that_makes_no_sense_is_refused_in_a_sentence(entry: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        choices([entry], voice=False, pilot=False)


def test_a_limit_is_shared_by_the_recipes_and_no_pair_of_it_is_lost() -> None:
    wanted = choices(["section", "question_answer", "paraphrases:20%"], voice=False, pilot=False)
    documents = [document(LEAVE.replace("240", str(n)), f"{n}.md") for n in range(30, 40)]
    every = {c.recipe.name: list(c.recipe.make(documents, making(max_words=20, min_characters=20))) for c in wanted}
    slots = chosen(every, wanted, limit=30, seed=0)
    counts = {name: sum(slot.recipe == name for slot in slots) for name in RECIPES}
    assert (counts["section"], counts["question_answer"], counts["paraphrases"]) == (12, 12, 6)


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_a_limit_takes_as_many_documents_as_it_can(limit: int) -> None:
    documents = [document(LEAVE.replace("240", str(n)), f"{n}.md") for n in range(5)]
    every = made("section", *documents, max_words=20, min_characters=20)
    found = spread(every, limit, seed=1)
    assert len(found) == limit
    assert len({slot.unit.document.id for slot in found}) == min(limit, 5)
    assert [slot.place for slot in found] == [slot.place for slot in spread(every[::-1], limit, seed=1)][::-1]
    assert spread(every, 0, seed=1) == every
