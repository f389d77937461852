from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from tests.corpus.files import LIMIT, write

from foretune.corpus import AddOutcome, add, documents, set_aside_files, sources
from foretune.errors import InputError
from foretune.plan.config import CorpusSettings
from foretune.types import Label
from foretune.vault import Vault
from foretune.vault.tables import document, event, set_aside
from foretune.vault.tables import source as source_table


class Corpus:
    """A folder, a vault, and what adding comes to."""

    def __init__(self, vault: Vault, base: Path, folder: Path) -> None:
        self.vault = vault
        self.base = base
        self.folder = folder

    def add(self, *paths: Path, label: Label | None = None, **settings_: Any) -> list[AddOutcome]:
        chosen = CorpusSettings(**settings_)
        return list(add(self.vault, paths or [self.folder], settings=chosen, base=self.base, label=label))

    def outcomes(self, *paths: Path, **options: Any) -> dict[str, str]:
        found = self.add(*paths, **options)
        assert len({(one.source, one.path) for one in found}) == len(found)
        return {one.path: one.outcome for one in found}

    def paths(self) -> list[str]:
        return [one.path for one in documents(self.vault)]

    def text(self, path: str) -> str:
        (found,) = [one.text for one in documents(self.vault) if one.path == path]
        return found

    def events(self) -> Counter[str]:
        with self.vault.reading() as connection:
            return Counter(connection.execute(select(event.c.action)).scalars())


@pytest.fixture
def corpus(vault: Vault, tmp_path: Path) -> Corpus:
    folder = tmp_path / "docs"
    folder.mkdir()
    return Corpus(vault, tmp_path, folder)


def later(path: Path) -> None:
    """The clock of some file systems is coarse: a change must show in the time of the file."""
    about = path.stat()
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + 1_000_000))


def test_a_second_run_adds_only_what_changed_and_notices_what_is_gone(corpus: Corpus) -> None:
    write(
        corpus.folder,
        {"a.md": "# One", "b.md": "# Two", "sub/c.md": "# Three", "bad.bin": random.Random(0).randbytes(999)},
    )
    assert corpus.outcomes() == {"a.md": "added", "b.md": "added", "bad.bin": "set_aside", "sub/c.md": "added"}
    assert corpus.outcomes() == {
        "a.md": "unchanged",
        "b.md": "unchanged",
        "bad.bin": "set_aside",
        "sub/c.md": "unchanged",
    }
    write(corpus.folder, {"a.md": "# One, newer", "d.md": "# Four"})
    (corpus.folder / "b.md").unlink()
    assert corpus.outcomes() == {
        "a.md": "changed",
        "b.md": "removed",
        "bad.bin": "set_aside",
        "d.md": "added",
        "sub/c.md": "unchanged",
    }
    assert corpus.paths() == ["a.md", "d.md", "sub/c.md"]
    assert corpus.text("a.md") == "# One, newer"
    assert corpus.outcomes() == {
        "a.md": "unchanged",
        "bad.bin": "set_aside",
        "d.md": "unchanged",
        "sub/c.md": "unchanged",
    }


def test_a_document_keeps_its_id_when_its_text_changes(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "one"})
    (first,) = corpus.add()
    write(corpus.folder, {"a.md": "other"})
    (second,) = corpus.add()
    assert first.document_id == second.document_id != ""


def test_a_touched_file_is_unchanged_and_read_only_once(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "same"})
    corpus.add()
    later(corpus.folder / "a.md")
    assert corpus.outcomes() == {"a.md": "unchanged"}
    with corpus.vault.reading() as connection:
        stored = connection.execute(select(document.c.mtime_ns)).scalar_one()
    assert stored == (corpus.folder / "a.md").stat().st_mtime_ns


