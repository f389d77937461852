"""The interview: story first, drafts from it, weak answers challenged, nothing lost and nothing forced."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from foretune.plan import Config, Interview, Prompt, conduct
from foretune.plan.config import Story
from foretune.plan.drafts import DRAFTS
from foretune.plan.fields import keys
from foretune.plan.questions import CHAPTERS, QUESTIONS
from foretune.types import Arm


def replying(replies: dict[str, str | list[str]], seen: list[Prompt] | None = None) -> Callable[[Prompt], str]:
    """Somebody who gives these replies to the keys named, and presses Enter otherwise."""
    waiting: dict[str, Iterator[str]] = {
        key: iter([reply] if isinstance(reply, str) else reply) for key, reply in replies.items()
    }

    def ask(prompt: Prompt) -> str:
        if seen is not None:
            seen.append(prompt)
        return next(waiting.get(prompt.question.key, iter(())), "")

    return ask


STORY = {
    "story.persona": "the founder",
    "story.want": "a first draft of our weekly posts in my voice",
    "story.so_that": "readers hear from me every week",
}


def test_every_question_belongs_to_a_key_and_a_chapter_of_the_plan() -> None:
    assert [question.key for question in QUESTIONS if question.key not in keys()] == []
    assert list(dict.fromkeys(question.section for question in QUESTIONS)) == [chapter.section for chapter in CHAPTERS]
    assert set(DRAFTS) <= {question.key for question in QUESTIONS}


def test_every_key_of_the_story_and_the_five_ps_is_asked_for() -> None:
    sections = {chapter.section for chapter in CHAPTERS}
    asked = {key for key in keys() if key.partition(".")[0] in sections} - {"story.more"}
    assert asked == {question.key for question in QUESTIONS}


def test_enter_on_everything_gives_the_default_story_and_drafts_from_it() -> None:
    config = conduct(lambda _: "")
    assert config.story == Story()
    assert config.purpose.must_answer == Story().want
    assert config.people.owner == "HR manager"
    assert config.people.users == "staff"
    assert config.performance.arm is Arm.RAG


def test_the_five_ps_are_drafted_from_the_story() -> None:
    config = conduct(replying({**STORY, "people.owner": "Chief of staff"}))
    assert config.people.signs_off == "Chief of staff"
    assert config.people.users == "readers"
    assert config.process.cadence == "weekly"
    assert config.process.approval.endswith("decided by Chief of staff")
    assert config.performance.arm is Arm.TUNED
    assert "never wrote" in config.purpose.must_never


@pytest.mark.parametrize(
    ("so_that", "share"),
    [
        ("nine in ten are pleased", 0.5),
        ("90% of the answers are right", 0.9),
        ("we get 9 of 10 answers correct", 0.9),
        ("we spend 20% less time on it", 0.5),
        ("120% of the answers are right", 0.5),
    ],
)
def test_only_a_share_of_right_answers_becomes_a_threshold(so_that: str, share: float) -> None:
    assert conduct(replying({**STORY, "story.so_that": so_that})).performance.min_correct == share


def test_no_part_of_the_example_story_gets_into_another() -> None:
    seen: list[Prompt] = []
    config = conduct(replying({"story.persona": "a teacher"}, seen))
    assert config.story == Story(persona="a teacher", want="", so_that="")
    assert [prompt.default for prompt in seen if prompt.question.key == "story.want"] == ["", ""]


def test_an_empty_part_of_the_story_is_asked_for_again_and_then_accepted() -> None:
    interview = Interview().reply("a teacher").reply("")
    prompt = interview.prompt()
    assert prompt is not None
    assert prompt.question.key == "story.want"
    assert prompt.objection.startswith("The story needs this part.")
    assert interview.reply("").answers["story.want"] == ""


@pytest.mark.parametrize(
    ("key", "weak", "said"),
    [
        ("story.persona", "everyone", "Name one role or person"),
        ("story.want", "better content", "“better content” can't be tested"),
        ("story.want", "a chatbot", "can't be tested"),
        ("story.want", "answers", "can be read in many ways"),
        ("story.so_that", "everything is more efficient", "can't be tested"),
        ("purpose.must_never", "nothing good", "can't be tested"),
        ("purpose.must_answer", "?", "leaves it open"),
        ("people.owner", "the team", "nobody one could call"),
        ("people.administrators", "tbd", "leaves it open"),
        ("platform.budget", "as little as possible", "Put a number to it"),
    ],
)
def test_a_weak_answer_is_challenged_with_an_example(key: str, weak: str, said: str) -> None:
    seen: list[Prompt] = []
    conduct(replying({**STORY, key: weak}, seen))
    objections = [prompt for prompt in seen if prompt.question.key == key and prompt.objection]
    assert len(objections) == 1
    assert said in objections[0].objection
    assert objections[0].default == weak  # Enter insists


def test_the_examples_of_the_interview_are_not_weak_themselves() -> None:
    for question in QUESTIONS:
        assert [challenge(question.example) for challenge in question.challenges if challenge(question.example)] == []


def test_a_weak_answer_stands_when_the_person_insists() -> None:
    assert conduct(replying({"story.want": ["better content", "better content"]})).story.want == "better content"
    assert conduct(replying({"story.want": ["better content", ""]})).story.want == "better content"


def test_a_second_weak_answer_is_challenged_again() -> None:
    seen: list[Prompt] = []
    conduct(
        replying({"story.want": ["better content", "good stuff", "leave questions answered from the handbook"]}, seen)
    )
    assert sum(bool(prompt.objection) for prompt in seen if prompt.question.key == "story.want") == 2


def test_an_answer_that_cannot_be_used_is_asked_again_until_it_can() -> None:
    seen: list[Prompt] = []
    config = conduct(
        replying({"process.cadence": ["often", "daily"], "platform.latency_seconds": ["soon", "0", "5"]}, seen)
    )
    assert config.process.cadence == "daily"
    assert config.platform.latency_seconds == 5
    assert [prompt.objection for prompt in seen if prompt.question.key == "process.cadence"] == [
        "",
        'That cannot be used: process.cadence must be daily, weekly, monthly, yearly or never, it is "often".',
    ]


@pytest.mark.parametrize(
    ("reply", "value"), [("0.8", 0.8), ("80%", 0.8), ("80 %", 0.8), ("80 per cent", 0.8), ("1", 1)]
)
def test_a_share_may_be_given_in_per_cent(reply: str, value: float) -> None:
    assert conduct(replying({"performance.min_correct": reply})).performance.min_correct == value


def test_a_list_is_given_with_commas() -> None:
    assert conduct(replying({"platform.languages": "en, de ,fr"})).platform.languages == ["en", "de", "fr"]
    assert conduct(replying({"platform.languages": "EN"})).platform.languages == ["en"]


def test_a_language_by_its_name_is_asked_for_by_its_code() -> None:
    interview = Interview({key: "" for key in keys() if key != "platform.languages"}).reply("english, german")
    assert "must be codes such as en for English and de for German" in interview.objection
    assert interview.reply("en, de").answers["platform.languages"] == ["en", "de"]


def test_what_was_answered_before_is_not_asked_again() -> None:
    seen: list[Prompt] = []
    config = conduct(replying({}, seen), {**STORY, "people.owner": "Chief of staff", "retrieval.passages": 7})
    assert config.people.owner == "Chief of staff"
    assert config.retrieval.passages == 7
    assert {"story.persona", "story.want", "people.owner"}.isdisjoint(prompt.question.key for prompt in seen)


def test_an_interview_can_be_saved_and_taken_up_again() -> None:
    interview = Interview()
    for reply in ("the founder", "a first draft of our weekly posts in my voice", "readers hear from me every week"):
        interview = interview.reply(reply)
    resumed = Interview(dict(interview.answers))
    prompt = resumed.prompt()
    assert prompt is not None
    assert (prompt.question.key, prompt.number, prompt.of) == ("purpose.must_answer", 4, len(QUESTIONS))
    assert prompt.default == "a first draft of our weekly posts in my voice"
    assert prompt.chapter is not None
    assert prompt.chapter.title == "Purpose"


def test_an_interruption_is_left_to_whoever_asks() -> None:
    def interrupted(prompt: Prompt) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conduct(interrupted)


def test_the_interview_ends_with_a_plan_that_can_be_written() -> None:
    interview = Interview()
    while interview.prompt() is not None:
        interview = interview.reply("")
    assert isinstance(interview.config(), Config)
    assert set(interview.answers) == {question.key for question in QUESTIONS}
