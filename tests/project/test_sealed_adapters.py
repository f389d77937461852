"""Adapters are as secret as what they learned from, and an erasure reaches them as the plan says."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from tests.vault.test_vault import put_document

from foretune.bench import Bench
from foretune.errors import VaultError
from foretune.plan.config import Config, ErasureSettings
from foretune.progress import silent
from foretune.project import Project
from foretune.project.adapter_files import export
from foretune.project.adapters import adapter_file_hash, find_adapter, require_adapter
from foretune.project.curve import _bench as bench_of
from foretune.types import Arm, Label, Outcome, Question
from foretune.vault import Grant, GrantKind, Role
from foretune.vault import tables as t
from foretune.vault.principals import add_principal, give
from foretune.vault.sealed import is_there, opened, seal

WEIGHTS = b"GGUF brambleworthy weights " * 90_000
"""More than two chunks."""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "sealed", Config()) as made:
        put_document(made.vault, "a.md", "Quillfeather owes us a long text about leave.", Label.CONFIDENTIAL)
        yield made


def adapter(project: Project, *, label: Label = Label.CONFIDENTIAL) -> Path:
    """A sealed adapter that learned from pairs that are no longer there."""
    path = project.vault.folder / "adapters" / "0123456789abcdef" / "adapter.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(WEIGHTS)
    (path.parent / "result.json").write_text(json.dumps({"trained": ["gone"]}))
    sha256 = "0c" * 32
    with project.vault.writing() as connection:
        connection.execute(
            t.adapter.insert().values(
                id=path.parent.name,
                name="pilot-0",
                kind="pilot",
                hash=sha256,
                base_hash="",
                path=str(path.relative_to(project.vault.folder)),
                label=label,
                settings={},
                metrics={},
                at="",
            )
        )
    seal(project.vault, path)
    return path


def test_a_sealed_adapter_is_read_in_memory_and_lies_encrypted(project: Project) -> None:
    path = adapter(project)
    assert not path.exists()
    assert is_there(path)
    assert not [file for file in project.folder.rglob("*") if file.is_file() and b"bramble" in file.read_bytes()]
    found = find_adapter(project, path.parent.name)
    assert found is not None
    assert found.path.read_bytes() == WEIGHTS
    assert found.path == opened(project.vault, path)
    assert len(adapter_file_hash(project, path.parent.name)) == 64


@pytest.mark.parametrize("damage", ["a byte", "the end", "two chunks"])
def test_a_sealed_file_that_was_changed_is_refused(project: Project, damage: str) -> None:
    path = adapter(project)
    sealed = path.with_name("adapter.gguf.sealed")
    content = bytearray(sealed.read_bytes())
    start, chunk = 23, (1 << 20) + 16
    if damage == "a byte":
        content[-1] ^= 1
    elif damage == "the end":
        del content[start + chunk :]
    else:
        first, second = content[start : start + chunk], content[start + chunk : start + 2 * chunk]
        content[start : start + 2 * chunk] = second + first
    sealed.write_bytes(content)
    os.utime(sealed, ns=(1, 1))
    with pytest.raises(VaultError, match="was changed, or is of another vault"):
        opened(project.vault, path)


def test_an_adapter_is_for_those_with_a_grant_of_its_label(project: Project) -> None:
    path = adapter(project)
    add_principal(project.vault, "ada", Role.READER, label=Label.CONFIDENTIAL)
    for grant, may in (
        (Grant(GrantKind.SOURCE, "s"), False),
        (Grant(GrantKind.LABEL, "internal"), False),
        (Grant(GrantKind.LABEL, "confidential"), True),
    ):
        seen = Project(project.folder, project.config, project.vault.seen_by(give(project.vault, "ada", [grant])))
        if may:
            require_adapter(seen, path)
        else:
            with pytest.raises(VaultError, match="has no grant of that label"):
                require_adapter(seen, path)


def test_an_adapter_does_not_leave_the_project_with_a_reader_without_its_label(
    project: Project, tmp_path: Path
) -> None:
    adapter(project)
    ada = add_principal(project.vault, "ada", Role.READER, label=Label.INTERNAL)
    seen = Project(project.folder, project.config, project.vault.seen_by(ada))
    with pytest.raises(VaultError, match="has no grant of that label"):
        export(seen, "pilot-0", ["gguf"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert (len(project.adapters()), seen.adapters()) == (1, [])


@pytest.mark.parametrize(
    ("policy", "weights", "usable"),
    [("remove", False, False), ("retrain", False, False), ("block", True, False), ("warn", True, True)],
)
def test_an_erasure_does_with_adapters_what_the_plan_says(
    project: Project, policy: str, weights: bool, usable: bool
) -> None:
    path = adapter(project)
    project.config = project.config.model_copy(update={"erasure": ErasureSettings(adapters=policy)})
    statement = project.erase(["a.md"]).statement
    assert statement["policy"] == policy
    assert [one["id"] for one in statement["adapters"]] == [path.parent.name]
    assert is_there(path) is weights
    assert (find_adapter(project, path.parent.name) is not None) is usable
    assert any("weights" in each for each in statement["remains"]) is weights
    with project.vault.reading() as connection:
        tainted = connection.execute(select(t.adapter.c.tainted)).scalars().all()
    assert tainted == ([] if policy == "remove" else [statement["receipt"]])


def test_the_learning_curve_asks_the_bench_with_a_sealed_adapter_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = adapter(project)
    (project.folder / project.config.purpose.questions).write_text("")
    asked = Question(id="q", question="How long is leave?", answer="a month", kind="free")
    monkeypatch.setattr(Project, "questions", lambda _: [asked])
    for name in ("searcher", "answerer"):
        monkeypatch.setattr(Project, name, property(lambda _: None))
    monkeypatch.setattr("foretune.project.engine.open_project_engine", lambda _: nullcontext())
    used = []

    def answered(_: Question, bench: Bench) -> SimpleNamespace:
        used.append(bench.adapter)
        return SimpleNamespace(response="")

    monkeypatch.setattr("foretune.bench.arms.arms", lambda: {Arm.TUNED: answered})
    monkeypatch.setattr("foretune.evidence.score", lambda *_: SimpleNamespace(outcome=Outcome.CORRECT))
    found = bench_of(project, opened(project.vault, path), silent)
    assert found is not None
    assert (found["right"], found["total"]) == (1, 1)
    assert used == [opened(project.vault, path)]