def test_what_goes_out_of_reading_leaves_the_vault_and_comes_back(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "# Fine", "b.md": "x" * 100})
    corpus.add()
    write(corpus.folder, {"a.md": random.Random(0).randbytes(999)})
    assert corpus.outcomes() == {"a.md": "set_aside", "b.md": "unchanged"}
    assert corpus.paths() == ["b.md"]
    write(corpus.folder, {"a.md": "# Fine again"})
    assert corpus.outcomes() == {"a.md": "added", "b.md": "unchanged"}
    assert set_aside_files(corpus.vault) == []


def test_a_file_set_aside_that_is_gone_is_forgotten(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": ""})
    (aside,) = corpus.add()
    assert (aside.outcome, aside.reason) == ("set_aside", "empty: it has no bytes")
    assert [one.path for one in set_aside_files(corpus.vault)] == ["a.md"]
    (corpus.folder / "a.md").unlink()
    assert corpus.outcomes() == {}
    assert set_aside_files(corpus.vault) == []


def test_set_aside_files_are_tried_again_when_the_limits_change(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "word " * 100})
    assert corpus.outcomes(max_characters=100) == {"a.md": "set_aside"}
    assert corpus.outcomes(max_characters=100) == {"a.md": "set_aside"}
    assert corpus.outcomes(max_characters=LIMIT) == {"a.md": "added"}


def test_a_file_that_is_a_source_keeps_its_label_and_is_not_tried_again_for_nothing(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "one", "b.bin": random.Random(0).randbytes(999)})
    for name in ("a.md", "b.bin"):
        corpus.add(corpus.folder / name)
    corpus.add(corpus.folder / "a.md", label=Label.RESTRICTED)
    assert [one.label for one in sources(corpus.vault)] == [Label.RESTRICTED, Label.INTERNAL]
    before = corpus.events()
    assert corpus.outcomes(corpus.folder / "b.bin") == {"b.bin": "set_aside"}
    assert all(corpus.vault.setting(f"corpus.read.{one.id}") for one in sources(corpus.vault))
    assert corpus.events() == before


def test_excluded_files_are_passed_over_and_leave_when_they_become_excluded(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "x", "drafts/b.md": "y", "c.tmp": "z"})
    assert corpus.outcomes(exclude=["*.tmp"]) == {"a.md": "added", "drafts/b.md": "added"}
    (gone,) = [one for one in corpus.add(exclude=["*.tmp", "drafts/**"]) if one.outcome == "removed"]
    assert (gone.path, gone.reason) == ("drafts/b.md", "excluded by corpus.exclude in foretune.toml")
    assert corpus.outcomes(corpus.folder / "c.tmp", exclude=["*.tmp"]) == {"c.tmp": "set_aside"}


def test_a_hidden_file_is_read_when_it_is_named_and_stays(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "x", ".notes.md": "hidden"})
    assert corpus.outcomes() == {"a.md": "added"}
    assert corpus.outcomes(corpus.folder / ".notes.md") == {".notes.md": "added"}
    assert corpus.outcomes() == {"a.md": "unchanged", ".notes.md": "unchanged"}
    (corpus.folder / ".notes.md").unlink()
    assert corpus.outcomes() == {"a.md": "unchanged", ".notes.md": "removed"}


def test_a_part_of_a_source_is_synced_alone(corpus: Corpus) -> None:
    write(corpus.folder, {"a/x.md": "1", "a_b/y.md": "2", "A/z.md": "3", "top.md": "4"})
    corpus.add()
    for path in ("a/x.md", "a_b/y.md", "A/z.md", "top.md"):
        (corpus.folder / path).unlink()
    write(corpus.folder, {"a/new.md": "5"})
    assert corpus.outcomes(corpus.folder / "a") == {"a/new.md": "added", "a/x.md": "removed"}
    assert corpus.paths() == ["A/z.md", "a/new.md", "a_b/y.md", "top.md"]
    assert corpus.outcomes(corpus.folder / "top.md") == {"top.md": "removed"}
    assert len(sources(corpus.vault)) == 1


