"""Links and references that carry data out or reach outside the document.

Rendered Markdown images are fetched without a click, so an answer that repeats one with the conversation in its
query sends the conversation away (Rehberger, https://embracethered.com/blog/posts/2023/bing-chat-data-exfiltration-poc-and-fix/).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from foretune.governance.markup import blank_code

__all__ = ["Address", "addresses"]


@dataclass(frozen=True, slots=True)
class Address:
    """An address in a text (code points, end exclusive)."""

    start: int
    end: int
    kind: str
    """``link`` (asks to be filled in), ``script`` (runs when followed) or ``external`` (loads or starts something)."""
    image: bool


_PLACEHOLDER = (
    r"(?:\{[^{}\s]{1,60}\}|\{\{[^{}\n]{1,60}\}\}|\[[A-Za-z][^\[\]\n]{1,60}\]|<[A-Za-z][^<>\n]{1,60}>"
    r"|%7[bB][^%\s]{1,60}%7[dD]|\$\{?[A-Za-z_]{3,40}\}?|__?[A-Z_]{4,40}__?|[A-Z]{3,}_[A-Z_]{3,40})"
)
_TALK = (
    r"(?:conversation|chat(?:[ _-]?(?:history|log))?|(?:chat|user|message)[ _-]?history|system[ _-]?prompt|secrets?"
    r"|passwords?|passwd|credentials?|stolen|leak(?:ed)?|exfil\w*"
    r"|user[ _-]?(?:data|input|questions?|query|messages?|info|prompt|answers?|secrets?|context)"
    r"|(?:encoded|base64|sensitive|private|confidential|above)[ _-]?\w*"
    r"|the[ _-]\w+|your[ _-](?:answer|context|instructions|memory)|summary(?:[ _-]of\w*)?|context|payload|everything"
    r"|answer)"
)
"""What was said or is known: no manual's address has a place for it."""
_DATA = (
    rf"(?:{_TALK}|data|dump|content|messages?|question|prompt|history|info|document|email|name|tokens?|api[ _-]?keys?)"
)
"""The same for pictures, which are fetched without a click and have no reason to carry any of it."""
_IN_MARKDOWN = re.compile(
    r"(?P<image>!?)\[[^\[\]\n]{0,500}\]\((?P<url>[^()\n]{1,2000}(?:\([^()\n]{0,200}\)[^()\n]{0,500})?)\)"
)
_IN_HTML = re.compile(
    r"<(?P<image>img|a|iframe|object|embed|link)\b[^<>]{0,500}?\s(?:src|href|data)\s*=\s*[\"'](?P<url>[^\"'\n]{1,2000})[\"']",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"https?://[^\s\"'`|()]{3,300}\?[^\s\"'`|()]{0,300}="
    r"(?:\{[^{}\n]{1,60}\}|\{\{[^{}\n]{1,60}\}\}|\[[^\[\]\n]{1,60}\]|<[^<>\n]{1,60}>|%7[bB]\S{1,60}?%7[dD])",
    re.IGNORECASE,
)
_QUERY = re.compile(r"[?&#;](?P<key>[\w.-]{0,40})=(?P<value>[^&#\n]{0,300})")
_ASKS = re.compile(rf"[\w+%.:-]{{0,24}}?({_PLACEHOLDER})[\w+%.:-]{{0,24}}")
"""The placeholder is all there is, but for a word before or after it."""
_HINT = (
    r"[?&#;][\w.-]{0,40}=[\w+%.:-]{0,24}(?:\{|\[|<|\$|__|[A-Z]{3,}_|%7[bB])|(?i:(?:java|vb)script\s*:|data\s*:\s*(?:text/html|application/x)"
    r"|<!(?:ENTITY|DOCTYPE)|=(?:WEBSERVICE|IMPORT|IMAGE)|[=+@-](?:cmd|msexcel|powershell|rundll32|mshta|regsvr32|certutil|wscript))"
)
_DDE = "DDE"
_ABOUT = re.compile(_TALK, re.IGNORECASE)
_ABOUT_IN_IMAGE = re.compile(_DATA, re.IGNORECASE)
_SCRIPT = re.compile(r"^\s*(?:javascript|vbscript)\s*:|^\s*data\s*:\s*(?:text/html|application/x?html)", re.IGNORECASE)
_ENTITY = re.compile(
    r"<!ENTITY\s[^<>]{1,300}?\b(?:SYSTEM|PUBLIC)\s[^<>]{1,500}>|<!DOCTYPE\s[^<>\[]{1,300}?[\"'](?:file|expect|php|jar|gopher|ftp|netdoc|data):[^<>\[]{0,300}",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    r"(?:^|[,;|\t\"'])\s{0,3}[=+@-](?:cmd|msexcel|powershell|rundll32|mshta|regsvr32|certutil|wscript)(?:\.exe)?\s?\|[^\n]{1,200}|\bDDE(?:AUTO)?\s+\"?[^\n]{0,40}(?:cmd|powershell|mshta|rundll32)[^\n]{0,200}|(?:^|[,;|\t\"'])\s{0,3}=(?:WEBSERVICE|IMPORTXML|IMPORTDATA|IMPORTHTML|IMPORTFEED|IMAGE)\(\s*\"https?:[^\n]{1,300}",
    re.IGNORECASE | re.MULTILINE,
)


def addresses(text: str) -> Iterator[Address]:
    """Addresses in ``text`` outside code that ask to be filled in, run, or reach outside."""
    if not (_hint().search(text) or _DDE in text):
        return
    text = blank_code(text)
    seen: list[tuple[int, int]] = []
    if "](" in text:
        for match in _IN_MARKDOWN.finditer(text):
            if kind := _kind(match["url"], image=bool(match["image"])):
                seen.append(match.span())
                yield Address(*match.span(), kind, bool(match["image"]))
    if "<" in text:
        for match in _IN_HTML.finditer(text):
            followed = match["image"].lower() == "a"  # bookmarklets and buttons of pages: it takes a click
            kind = _kind(match["url"], image=not followed)
            if kind and not (kind == "script" and followed):
                seen.append(match.span())
                yield Address(*match.span(), kind, not followed)
        if "<!" in text:
            for match in _ENTITY.finditer(text):
                yield Address(*match.span(), "external", False)
    if "?" in text and "http" in text:
        seen.sort()
        for match in _BARE.finditer(text):
            query = match.group()
            before = bisect_right(seen, (match.start(), len(text)))
            inside = before > 0 and match.start() < seen[before - 1][1]
            if not inside and _kind(query, image=False) == "link":
                yield Address(match.start(), match.start() + len(query.rstrip()), "link", False)
    if "=" in text or "DDE" in text:
        for match in _COMMAND.finditer(text):
            yield Address(*match.span(), "external", False)


@lru_cache(maxsize=1)
def _hint() -> Any:
    import re2

    return re2.compile(_HINT)


def _kind(url: str, *, image: bool) -> str:
    if _SCRIPT.search(url):
        return "script"
    if "?" not in url and "#" not in url:
        return ""
    about = _ABOUT_IN_IMAGE if image else _ABOUT
    for match in _QUERY.finditer(url):
        asks = _ASKS.fullmatch(match["value"].strip())
        if asks and (about.search(asks[1]) or about.fullmatch(match["key"])):
            return "link"
    return ""
