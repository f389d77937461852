"""The plan as a document that people read and sign: the stories, the five Ps, what is still open, what changed."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foretune.errors import InputError
from foretune.files import replacing
from foretune.plan.completeness import PlanEntry, State, completeness
from foretune.plan.config import Config
from foretune.plan.contradictions import contradictions
from foretune.plan.history import PlanVersion
from foretune.plan.intent import stories
from foretune.plan.questions import CHAPTERS

__all__ = ["markdown", "require_place", "story_sentence", "story_sentences", "write_document"]

_OPEN = "not decided"
_TITLE = "Requirements"


@dataclass(frozen=True, slots=True)
class _Heading:
    text: str


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class _Bullet:
    lead: str
    """Set off from the rest."""
    text: str


@dataclass(frozen=True, slots=True)
class _Row:
    cells: tuple[str, ...]
    note: str = ""
    """Set off, after the last cell."""


@dataclass(frozen=True, slots=True)
class _Table:
    head: tuple[str, ...]
    rows: tuple[_Row, ...]


_Block = _Heading | _Paragraph | _Bullet | _Table


def story_sentence(config: Config) -> str:
    """As an HR manager, I want …, so that … ."""
    return story_sentences(config)[0]


def story_sentences(config: Config) -> tuple[str, ...]:
    """Every story of the plan as a sentence, the first one first."""
    return tuple(
        f"As {persona or '…'}, I want {want or '…'}, so that {(so_that or '…').rstrip('.')}."
        for persona, want, so_that in stories(config)
    )


def write_document(config: Config, path: Path, history: Sequence[PlanVersion] = ()) -> None:
    """Write the requirements as Markdown, HTML or DOCX, by the suffix of ``path``.

    Raises:
        InputError: another suffix, the path of a folder, or a folder there is not.
    """
    require_place(path)
    blocks = list(_blocks(config, history))
    content = _FORMS[path.suffix.lower()](blocks)
    with replacing(path) as draft:
        draft.write_bytes(content)


def require_place(path: Path) -> None:
    """Refuse what :func:`write_document` would.

    Raises:
        InputError: as there.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file in it.")
    if path.suffix.lower() not in _FORMS:
        raise InputError(f"{path.name} is no .md, .html or .docx: give the document one of these endings.")
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent}: make it first, or write the document somewhere else.")


def markdown(config: Config, history: Sequence[PlanVersion] = ()) -> str:
    """The requirements document in Markdown (CommonMark with tables)."""
    return _markdown(list(_blocks(config, history)))


def _blocks(config: Config, history: Sequence[PlanVersion]) -> Iterator[_Block]:
    plan = completeness(config)
    yield from (_Paragraph(sentence, quoted=True) for sentence in story_sentences(config))
    for chapter in CHAPTERS[1:]:
        yield _Heading(chapter.title)
        yield _Paragraph(chapter.about)
        yield _Table(("", ""), tuple(_row(entry) for entry in plan.entries if entry.section == chapter.section))
    yield _Heading("Still open")
    clashes = contradictions(config)
    if not plan.missing and not plan.unconfirmed and not plan.weak and not clashes:
        yield _Paragraph("Nothing: every entry was decided by a person.")
    yield from (_Bullet("Contradiction:", sentence) for sentence in clashes)
    yield from (_Bullet(entry.label, f"is missing. {entry.why}") for entry in plan.missing)
    yield from (_Bullet(entry.label, f"is weak. {entry.weak}") for entry in plan.weak)
    for entry in plan.unconfirmed:
        yield _Bullet(entry.label, f"is a {entry.state}: {entry.value}. {entry.why}")
    changed = [version for version in history if version.changes]
    if changed:
        yield _Heading("Changes")
        for version in changed:
            yield _Paragraph(f"{version.at[:10]}, {version.by}: {version.reason}")
            rows = (_Row((each.label, each.before or _OPEN, each.after or _OPEN)) for each in version.changes)
            yield _Table(("", "before", "after"), tuple(rows))
    yield _Heading("Agreed")
    people = config.people
    signatures = (_Row(("Owner", people.owner, "")), _Row(("Signs off", people.signs_off, "")))
    yield _Table(("", "Name", "Date"), signatures)