def test_a_file_reached_twice_has_one_outcome_and_one_document(corpus: Corpus) -> None:
    write(corpus.folder, {"a/x.md": "1", "b.md": "2"})
    inner, file = corpus.folder / "a", corpus.folder / "a/x.md"
    assert corpus.outcomes(file, corpus.folder, inner, corpus.folder / "a/../a") == {"a/x.md": "added", "b.md": "added"}
    assert corpus.paths() == ["a/x.md", "b.md"]


def test_a_folder_around_a_known_source_leaves_it_its_own(corpus: Corpus) -> None:
    write(corpus.folder, {"a/x.md": "1", "b.md": "2", "c.md": "3"})
    corpus.add(corpus.folder / "a", corpus.folder / "c.md")
    found = corpus.add(corpus.folder)
    assert {(Path(one.source).name, one.path): one.outcome for one in found} == {
        ("docs", "b.md"): "added",
        ("a", "x.md"): "unchanged",
        ("c.md", "c.md"): "unchanged",
    }
    (corpus.folder / "c.md").unlink()
    assert "removed" in {one.outcome for one in corpus.add(corpus.folder)}
    assert corpus.paths() == ["b.md", "x.md"]


def test_the_project_itself_is_never_read(corpus: Corpus) -> None:
    write(
        corpus.base, {"foretune.toml": "x = 1", "questions.csv": "a,b\n1,2", "reports/r.html": "<p>x", "docs/a.md": "x"}
    )
    found = corpus.add(corpus.base)
    assert [one.path for one in found] == ["docs/a.md"]
    for own in ("vault", "reports/r.html"):
        with pytest.raises(InputError, match="belongs to the project"):
            corpus.add(corpus.base / own)
    further = add(corpus.vault, [corpus.base], settings=CorpusSettings(), base=corpus.base, own=[Path("docs/a.md")])
    assert [(one.path, one.outcome) for one in further] == [("docs/a.md", "removed")]


def test_a_path_where_nothing_is_is_an_error_and_nothing_is_written(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "x"})
    with pytest.raises(InputError, match="nothing at"):
        corpus.add(corpus.folder, corpus.folder.parent / "no-such-folder")
    assert corpus.paths() == []


def test_a_source_that_is_gone_takes_its_documents_with_it(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "x"})
    corpus.add()
    (corpus.folder / "a.md").unlink()
    corpus.folder.rmdir()
    assert corpus.outcomes() == {"a.md": "removed"}
    assert corpus.paths() == []


def test_documents_in_a_folder_that_cannot_be_opened_stay(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    write(corpus.folder, {"open.md": "x", "closed/a.md": "y", "closed/empty.md": ""})
    corpus.add()
    real = os.scandir

    def scandir(path: Any) -> Any:
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert corpus.outcomes() == {"open.md": "unchanged", "closed": "set_aside"}
    assert corpus.paths() == ["closed/a.md", "open.md"]
    monkeypatch.undo()
    assert corpus.outcomes() == {"open.md": "unchanged", "closed/a.md": "unchanged", "closed/empty.md": "set_aside"}
    assert [one.path for one in set_aside_files(corpus.vault)] == ["closed/empty.md"]


def test_a_mailbox_is_one_file_and_many_documents(corpus: Corpus) -> None:
    first = "From a Mon Jun 01 10:00:00 2009\nSubject: One\n\nFirst.\n\n"
    second = "From b Mon Jun 01 11:00:00 2010\nSubject: Two\n\nSecond.\n\n"
    third = "From c Mon Jun 01 12:00:00 2011\nSubject: Three\n\nThird.\n\n"
    write(corpus.folder, {"m.mbox": first + second})
    (added,) = corpus.add()
    assert (added.path, added.outcome, added.documents) == ("m.mbox", "added", 2)
    assert corpus.paths() == ["m.mbox/1", "m.mbox/2"]
    assert corpus.outcomes() == {"m.mbox": "unchanged"}
    write(corpus.folder, {"m.mbox": first + second + third})
    before = corpus.events()
    (changed,) = corpus.add()
    assert (changed.outcome, changed.documents) == ("changed", 3)
    assert corpus.events() - before == Counter({"document.add": 1})
    later(corpus.folder / "m.mbox")
    assert corpus.outcomes() == {"m.mbox": "unchanged"}
    write(corpus.folder, {"m.mbox": first})
    assert corpus.outcomes() == {"m.mbox": "changed"}
    assert corpus.paths() == ["m.mbox/1"]
    (corpus.folder / "m.mbox").unlink()
    assert corpus.outcomes() == {"m.mbox": "removed"}
    assert corpus.paths() == []


def test_front_matter_cannot_pass_for_what_the_vault_keeps_itself(corpus: Corpus) -> None:
    write(corpus.folder, {"sub/a.md": "---\npart: 3\nstated_label: nonsense\nlabel: odd\n---\nText"})
    corpus.add()
    assert corpus.outcomes() == {"sub/a.md": "unchanged"}


def test_a_document_can_raise_its_label_and_never_lower_it(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "---\nlabel: restricted\n---\nx", "b.md": "---\nlabel: public\n---\ny", "c.md": "z"})
    corpus.add(label=Label.CONFIDENTIAL)
    assert {one.path: one.label for one in documents(corpus.vault)} == {
        "a.md": Label.RESTRICTED,
        "b.md": Label.CONFIDENTIAL,
        "c.md": Label.CONFIDENTIAL,
    }


