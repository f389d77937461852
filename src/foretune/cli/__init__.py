"""The command line: one file per verb; each parses, calls one function and shows what came back."""

from __future__ import annotations

from foretune.cli.main import main

__all__ = ["main"]
