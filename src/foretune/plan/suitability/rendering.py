"""The process in which a chat template is rendered: ``python -I rendering.py``, JSON in and out.

A template is somebody else's program, and Jinja's sandbox keeps it from reaching out but not from running for
ever or filling the memory. Its parent is :mod:`foretune.plan.suitability.template`.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import UTC, datetime

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

_CPU_SECONDS = 2
_MEMORY = 1 << 30
"""Bytes of address space."""
_LONGEST = 1_000_000
"""Characters that are handed back; a conversation of three lines has a few hundred."""


def main() -> None:
    """Render the template on standard input; exit code 1 where it cannot be."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # pipes are not files
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    asked = json.load(sys.stdin)
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: datetime(2026, 1, 1, tzinfo=UTC).strftime(form)
    try:
        text = environment.from_string(asked["template"]).render(**asked["variables"])
    except Exception:  # whatever it trips over says that it cannot be relied on
        sys.exit(1)
    json.dump(text[:_LONGEST], sys.stdout)


def _refuse(message: str) -> str:
    raise TemplateError(message)


if __name__ == "__main__":
    main()
