"""What is dropped into a watched folder is answerable at once, what changes is replaced, what goes is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from sqlalchemy import select

from foretune.plan.config import Config, GovernanceSettings, Rule
from foretune.project import Project
from foretune.project.watching import Fresh
from foretune.vault.tables import passage

SECONDS = 60.0
"""A test waits so long for something that takes one."""


class Watched:
    """A project whose folder is watched in a thread."""

    def __init__(self, project: Project) -> None:
        self.project, self.folder = project, project.folder / "notes"
        self.embedded: list[str] = []
        self._seen: Queue[Fresh | BaseException] = Queue()
        self._stop = threading.Event()
        self._count(project)
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        while self.next().outcome is not None:
            pass
        self.embedded.clear()

    def _count(self, project: Project) -> None:
        embed = project.embedder.embed

        def counted(texts: Sequence[str]) -> Any:
            self.embedded += texts
            return embed(texts)

        project.embedder.embed = counted  # type: ignore[method-assign]

    def _watch(self) -> None:
        try:
            for fresh in self.project.watch([self.folder], stop=self._stop):
                self._seen.put(fresh)
        except BaseException as error:
            self._seen.put(error)

    def next(self) -> Fresh:
        found = self._seen.get(timeout=SECONDS)
        if isinstance(found, BaseException):
            raise found
        return found

    def after(self, name: str, text: str | None) -> tuple[str, str, str]:
        """Path, outcome and standing of a file that is written, or removed."""
        path = self.folder / name
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")
        fresh = self.next()
        assert fresh.outcome is not None
        return fresh.outcome.path, fresh.outcome.outcome, fresh.standing

    def found(self, query: str) -> list[str]:
        return [hit.passage.path for hit in self.project.search(query, k=3)]

    def close(self) -> None:
        self._stop.set()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()


def watched(tmp_path: Path, config: Config) -> Iterator[Watched]:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(6):
        text = f"# Leave {number}\n\nYou may take {number} hours of leave for each month of service.\n"
        (folder / f"leave-{number}.md").write_text(text, encoding="utf-8")
    with Project.create(tmp_path, config) as project:
        running = Watched(project)
        try:
            yield running
        finally:
            running.close()


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Watched]:
    yield from watched(tmp_path, Config())


def test_a_note_comes_changes_and_goes(notes: Watched) -> None:
    assert "standup.md" not in notes.found("Where did the herons nest?")
    assert notes.after("standup.md", "# Standup\n\nThe herons nest on the roof.\n\n# Other\n\nNo more news.\n") == (
        *("standup.md", "added"),
        "answerable",
    )
    assert notes.found("Where did the herons nest?")[0] == "standup.md"
    only_new = [text for text in notes.embedded if "?" not in text]
    assert all("herons" in text or "news" in text for text in only_new)
    notes.embedded.clear()

    changed = "# Standup\n\nThe herons nest in the cellar.\n\n# Other\n\nNo more news.\n"
    assert notes.after("standup.md", changed)[1:] == ("changed", "answerable")
    texts = [hit.passage.text for hit in notes.project.search("Where did the herons nest?", k=9)]
    assert any("cellar" in text for text in texts)
    assert not any("roof" in text for text in texts)
    assert not any("leave" in text for text in notes.embedded)  # unchanged documents never reach the embedder

    assert notes.after("standup.md", None)[1] == "removed"
    assert "standup.md" not in notes.found("Where did the herons nest?")
    with notes.project.vault.reading() as connection:
        assert not any("herons" in text for text in connection.execute(select(passage.c.text)).scalars())


def test_a_file_that_is_written_again_as_it_was_and_a_hidden_one_cost_nothing(notes: Watched) -> None:
    (notes.folder / ".draft.md").write_text("Not yet.")
    path = notes.folder / "leave-1.md"
    path.write_bytes(path.read_bytes())
    assert notes.after("later.md", "# Later\n\nA note.\n")[:2] == ("later.md", "added")
    assert all("Later" in text or "A note" in text for text in notes.embedded)


def test_after_the_watch_a_run_of_the_index_has_nothing_to_embed(notes: Watched) -> None:
    notes.after("standup.md", "# Standup\n\nThe herons nest on the roof.\n")
    notes.close()
    assert notes.project.index().embedded == 0


def test_a_note_that_another_command_holds_up_is_indexed_when_it_is_done(notes: Watched) -> None:
    with notes.project.working():
        (notes.folder / "standup.md").write_text("# Standup\n\nThe herons nest on the roof.\n")
        assert "standup.md" not in notes.found("Where did the herons nest?")
    fresh = notes.next()
    assert fresh.outcome is not None
    assert (fresh.outcome.path, fresh.standing) == ("standup.md", "answerable")
    assert notes.found("Where did the herons nest?")[0] == "standup.md"


def test_what_a_rule_excludes_is_not_answerable(tmp_path: Path) -> None:
    rules = [Rule(path="private*", action="exclude", reason="a test")]
    for notes in watched(tmp_path, Config(governance=GovernanceSettings(rules=rules))):
        assert notes.after("private.md", "# Private\n\nThe herons nest on the roof.\n")[2] == "not answerable"
        assert "private.md" not in notes.found("Where did the herons nest?")


def test_a_rule_on_what_only_a_comparison_shows_holds_at_once(tmp_path: Path) -> None:
    rules = [Rule(check="duplicate", action="exclude", reason="a test")]
    for notes in watched(tmp_path, Config(governance=GovernanceSettings(rules=rules))):
        text = "# Herons\n\n" + "The herons nest on the roof of the old mill by the river every spring. " * 4
        assert notes.after("one.md", text)[2] == "answerable"
        notes.after("two.md", text)
        assert len({"one.md", "two.md"} & set(notes.found("Where did the herons nest?"))) == 1
