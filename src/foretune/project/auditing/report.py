"""The audit report as a file for people and one for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretune.files import replacing
from foretune.project.auditing.checks import run_checks
from foretune.project.auditing.controls import CONTROLS

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["audit_report", "write_audit_report"]


def audit_report(project: Project) -> dict[str, Any]:
    """Every check with its result and what it is evidence for; JSON values.

    Raises:
        VaultError: the principal may not read the log.
    """
    project.vault.require_log()
    lines = [{**each.as_json(), "controls": list(CONTROLS[each.check])} for each in run_checks(project)]
    project.vault.note("audit.report", project.vault.id, {each["check"]: each["result"] for each in lines})
    return {
        "kind": "foretune audit report",
        "project": project.folder.name,
        "vault": project.vault.id,
        "by": project.vault.principal.actor,
        "lines": lines,
        "means": "Each line is a check that was run on this project at the time it names. It is evidence for a "
        "requirement, not a certificate that the requirement is met.",
    }


def write_audit_report(made: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``made`` (:func:`audit_report`) to ``audit.html`` and ``audit.json`` in ``folder``; returns the files."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("foretune.project"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    folder.mkdir(parents=True, exist_ok=True)
    page, values = folder / "audit.html", folder / "audit.json"
    with replacing(page) as draft:
        draft.write_text(environment.get_template("audit.html.j2").render(made), encoding="utf-8")
    with replacing(values) as draft:
        draft.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [page, values]