def test_a_label_given_later_reaches_unchanged_documents_and_stays(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "x", "b.md": "y"})
    corpus.add()
    assert corpus.outcomes(corpus.folder / "a.md", label=Label.RESTRICTED) == {"a.md": "changed"}
    write(corpus.folder, {"a.md": "newer"})
    assert corpus.outcomes() == {"a.md": "changed", "b.md": "unchanged"}
    assert {one.path: one.label for one in documents(corpus.vault)} == {"a.md": "restricted", "b.md": "internal"}
    assert corpus.outcomes(label=Label.PUBLIC) == {"a.md": "changed", "b.md": "changed"}
    write(corpus.folder, {"c.md": "z"})
    corpus.add()
    assert {one.label for one in documents(corpus.vault)} == {Label.PUBLIC}


def test_every_change_leaves_one_event_that_holds_no_text(corpus: Corpus) -> None:
    write(corpus.folder, {"secret-name.md": "# quicksilver", "b.md": "two", "empty.md": ""})
    corpus.add()
    corpus.add()
    write(corpus.folder, {"b.md": "three"})
    (corpus.folder / "secret-name.md").unlink()
    corpus.add()
    assert corpus.events() == Counter(
        {
            "vault.create": 1,
            "source.add": 1,
            "document.add": 2,
            "document.set_aside": 1,
            "document.change": 1,
            "document.remove": 1,
        }
    )
    with corpus.vault.reading() as connection:
        details = json.dumps([dict(row._mapping) for row in connection.execute(select(event))])
    assert "quicksilver" not in details
    assert "secret-name" not in details


def test_outcomes_are_committed_before_they_are_seen(corpus: Corpus) -> None:
    write(corpus.folder, {f"{number:03}.md": f"text {number}" for number in range(200)})
    for one in add(corpus.vault, [corpus.folder], settings=CorpusSettings(), base=corpus.base):
        with corpus.vault.reading() as connection:
            found = connection.execute(select(document.c.id).where(document.c.id == one.document_id)).all()
        assert len(found) == 1


def test_a_run_that_is_given_up_halfway_is_made_up_for(corpus: Corpus) -> None:
    write(corpus.folder, {f"{number:03}.md": f"text {number}" for number in range(200)})
    running = add(corpus.vault, [corpus.folder], settings=CorpusSettings(), base=corpus.base)
    first = next(running)
    running.close()  # type: ignore[attr-defined]
    assert first.outcome == "added"
    counts = Counter(corpus.outcomes().values())
    assert counts["added"] > 0
    assert counts["added"] + counts["unchanged"] == 200