def _row(entry: PlanEntry) -> _Row:
    if not entry.value:
        return _Row((entry.label, ""), _OPEN)
    return _Row((entry.label, entry.value), f"({entry.state})" if entry.state in (State.DRAFT, State.DEFAULT) else "")


# -- Markdown ---------------------------------------------------------------------------------------


def _markdown(blocks: Sequence[_Block]) -> str:
    lines = [f"# {_TITLE}"]
    before: _Block | None = None
    for block in blocks:
        if not (isinstance(block, _Bullet) and isinstance(before, _Bullet)):
            lines.append("")
        lines += _markdown_lines(block)
        before = block
    return "\n".join(lines) + "\n"


def _markdown_lines(block: _Block) -> Iterator[str]:
    match block:
        case _Heading(text):
            yield f"## {text}"
        case _Paragraph(text, quoted):
            yield f"> {_escaped(text)}" if quoted else _escaped(text)
        case _Bullet(lead, text):
            yield f"- **{lead}** {_escaped(text)}"
        case _Table(head, rows):
            yield f"| {' | '.join(head)} |" if any(head) else "| " * len(head) + "|"
            yield "|---" * len(head) + "|"
            for row in rows:
                *first, last = map(_escaped, row.cells)
                last = f"{last} *{row.note}*".strip() if row.note else last
                yield f"| {' | '.join([*first, last])} |".replace("|  |", "| |")


def _escaped(text: str) -> str:
    """Text as text: one line, and nothing in it a mark of Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))


# -- HTML -------------------------------------------------------------------------------------------

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, Arial, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8886; }}
td:first-child {{ width: 30%; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def _html(blocks: Sequence[_Block]) -> str:
    return _PAGE.format(title=_TITLE, body="\n".join(map(_html_block, blocks)))


def _html_block(block: _Block) -> str:
    match block:
        case _Heading(text):
            return f"<h2>{html.escape(text)}</h2>"
        case _Paragraph(text, quoted):
            return f"<blockquote>{html.escape(text)}</blockquote>" if quoted else f"<p>{html.escape(text)}</p>"
        case _Bullet(lead, text):
            return f"<p>• <strong>{html.escape(lead)}</strong> {html.escape(text)}</p>"
        case _Table(head, rows):
            top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head) if any(head) else ""
            return f"<table>{top and f'<tr>{top}</tr>'}{''.join(map(_html_row, rows))}</table>"


def _html_row(row: _Row) -> str:
    *first, last = map(html.escape, row.cells)
    note = f" <em>{html.escape(row.note)}</em>" if row.note else ""
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in first)}<td>{last}{note}</td></tr>"


# -- DOCX -------------------------------------------------------------------------------------------

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 cannot hold."""


def _docx(blocks: Sequence[_Block]) -> bytes:
    from docx import Document

    document = Document()
    document.add_heading(_TITLE, 0)
    for block in blocks:
        match block:
            case _Heading(text):
                document.add_heading(_xml(text), 1)
            case _Paragraph(text, quoted):
                document.add_paragraph(_xml(text), style="Quote" if quoted else None)
            case _Bullet(lead, text):
                paragraph = document.add_paragraph(style="List Bullet")
                paragraph.add_run(_xml(lead)).bold = True
                paragraph.add_run(f" {_xml(text)}")
            case _Table(head, rows):
                table = document.add_table(rows=0, cols=len(head), style="Table Grid")
                for row in ([_Row(head)] if any(head) else []) + list(rows):
                    cells = table.add_row().cells
                    for cell, text in zip(cells, row.cells, strict=True):
                        cell.text = _xml(text)
                    if row.note:
                        cells[-1].paragraphs[0].add_run(f" {row.note}".lstrip()).italic = True
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _xml(text: str) -> str:
    return _NO_XML.sub("�", text)


_FORMS: Mapping[str, Callable[[Sequence[_Block]], bytes]] = {
    ".md": lambda blocks: _markdown(blocks).encode("utf-8", "replace"),
    ".html": lambda blocks: _html(blocks).encode("utf-8", "replace"),
    ".docx": _docx,
}
