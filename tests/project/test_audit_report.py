"""The audit report runs what it reports, finds what is wrong, and claims no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.vault.test_vault import put_document

from foretune.errors import VaultError
from foretune.plan.config import Config
from foretune.project import Project
from foretune.project.auditing import CONTROLS, bill_of_materials, write_audit_report
from foretune.project.auditing.report import audit_report
from foretune.vault import Role
from foretune.vault import tables as t
from foretune.vault.log import make_checkpoint
from foretune.vault.principals import add_principal


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "audited", Config()) as made:
        put_document(made.vault, "a.md", "Quillfeather " * 30_000)
        make_checkpoint(made.vault)
        yield made


def results(project: Project) -> dict[str, str]:
    return {line["check"]: line["result"] for line in audit_report(project)["lines"]}


def test_each_line_says_when_on_what_and_how_to_repeat_it(project: Project) -> None:
    made = audit_report(project)
    assert {line["check"] for line in made["lines"]} == set(CONTROLS)
    assert all(line["at"] and line["repeat"] and line["found"] and line["controls"] for line in made["lines"])
    assert {line["check"]: line["result"] for line in made["lines"]} | {"hostile": ""} == {
        **dict.fromkeys(("encrypted", "whole", "key", "log", "decisions", "provenance", "erased"), "passed"),
        **dict.fromkeys(("adapters", "releases"), "passed"),
        **dict.fromkeys(("access", "refusals", "labels", "engine"), "for a person to judge"),
        "hostile": "",
    }


def test_a_document_no_check_has_seen_is_told(project: Project) -> None:
    assert results(project)["hostile"] == "failed"


def test_the_files_hold_no_document_and_no_promise(project: Project, tmp_path: Path) -> None:
    for path in write_audit_report(audit_report(project), tmp_path / "out"):
        content = path.read_text(encoding="utf-8")
        assert "164.312" in content
        assert "Quillfeather" not in content
        assert "guarantee" not in content.casefold()


def test_a_damaged_page_is_named(project: Project) -> None:
    project.vault.scrub()
    content = bytearray(project.vault.path.read_bytes())
    content[-30_000] ^= 1
    project.vault.path.write_bytes(content)
    [line] = [line for line in audit_report(project)["lines"] if line["check"] == "whole"]
    page = (len(content) - 30_000) // 4096 + 1
    assert line["result"] == "failed"
    assert str(page) in line["found"]


def test_an_auditor_may_run_it_and_a_reader_may_not(project: Project) -> None:
    for role in (Role.AUDITOR, Role.READER):
        principal = add_principal(project.vault, role.value, role)
        seen = Project(project.folder, project.config, project.vault.seen_by(principal))
        if role is Role.AUDITOR:
            assert "failed" not in {results(seen)[check] for check in ("log", "whole")}
        else:
            with pytest.raises(VaultError, match="not for readers"):
                audit_report(seen)


def test_the_bill_of_materials_is_valid_cyclonedx_and_names_models_adapters_and_data(project: Project) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    with project.vault.writing() as connection:
        connection.execute(
            t.adapter.insert().values(
                id="0" * 16,
                name="pilot-0",
                kind="pilot",
                path="adapters/0/a.gguf",
                hash="ab" * 32,
                base_hash="cd" * 32,
                label="confidential",
                settings={},
                metrics={},
                at="",
            )
        )
    made = bill_of_materials(project)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made) is None
    names = {each["name"] for each in json.loads(made)["components"]}
    assert names == {"smollm2-135m", "all-minilm-l6-v2", "adapter pilot-0", "source s"}
    assert "a.md" not in made
