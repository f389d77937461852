"""What an auditor asks, with the evidence beside it: checks that are run, what they ran on, and how to repeat them."""

from __future__ import annotations

from foretune.project.auditing.bom import bill_of_materials
from foretune.project.auditing.checks import Evidence, run_checks
from foretune.project.auditing.controls import CONTROLS
from foretune.project.auditing.report import write_audit_report

__all__ = ["CONTROLS", "Evidence", "bill_of_materials", "run_checks", "write_audit_report"]
