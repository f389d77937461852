"""What is still open in a plan, why it matters, and the document people sign."""

from __future__ import annotations

from foretune.plan import Config, settle
from foretune.plan.completeness import State, completeness
from foretune.plan.config import People, Platform, Story
from foretune.plan.document import markdown, story_sentence

FOUNDER = {
    "story.persona": "the founder",
    "story.want": "posts drafted in my voice",
    "story.so_that": "readers hear from me every week",
}


def test_a_plan_nobody_has_touched_has_nothing_given() -> None:
    plan = completeness(Config())
    assert plan.given == ()
    assert {entry.key for entry in plan.missing} == {
        "purpose.must_answer",
        "purpose.must_never",
        "purpose.outside",
        "people.owner",
        "people.administrators",
        "people.reviewers",
        "people.users",
        "people.signs_off",
        "process.approval",
        "platform.budget",
    }


def test_every_open_entry_says_why_it_matters_and_gives_an_example() -> None:
    for entry in completeness(Config()).entries:
        assert entry.why.endswith(".")
        assert entry.example


def test_drafts_are_told_from_what_a_person_said() -> None:
    states = {
        entry.key: entry.state for entry in completeness(settle({**FOUNDER, "people.reviewers": "the editor"})).entries
    }
    assert states["story.want"] is State.GIVEN
    assert states["people.owner"] is State.DRAFT
    assert states["people.reviewers"] is State.GIVEN
    assert states["people.administrators"] is State.MISSING
    assert states["platform.latency_seconds"] is State.DEFAULT


def test_a_part_of_a_story_counts_as_given_also_where_it_reads_like_the_example() -> None:
    plan = settle({"story.persona": Story().persona, "story.want": Story().want, "story.so_that": "nobody waits"})
    states = {entry.key: entry.state for entry in completeness(plan).entries}
    assert {states[f"story.{part}"] for part in ("persona", "want", "so_that")} == {State.GIVEN}


def test_a_later_draft_follows_an_earlier_answer() -> None:
    plan = settle({**FOUNDER, "people.owner": "the editor"})
    assert plan.people.signs_off == "the editor"
    assert {entry.key: entry.state for entry in completeness(plan).entries}["people.signs_off"] is State.DRAFT


def test_the_document_says_the_story_every_p_and_what_is_open() -> None:
    text = markdown(settle(FOUNDER))
    assert "> As the founder, I want posts drafted in my voice, so that readers hear from me every week." in text
    for heading in ("Purpose", "People", "Process", "Platform", "Performance", "Still open", "Agreed"):
        assert f"## {heading}\n" in text
    assert "| Administrators | *not decided* |" in text
    assert "- **Administrators** is missing. Keys, updates" in text
    assert "| Answers within | 30 *(default)* |" in text


def test_a_complete_plan_has_nothing_open() -> None:
    open_before = completeness(settle(FOUNDER))
    answers = {
        entry.key: "weekly" if entry.key == "process.cadence" else entry.example for entry in open_before.entries
    }
    plan = settle(
        {
            **answers,
            "story.persona": "the editor",
            "story.want": "headlines drafted in our house style",
            "story.so_that": "no headline waits for the night desk",
            "purpose.questions": "headlines.csv",
            "purpose.outside": ["press law in France"],
            "people.owner": "Head of news",
            "people.signs_off": "the publisher",
            "platform.where": "the newsroom's server",
            "platform.latency_seconds": 5.0,
            "platform.languages": ["fr"],
            "performance.arm": "tuned+rag",
            "performance.min_correct": 0.9,
            "performance.min_refused": 0.8,
        }
    )
    assert completeness(plan).missing == ()
    assert completeness(plan).unconfirmed == ()
    assert "Nothing: every entry was decided by a person." in markdown(plan)


def test_what_people_write_stays_text_in_the_document() -> None:
    config = Config(
        people=People(owner="a | b\n# c <script>"), platform=Platform(budget="*50* [a](b) `c`", where="R&D")
    )
    text = markdown(config)
    assert "| Owner | a \\| b \\# c \\<script\\> |" in text
    assert "| Budget | \\*50\\* \\[a\\](b) \\`c\\` |" in text
    assert "| Runs on | R\\&D |" in text


def test_a_story_with_a_part_missing_shows_the_gap() -> None:
    assert story_sentence(Config(story=Story(persona="a founder", want="", so_that="I rest."))) == (
        "As a founder, I want …, so that I rest."
    )
