"""The interview as data: what is asked, why it matters, an example, and what is said to a weak answer.

The order is the order of asking. Every key is one of
:class:`foretune.plan.config.Config`; :mod:`foretune.plan.completeness` and the
requirements document read the same list.
"""

from __future__ import annotations

from dataclasses import dataclass

from foretune.plan.challenges import Challenge, concrete, counted, named, precise, said

__all__ = ["CHAPTERS", "QUESTIONS", "Chapter", "InterviewQuestion", "question_for"]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One section of the plan that people are asked about."""

    section: str
    title: str
    about: str
    """One sentence said before its first question."""


@dataclass(frozen=True, slots=True)
class InterviewQuestion:
    """One question of the interview."""

    key: str
    """``section.key`` in the plan."""
    label: str
    """Its name in tables and in the requirements document."""
    ask: str
    why: str
    """What goes wrong without an answer; one sentence."""
    example: str
    challenges: tuple[Challenge, ...] = ()
    """Tried in order; the first objection is put to the person, once for each answer."""

    @property
    def section(self) -> str:
        return self.key.partition(".")[0]


CHAPTERS: tuple[Chapter, ...] = (
    Chapter("story", "The story", "In three parts: as … I want … so that …."),
    Chapter("purpose", "Purpose", "Why it exists: what it must answer, what it must never do."),
    Chapter("people", "People", "Who answers for it, runs it, reviews it, uses it."),
    Chapter("process", "Process", "How documents change and how that reaches the model."),
    Chapter("platform", "Platform", "Where it runs, what it may cost, how fast, in which languages."),
    Chapter("performance", "Performance", "How well: the bench checks these numbers."),
)

QUESTIONS: tuple[InterviewQuestion, ...] = (
    InterviewQuestion(
        "story.persona",
        "As",
        "Who wants this? As …",
        "Whoever wants it decides what a good answer is; without them nobody can.",
        "an HR manager",
        (said("an HR manager"), named("“an HR manager”, “the founder”, “a support agent on the night shift”")),
    ),
    InterviewQuestion(
        "story.want",
        "I want",
        "What should happen, with which documents? … I want …",
        "It decides between retrieval (facts from documents) and tuning (a way of writing).",
        "staff questions answered from our handbook",
        (
            said("staff questions answered from our handbook"),
            concrete("Name three questions it should have answered, or three pieces it should have written."),
            precise(4, "“staff questions answered from our handbook”, “a first draft of each week's post in my voice”"),
        ),
    ),
    InterviewQuestion(
        "story.so_that",
        "so that",
        "What is different afterwards? … so that …",
        "It is what the whole effort is measured by; without it nobody can say whether it worked.",
        "people get the right answer without waiting",
        (
            said("people get the right answer without waiting"),
            concrete("Say what somebody would see or count: “nobody waits two days for an answer about leave”."),
            precise(4, "“nobody waits two days for an answer about leave”"),
        ),
    ),
    InterviewQuestion(
        "purpose.must_answer",
        "Must answer or write",
        "What must it be able to answer or write? Three examples are better than one rule.",
        "The bench questions are written from this; what is not named here is not tested.",
        "how much leave people have, who approves travel, what the probation period is",
        (
            said("how much leave people have, who approves travel, what the probation period is"),
            concrete("Name three questions it should have answered, or three pieces it should have written."),
            precise(4, "“how much leave people have, who approves travel, what the probation period is”"),
        ),
    ),
    InterviewQuestion(
        "purpose.must_never",
        "Must never",
        "What must it never do or reveal?",
        "Refusals are tested like answers; a limit nobody wrote down is a limit nobody keeps.",
        "answer what the handbook does not say; name a person's salary",
        (
            said("“answer what the handbook does not say”, “name a person's salary”, “promise a date to a client”"),
            concrete("Name the answer that would get you into trouble: “a person's salary”, “legal advice”."),
        ),
    ),
    InterviewQuestion(
        "purpose.outside",
        "Must know besides",
        "Which topics must it know that your documents do not cover (separated by commas)?",
        "A model that seems to know may make it up; `foretune models probe` asks it about these.",
        "public holidays in Ireland, how a visa is applied for",
    ),
    InterviewQuestion(
        "purpose.questions",
        "Bench questions",
        "Which file will hold the questions whose answers you know?",
        "Without known answers there is no proof that it worked; fifty questions are a start, a hundred better.",
        "questions.csv",
    ),
    InterviewQuestion(
        "people.owner",
        "Owner",
        "Who answers for it?",
        "Someone has to decide when documents and answers disagree.",
        "Head of HR",
        (said("Head of HR"), named("“Head of HR”")),
    ),
    InterviewQuestion(
        "people.administrators",
        "Administrators",
        "Who keeps it running?",
        "Keys, updates and back-ups need a hand; without the vault's key nobody can open the vault.",
        "IT operations",
        (said("“IT operations”, “the founder, on her own laptop”"),),
    ),
    InterviewQuestion(
        "people.reviewers",
        "Reviewers",
        "Who decides which documents go in?",
        "Findings wait for somebody who knows the documents; what nobody decides goes no further.",
        "two HR generalists",
        (said("two HR generalists"), named("“two HR generalists”")),
    ),
    InterviewQuestion(
        "people.users",
        "Users",
        "Who will ask it?",
        "What they may read decides what it may say to them.",
        "all staff",
        (said("all staff"),),
    ),
    InterviewQuestion(
        "people.signs_off",
        "Signs off",
        "Who approves a release?",
        "A release without an approver is one nobody can be asked about.",
        "Head of HR",
        (said("Head of HR"), named("“Head of HR”")),
    ),
    InterviewQuestion(
        "process.cadence",
        "Documents change",
        "How often do the documents change: daily, weekly, monthly, yearly or never?",
        "What is trained in is out of date after the first change; what is retrieved is not.",
        "monthly",
    ),
    InterviewQuestion(
        "process.approval",
        "Before anything goes in",
        "What has to happen before a document or a release goes in?",
        "It is the difference between a rule and a habit, and what an auditor asks first.",
        "a reviewer has gone through the findings and the owner agrees",
        (said("a reviewer has gone through the findings and the owner agrees"),),
    ),
    InterviewQuestion(
        "platform.where",
        "Runs on",
        "Where may it run?",
        "It decides which models are possible and who else sees the documents.",
        "this machine",
        (said("“this machine”, “a server in our building”, “our tenant in an EU cloud region”"),),
    ),
    InterviewQuestion(
        "platform.budget",
        "Budget",
        "What may building and running it cost?",
        "Tuning costs once a version, remote engines once an answer; without a limit neither can be ruled out.",
        "no more than 50 a month, nothing to build",
        (
            said("“no more than 50 a month, nothing to build”"),
            counted("“no more than 50 a month”, “2,000 once, nothing to run”"),
        ),
    ),
    InterviewQuestion(
        "platform.latency_seconds",
        "Answers within",
        "How long may a person wait for an answer, in seconds?",
        "A small machine answers in seconds or in minutes, depending on the model.",
        "30",
    ),
    InterviewQuestion(
        "platform.languages",
        "Languages",
        "Which languages are the documents and questions in (two-letter codes, separated by commas)?",
        "Small models and embeddings know some languages and only pretend to know others.",
        "en, de",
    ),
    InterviewQuestion(
        "performance.arm",
        "Arm",
        "Which arm are the thresholds for: rag (retrieval), tuned, tuned+rag or base?",
        "A threshold has to be for something; `foretune advise` says which arm fits, and why.",
        "rag",
    ),
    InterviewQuestion(
        "performance.min_correct",
        "Right answers, at least",
        "Which share of the answerable questions must be answered right (0 to 1, or per cent)?",
        "The bench passes or fails by it.",
        "0.8",
    ),
    InterviewQuestion(
        "performance.min_refused",
        "Refusals, at least",
        "Which share of the unanswerable questions must be declined (0 to 1, or per cent)?",
        "An assistant that never says “I don't know” is wrong with confidence.",
        "0.9",
    ),
)

_BY_KEY = {question.key: question for question in QUESTIONS}


def question_for(key: str) -> InterviewQuestion | None:
    """The question that settles ``key``; None for settings the interview leaves alone."""
    return _BY_KEY.get(key)
