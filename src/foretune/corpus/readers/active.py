"""What in a file would do something when it is opened in its own program: macros, scripts, files it loads.

Nothing is run and nothing is looked up; what is there is noted, so that a check can show it.
Sources: ECMA-376 part 2, 9.3 (relationships with ``TargetMode="External"``); [MS-OVBA] 2.2.1; PDF 32000-1, 12.6.4.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

__all__ = ["active_content"]

_EXTERNAL = re.compile(rb"<Relationship\b[^<>]{0,2000}>")
_ATTRIBUTE = re.compile(rb"\b(Type|Target|TargetMode)\s*=\s*[\"']([^\"']{0,2000})[\"']")
_LINK = re.compile(rb"<ddeLink\b[^<>]{0,500}>|\bDDE(?:AUTO)?\s[^<>]{0,200}", re.IGNORECASE)
_PDF_ACTION = re.compile(rb"/(?:JavaScript|JS|Launch|SubmitForm)\b")
_LONGEST, _MOST = 300, 20
_LARGEST_PART = 2_000_000


def active_content(data: bytes) -> dict[str, Any]:
    """``active`` (macros, scripts) and ``external`` (what it loads) of a file, for its properties; empty for most."""
    if data.startswith(b"%PDF-"):
        return {"active": ["a script or an action"]} if _PDF_ACTION.search(data) else {}
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        macros = "_VBA_PROJECT".encode("utf-16-le") in data
        return {"active": ["macros"]} if macros else {}
    if data.startswith(b"PK\x03\x04"):
        return _in_package(data)
    return {}


def _in_package(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    external: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            for entry in package.infolist():
                if entry.filename.endswith("vbaProject.bin"):
                    found["active"] = ["macros"]
                elif entry.filename.endswith(".rels") and entry.file_size <= _LARGEST_PART:
                    external += _external(package.read(entry))
                elif "externalLink" in entry.filename and entry.file_size <= _LARGEST_PART:
                    external += [_words(match.group()) for match in _LINK.finditer(package.read(entry))]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        return {}
    if external:
        found["external"] = list(dict.fromkeys(external))[:_MOST]
    return found


def _external(relationships: bytes) -> list[str]:
    """Targets outside the file that are loaded by themselves; a hyperlink waits for a click."""
    targets = []
    for match in _EXTERNAL.finditer(relationships):
        about = dict(_ATTRIBUTE.findall(match.group()))
        if about.get(b"TargetMode") == b"External" and not about.get(b"Type", b"").endswith(b"/hyperlink"):
            targets.append(_words(about.get(b"Target", b"")))
    return [target for target in targets if target]


def _words(data: bytes) -> str:
    return " ".join(data.decode("utf-8", "replace").split())[:_LONGEST]