def test_what_is_removed_leaves_no_trace_in_the_log(corpus: Corpus) -> None:
    write(corpus.folder, {"a.md": "word " * 5000, "b.md": "y"})
    corpus.add()
    (corpus.folder / "a.md").unlink()
    corpus.add()
    log = corpus.vault.path.with_name("vault.db-wal")
    assert corpus.vault.setting("corpus.scrub") is False
    assert not log.exists() or log.stat().st_size < 50_000


def test_text_that_databases_dislike_is_stored(corpus: Corpus) -> None:
    text = "null \x00 and a wide 😀 😀 and a broken \ud800".encode("utf-8", "surrogatepass") + b" text" * 40
    write(corpus.folder, {"a.md": text})
    (one,) = corpus.add()
    assert one.outcome == "added"
    assert corpus.text("a.md").startswith("null \ufffd and a wide 😀 😀 and a broken ")


def test_an_empty_folder_is_a_source_with_nothing_in_it(corpus: Corpus) -> None:
    assert corpus.outcomes() == {}
    assert [one.kind for one in sources(corpus.vault)] == ["folder"]


def state(vault: Vault) -> list[tuple[Any, ...]]:
    """All that is known of files, without the time of writing."""
    with vault.reading() as connection:
        kept = [column for column in document.c if column.name not in ("added_at", "changed_at")]
        rows: Iterable[Any] = connection.execute(select(*kept).order_by(document.c.id))
        aside = [column for column in set_aside.c if column.name != "at"]
        return [
            *(tuple(map(str, row)) for row in rows),
            *(tuple(map(str, row)) for row in connection.execute(select(*aside).order_by(set_aside.c.path))),
            tuple(connection.execute(select(func.count()).select_from(source_table)).scalars()),
        ]


NAMES = st.sampled_from(["a.md", "b.txt", "sub/c.md", "sub/deep/d.md", "box.mbox", "table.csv"])
CONTENTS = st.sampled_from(
    ["", "one", "two", "# three\n\nmore", "a,b\n1,2\n", "\x00\x01\x02\x03" * 9, "From a b\n\nx\n\nFrom c d\n\ny\n"]
)
STEPS = st.lists(st.dictionaries(NAMES, st.none() | CONTENTS, max_size=4), min_size=1, max_size=4)


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_after_any_changes_the_vault_is_as_if_it_had_been_filled_at_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[str, str | None]]
) -> None:
    base = tmp_path_factory.mktemp("base")
    folder = base / "docs"
    folder.mkdir()
    with Vault.create(base / "vault") as vault, Vault.create(base / "fresh") as fresh:
        for step in steps:
            for name, content in step.items():
                path = folder / name
                if content is None:
                    path.unlink(missing_ok=True)
                else:
                    write(folder, {name: content})
                    later(path)
            outcomes = list(add(vault, [folder], settings=CorpusSettings(), base=base))
            files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
            assert sorted(one.path for one in outcomes if one.outcome != "removed") == files
        list(add(fresh, [folder], settings=CorpusSettings(), base=base))
        assert state(vault) == state(fresh)


def test_the_same_folder_gives_the_same_ids_wherever_it_lies(tmp_path: Path) -> None:
    ids = []
    for place in ("here", "there"):
        folder = tmp_path / place / "pages"
        folder.mkdir(parents=True)
        write(folder, {"leave.md": "# Leave\n\nFour hours."})
        with Vault.create(tmp_path / place / "vault") as vault:
            list(add(vault, [folder], settings=CorpusSettings(), base=tmp_path / place))
            ids.append([one.id for one in documents(vault)])
    assert ids[0] == ids[1]


def test_folders_of_the_same_name_are_different_sources(corpus: Corpus, tmp_path: Path) -> None:
    for place in ("one", "two"):
        write(tmp_path / place / "pages", {"leave.md": f"# Leave {place}"})
        corpus.add(tmp_path / place / "pages")
    assert len(sources(corpus.vault)) == 2
    assert sorted(one.text for one in documents(corpus.vault)) == ["# Leave one", "# Leave two"]
