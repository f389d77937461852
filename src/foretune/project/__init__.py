"""A project is a folder: plan, bench questions, vault and reports.

Hands on :class:`Project`, the one object that the command line, the server and
notebooks use; every verb is one call on it.
"""

from __future__ import annotations

from foretune.project.project import Project

__all__ = ["Project"]
