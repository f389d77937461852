"""Recipes say what pairs can be made; the plan says which, and how much of each."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers import ROOT

from foretune.errors import ConfigError
from foretune.pairs import choices, replay_pairs
from foretune.pairs.framework import load_framework
from foretune.pairs.recipes import RECIPES, chosen, registered, spread
from foretune.pairs.recipes.refusal import NOT_IN_DOCUMENTS
from foretune.pairs.recipes.with_context import INSTRUCTION
from foretune.pairs.slots import Making, Slot
from foretune.plan.config import PairsSettings
from foretune.retrieval import answer
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


def test_recall_asks_for_what_people_look_up_and_never_gives_the_answer_away() -> None:
    slots = made("recall", paraphrases=8)
    answers = {slot.rule.response for slot in slots if slot.rule}
    assert answers == {
        "You earn four hours of annual leave in each pay period.",
        "You can carry over a maximum of 240 annual leave hours, from one leave year to the next.",
        "No, leave cannot be sold.",  # a rule; that there are two kinds of leave is no item's own
    }
    for prompt in asked(slots):
        assert not re.search(r"\b(?:240|four)\b", prompt)
        assert prompt[0].isupper()
        assert prompt.endswith("?")


def test_recall_takes_the_most_telling_facts_first_and_asks_for_each_in_as_many_ways_as_it_may() -> None:
    rule = "Every supervisor must keep a signed copy of the agreement in the shared folder of the team."
    both = document(f"{rule}\n\nThe agreement ends ninety days after both sides have signed the last page.")
    [*slots] = made("recall", both, paraphrases=6, facts=1)
    assert len(slots) == 6
    assert {slot.rule.response for slot in slots if slot.rule} == {
        "The agreement ends ninety days after both sides have signed the last page."
    }
    assert {slot.family for slot in slots} == {slots[0].family}
    assert len({slot.place for slot in made("recall", both, paraphrases=6)}) == 12


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


def test_a_summary_is_the_documents_own_sentences_in_its_order() -> None:
    text = " ".join(f"The garden on floor {n} is open to all guests of the house." for n in range(8))
    [slot] = made("summary", document(text, title="Gardens"))
    assert slot.rule is not None
    said = slot.rule.response.split(". ")
    assert len(said) == 3
    assert [text.index(each.rstrip(".")) for each in said] == sorted(text.index(each.rstrip(".")) for each in said)


def test_notes_become_the_text_as_it_was_written() -> None:
    text = "Thirty years of repairing radios teach you patience. People come for the talk, and stay for the music."
    [slot] = made("rewrite", document(text, title="The shop"), min_characters=20)
    assert slot.rule is not None
    assert slot.rule.response == text
    assert "- thirty years repairing radios teach patience" in slot.rule.prompt
    assert slot.rule.prompt.startswith("Write this up about The shop as an HR manager would:")


def test_a_question_is_refused_only_where_no_document_holds_its_words() -> None:
    asked_of_leave = {slot.rule.prompt for slot in made("refusal") if slot.rule}
    pool = document("The swimming pool opens at nine on weekdays.", "pool.md")
    with_pool = {slot.rule.prompt for slot in made("refusal", document(), pool) if slot.rule}
    assert asked_of_leave - with_pool == {"What are the opening hours of the swimming pool?"}
    assert {slot.rule.response for slot in made("refusal") if slot.rule} == {NOT_IN_DOCUMENTS}


def test_what_is_refused_and_asked_with_context_is_worded_as_the_bench_asks_it() -> None:
    assert answer.NOT_IN_DOCUMENTS == NOT_IN_DOCUMENTS
    assert answer._INSTRUCTION == INSTRUCTION


def test_a_transcript_gives_what_was_asked_and_what_was_answered() -> None:
    said = (
        "Ann: Welcome to all of you.",
        "Bo: Thanks.",
        "Ann: When do we ship the new release?",
        "Bo: We ship it on Friday, once the last test is green.",
        "Ann: Good. Who writes the notes?",
        "Cy: I can write them tomorrow, after the review of the texts.",
    )
    text = "\n\n".join(said)
    first, second = made("dialogue", document(text, "meeting.vtt", title="Weekly"))
    assert first.rule is not None
    assert first.rule.prompt == "Bo: Thanks.\nAnn: When do we ship the new release?"
    assert first.rule.response == "We ship it on Friday, once the last test is green."
    assert first.rule.system == "You are Bo in “Weekly”."
    assert second.rule is not None
    assert second.rule.response.startswith("I can write them")
    assert not made("dialogue", document("Name: Ann\nCity: Rome\nAge: 4\nPhone: 1\nMail: a\nRole: b\nNote: Why?"))


def test_a_row_of_a_table_answers_cell_by_cell() -> None:
    markdown = document("| Plan | Price |\n|---|---|\n| Basic | 10 euros |\n| Gold | 30 euros |\n")
    assert asked(made("table", markdown)) == {
        "What is the price of plan Basic?": "The price of plan Basic is 10 euros.",
        "What is the price of plan Gold?": "The price of plan Gold is 30 euros.",
    }
    sheet = GovernedDocument(
        "c", "c.csv", "Customer: Acme\nCity: Rome\n\nCustomer: Bo\nCity: Oslo", Use.BOTH, "0", media_type="text/csv"
    )
    assert asked(made("table", sheet))["What is the city of customer Bo?"] == "The city of customer Bo is Oslo."


def test_general_pairs_are_of_every_kind_right_and_the_same_each_time() -> None:
    pairs = replay_pairs(50, seed=1)
    assert pairs == replay_pairs(50, seed=1) != replay_pairs(50, seed=2)
    everything = replay_pairs()
    assert len({pair.prompt for pair in everything}) == len(everything) >= 300
    assert {pair.provenance["source"] for pair in everything} == {"written for Foretune"}
    for pair in everything:
        if match := re.fullmatch(r"(\d+) ([+\-×÷]) (\d+) = (\d+)\.", pair.response):
            one, other, result = int(match[1]), int(match[3]), int(match[4])
            assert {"+": one + other, "-": one - other, "×": one * other, "÷": one / other}[match[2]] == result


@given(st.text(alphabet="abIYou can.,:?!#*|- \n[](){}%1234é’", max_size=300))
def test_any_text_makes_pairs_that_say_where_they_are_from(text: str) -> None:
    whole = document(text)
    for name in RECIPES:
        for slot in made(name, whole, min_characters=1, max_words=20):
            assert 0 <= slot.unit.start <= slot.unit.end <= len(text)
            assert slot.rule is None or slot.rule.prompt == slot.rule.prompt.strip() or name == "dialogue"
