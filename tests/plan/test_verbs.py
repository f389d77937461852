"""The verbs new, plan and advise, driven as people and scripts drive them."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import psutil
import pytest
from docx import Document
from tests.helpers import ROOT
from typer import Typer
from typer.testing import CliRunner

from foretune.cli.plan import plan
from foretune.plan import Config, load, render, settle, update
from foretune.plan.config import EngineSettings
from foretune.plan.contradictions import contradictions
from foretune.plan.history import read_history
from foretune.types import Arm
from foretune.vault import Vault

app = Typer()
app.command()(plan)
COMMAND = [sys.executable, "-c", "from foretune.cli import main; main()"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    return tmp_path


def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    return done


def complaint(*arguments: str) -> str:
    """What is said on standard error, which has to be one line."""
    said = run(*arguments, code=2).stderr
    assert said.count("\n") == 1
    return said.removeprefix("foretune: ").strip()


class Terminal:
    """Somebody at a terminal: reads what is shown, types lines."""

    def __init__(self, *arguments: str) -> None:
        self.shown = ""
        self._seen = 0
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.execv(COMMAND[0], [*COMMAND, *arguments])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._terminal)

    def expect(self, text: str) -> str:
        """Read until ``text`` is shown; returns what was shown up to it since the last call."""
        while (found := self.shown.find(text, self._seen)) < 0:
            assert self._read(), f"ended before {text!r} was shown:\n{self.shown[self._seen :]}"
        before, self._seen = self.shown[self._seen : found], found + len(text)
        return before

    def type(self, line: str) -> None:
        os.write(self._terminal, line.encode() + b"\n")

    def press(self, key: bytes) -> None:
        """Press a key once the other side waits for one: the line editor misses a signal before that."""
        while psutil.Process(self._process).status() != psutil.STATUS_SLEEPING:
            select.select([], [], [], 0.01)
        os.write(self._terminal, key)

    def end(self) -> int:
        """Read to the end; returns the exit code."""
        while self._read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])

    def _read(self) -> bool:
        if not select.select([self._terminal], [], [], 60)[0]:
            os.kill(self._process, signal.SIGKILL)
            raise AssertionError(f"nothing more is shown after:\n{self.shown}")
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # how Linux says that the other side is closed
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


def test_yes_makes_a_whole_project_among_other_files_and_says_where_the_key_is(here: Path, home: Path) -> None:
    (here / "notes.txt").write_text("mine")
    done = run("new", "--yes", ".")
    assert load(here / "foretune.toml") == Config()
    assert (here / "foretune.toml").read_text() == render(Config())
    assert {path.name for path in here.iterdir()} == {"notes.txt", "foretune.toml", "vault", "reports"}
    (key,) = home.rglob("*.key")
    assert str(key) in done.stdout
    assert "whoever loses it loses the vault" in done.stdout
    assert "Next: foretune add FOLDER" in done.stdout
    with Vault.open(here / "vault"):
        pass


def test_the_policy_of_yes_includes_what_is_readable_and_redacts_nothing(here: Path) -> None:
    run("new", "--yes")
    policy = load(here / "foretune.toml").governance
    assert (policy.include, policy.use, policy.rules) == ("readable", "both", [])


def test_a_new_folder_is_made_and_named_in_the_next_command(here: Path) -> None:
    assert "Next: cd hr/bot && foretune add FOLDER" in run("new", "hr/bot", "--yes").stdout
    assert (here / "hr" / "bot" / "foretune.toml").exists()


def test_a_folder_with_a_plan_is_refused_and_left_as_it_was(here: Path) -> None:
    (here / "foretune.toml").write_text("# mine\n")
    assert complaint("new", "--yes") == (f"There is a project in {here} already: work in it, or choose another folder.")
    assert [path.name for path in here.iterdir()] == ["foretune.toml"]
    assert (here / "foretune.toml").read_text() == "# mine\n"


def test_a_file_in_the_folder_s_place_is_refused(here: Path) -> None:
    (here / "hr").write_text("")
    assert complaint("new", "hr", "--yes") == "hr is a file: name a folder for the project."


def test_without_a_terminal_nothing_hangs_and_nothing_is_written(here: Path) -> None:
    assert complaint("new").startswith("There is no terminal to ask on: add --yes")
    assert complaint("new", "--persona", "a founder").startswith("There is no terminal to ask on")
    assert list(here.iterdir()) == []


def test_the_whole_story_by_flags_needs_no_terminal(here: Path) -> None:
    run("new", "--persona", "a founder", "--want", "posts in my voice", "--so-that", "I post weekly")
    config = load(here / "foretune.toml")
    assert (config.story.persona, config.performance.arm) == ("a founder", Arm.TUNED)


def test_answers_come_from_a_file_and_flags_go_before_it(here: Path) -> None:
    (here / "answers.json").write_text(json.dumps({"story": {"persona": "a founder", "want": "posts in my voice"}}))
    run("new", "bot", "--from", "answers.json", "--persona", "the founder", "--set", "retrieval.passages=8")
    config = load(here / "bot" / "foretune.toml")
    assert (config.story.persona, config.story.want, config.story.so_that) == ("the founder", "posts in my voice", "")
    assert config.retrieval.passages == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--yes", "--set", "retrieval.passages=0"), "--set: retrieval.passages must be at least 1, it is 0."),
        (("--yes", "--set", "passages"), "--set takes section.key=value"),
        (("--from", "nowhere.toml"), "There is no file nowhere.toml."),
        (("--from", "bad.toml"), "bad.toml, line 2: there is no setting wnat in [story], the nearest is want."),
        (("--sets", "a=b"), "No such option: --sets"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_nothing_is_written(
    here: Path, arguments: tuple[str, ...], said: str
) -> None:
    (here / "bad.toml").write_text('[story]\nwnat = "x"\n')
    assert complaint("new", "bot", *arguments).startswith(said)
    assert not (here / "bot").exists()


def test_an_interview_at_a_terminal_ends_in_a_project(here: Path) -> None:
    with Terminal("new", "bot") as terminal:
        assert "In three parts: as … I want … so that …." in terminal.expect("[an HR manager] > ")
        terminal.type("the founder")
        terminal.expect("I want …")
        terminal.expect("\n> ")
        terminal.type("better content")
        assert "can't be tested" in terminal.expect("[better content] > ")
        terminal.type("a first draft of our weekly posts in my voice")
        terminal.expect("so that …")
        terminal.expect("\n> ")
        terminal.type("readers hear from me every week")
        for number in range(4, 22):
            terminal.expect(f"{number}/21")
            terminal.expect("> ")
            terminal.type("")
        assert terminal.end() == 0
    assert "Next: cd bot && foretune add FOLDER" in terminal.shown
    config = load(here / "bot" / "foretune.toml")
    assert config.story.want == "a first draft of our weekly posts in my voice"
    assert (config.process.cadence, config.performance.arm) == ("weekly", Arm.TUNED)


@pytest.mark.parametrize("key", [b"\x03", b"\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_an_interview_that_is_stopped_before_an_answer_writes_nothing(here: Path, key: bytes) -> None:
    with Terminal("new", "bot") as terminal:
        terminal.expect("> ")
        terminal.press(key)
        assert terminal.end() == 130
    assert "Stopped; nothing was written." in terminal.shown
    assert "Traceback" not in terminal.shown
    assert list(here.iterdir()) == []


def test_an_interview_that_is_stopped_goes_on_where_it_was(here: Path) -> None:
    with Terminal("new", "bot") as terminal:
        terminal.expect("> ")
        terminal.type("the founder")
        terminal.expect("I want …")
        terminal.expect("> ")
        terminal.press(b"\x03")
        assert terminal.end() == 130
    assert "Stopped; 1 answer is kept in bot/foretune-interview.json" in terminal.shown
    with Terminal("new", "bot") as terminal:
        assert "Who wants this" not in terminal.expect("I want …")
        terminal.press(b"\x04")
        assert terminal.end() == 130
    run("new", "bot", "--yes", "--want", "posts drafted in my voice")
    assert load(here / "bot" / "foretune.toml").story.persona == "the founder"
    assert not (here / "bot" / "foretune-interview.json").exists()


def test_what_flags_say_is_not_asked_for_again() -> None:
    with Terminal("new", "--persona", "the founder") as terminal:
        assert "Who wants this" not in terminal.expect("\n> ")
        terminal.press(b"\x04")
        assert terminal.end() == 130


def test_plan_shows_what_is_open_without_opening_the_vault(here: Path) -> None:
    (here / "foretune.toml").write_text(render(Config()))
    shown = run("plan").stdout
    assert shown.startswith("As an HR manager, I want staff questions answered from our handbook")
    assert re.search(r"Owner +missing", shown)
    assert "people.owner" in shown
    assert "0 of 21 entries decided, 11 as drafted or by default." in shown


def test_plan_prints_one_json_object_an_entry(here: Path) -> None:
    (here / "foretune.toml").write_text(render(Config()))
    (here / "below").mkdir()
    rows = [json.loads(line) for line in run("-C", "below", "plan", "--json").stdout.splitlines()]
    assert len(rows) == 21
    assert rows[0] == {
        "key": "story.persona",
        "label": "As",
        "value": "an HR manager",
        "state": "default",
        "why": "Whoever wants it decides what a good answer is; without them nobody can.",
        "example": "an HR manager",
        "weak": "",
    }


def test_plan_prints_the_document_people_sign(here: Path) -> None:
    (here / "foretune.toml").write_text(render(Config()))
    assert run("plan", "--markdown").stdout.startswith("# Requirements\n")


@pytest.mark.parametrize("name", ["r.md", "r.html", "r.docx"])
def test_the_document_is_written_and_a_later_change_needs_a_reason_that_it_shows(here: Path, name: str) -> None:
    def shown() -> str:
        if name.endswith(".docx"):
            document = Document(str(here / name))
            cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
            return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
        return (here / name).read_text(encoding="utf-8")

    runner = CliRunner()
    (here / "foretune.toml").write_text(render(Config()))
    assert runner.invoke(app, ["--out", name]).exit_code == 0
    assert "I want staff questions answered from our handbook" in shown()
    update(here / "foretune.toml", {"people.owner": "Head of HR"})
    refused = runner.invoke(app, ["--out", name]).exception
    assert "Owner" in str(refused)
    assert "--reason" in str(refused)
    assert "Head of HR" not in shown()
    assert runner.invoke(app, ["--out", name, "--reason", "the works council asked"]).exit_code == 0
    assert "the works council asked" in shown()
    assert [version.reason for version in read_history(here)] == ["", "the works council asked"]


def test_a_reason_without_a_document_to_keep_it_with_is_refused(here: Path) -> None:
    (here / "foretune.toml").write_text(render(Config()))
    assert "name it with --out FILE" in str(CliRunner().invoke(app, ["--reason", "the board asked"]).exception)


def test_several_stories_share_a_project(here: Path) -> None:
    (here / "foretune.toml").write_text(render(Config()))
    told = "As a line manager, I want forms found by their use, so that nobody files the wrong one."
    result = CliRunner().invoke(app, ["--add-story", told])
    assert result.output.startswith(f"Added: {told}\nThe plan tells 2 stories now")
    (further,) = load(here / "foretune.toml").story.more
    assert (further.persona, further.so_that) == ("a line manager", "nobody files the wrong one")
    before = (here / "foretune.toml").read_text()
    for sentence, complaint in (
        ("forms", "As …, I want …, so that …"),
        (told, "The plan tells this story already"),
    ):
        assert complaint in str(CliRunner().invoke(app, ["--add-story", sentence]).exception)
    assert (here / "foretune.toml").read_text() == before


def test_a_story_is_not_added_where_the_document_about_it_cannot_be_written(here: Path) -> None:
    runner, plan_file = CliRunner(), here / "foretune.toml"
    plan_file.write_text(render(Config()))
    before = plan_file.read_text()
    assert runner.invoke(app, ["--out", "plan.md"]).exit_code == 0
    adding = ["--add-story", "As a nurse, I want forms found by use, so that nobody files a wrong one"]
    assert "--reason" in str(runner.invoke(app, [*adding, "--out", "plan.md"]).exception)
    assert "no .md" in str(runner.invoke(app, [*adding, "--out", "plan.odt", "--reason", "asked"]).exception)
    assert plan_file.read_text() == before
    assert len(read_history(here)) == 1
    assert runner.invoke(app, [*adding, "--out", "plan.md", "--reason", "asked"]).exit_code == 0
    assert "As a nurse" in (here / "plan.md").read_text()


def test_a_story_that_contradicts_the_plan_is_not_added(here: Path) -> None:
    (here / "foretune.toml").write_text(render(Config(engine=EngineSettings(kind="anthropic"))))
    before = (here / "foretune.toml").read_text()
    told = "As a nurse, I want the patients' charts searched, so that nobody looks for an hour."
    assert "The plan is about “patients”" in str(CliRunner().invoke(app, ["--add-story", told]).exception)
    assert (here / "foretune.toml").read_text() == before


def test_a_weak_answer_from_a_script_is_challenged_by_the_plan(here: Path) -> None:
    (here / "foretune.toml").write_text(render(settle({"story.want": "better content"})))
    assert "can't be tested" in CliRunner().invoke(app, []).output.replace("\n", " ")


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (
            {"platform.where": "offline only", "engine.kind": "anthropic"},
            "The plan says “offline”, and its engine is at api.anthropic.com",
        ),
        (
            {
                "story.want": "questions about PHI answered",
                "engine.kind": "openai",
                "engine.url": "https://llm.example/v1",
            },
            "The plan is about “PHI”, and its engine at llm.example is approved for public and internal",
        ),
        (
            {
                "platform.where": "offline only",
                "retrieval.embedder": "openai:e5",
                "retrieval.embedder_url": "https://llm.example/v1",
            },
            "The plan says “offline”, and its embedder is at llm.example: set retrieval.embedder to a model on this",
        ),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_in_a_sentence(
    here: Path, answers: dict[str, str], sentence: str
) -> None:
    (here / "foretune.toml").write_text(render(settle(answers)))
    assert str(CliRunner().invoke(app, []).exception).startswith(sentence)
    ours = "http://127.0.0.1:8000/v1"
    assert not contradictions(
        settle({**answers, "engine.kind": "openai", "engine.url": ours, "retrieval.embedder_url": ours})
    )
    flags = [f"--set={key}={value}" for key, value in answers.items()]
    assert complaint("new", "bot", "--yes", *flags).startswith(sentence)
    assert not (here / "bot").exists()


def test_a_missing_or_broken_plan_is_one_sentence(here: Path) -> None:
    assert complaint("plan") == f"There is no foretune.toml in {here} or above it: `foretune new` makes one."
    (here / "foretune.toml").write_text("[retrieval]\npassages = 0\n")
    assert complaint("plan") == "foretune.toml, line 2: retrieval.passages must be at least 1, it is 0."
    (here / "foretune.toml").write_text("[retrieval\n")
    assert complaint("plan").startswith("foretune.toml, line 1, column 11: this is not TOML")


def test_advice_on_an_empty_project_is_to_add_documents_and_fails_a_check() -> None:
    run("new", "--yes")
    assert run("advise").stdout.startswith("Neither yet: add documents first.\n")
    (line,) = run("advise", "--json").stdout.splitlines()
    assert json.loads(line)["recommendation"] == "neither"
    checked = run("advise", "--check", code=1)
    assert checked.stderr == (
        "foretune: The plan's thresholds are for the arm rag, the advice is the arm base: "
        "change performance.arm in foretune.toml, or what the advice rests on.\n"
    )


def test_advice_on_documents_shows_every_vote_and_passes_a_check(here: Path) -> None:
    run("new", "--yes", "--set", "governance.min_characters=0", "--set", "engine.context=512")
    (here / "pages").mkdir()
    for number in range(12):
        hours = " ".join(f"In year {year} you earn {number + year} hours a month." for year in range(1, 5))
        (here / "pages" / f"{number}.md").write_text(f"# Leave {number}\n\n{hours}\n")
    run("add", "pages")
    run("review")
    shown = " ".join(run("advise", "--check").stdout.split())
    assert shown.startswith("Retrieval: let the model look things up in the documents.")
    assert "The plan asks for facts (“questions”, “answered”). Facts go to retrieval" in shown
    assert "arXiv 2312.05934" in shown
    assert "If the number of documents were 5 (now 12), the advice would be: neither." in shown
    flips = [json.loads(line) for line in run("advise", "--sensitivity", "--json").stdout.splitlines()]
    assert {"facts", "4,096", "12"} < {flip["now"] for flip in flips} | {flip["then"] for flip in flips}


def test_advice_can_be_had_before_there_is_a_project(here: Path) -> None:
    story = ROOT / "examples" / "stories" / "ceo-voice"
    told = run("advise", "--plan", str(story / "plan.toml"), "--facts", str(story / "facts.toml")).stdout
    assert told.startswith("Tuning: train the way of writing into an adapter.")
    assert "no foretune.toml" in complaint("advise", "--plan", str(story / "plan.toml"))
