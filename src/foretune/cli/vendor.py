"""``foretune vendor``: what to ask, what they answered, and how they compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretune.errors import InputError
from foretune.pages import templates

if TYPE_CHECKING:
    from foretune.plan import Config
    from foretune.plan.vendor import VendorScore

__all__ = ["app"]

app = typer.Typer(help="Ask vendors, take their answers, score and compare them, and test them.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Vendors = Annotated[list[str] | None, typer.Argument(metavar="[VENDOR...]", help="All, where none is named.")]


@app.command("new")
def new(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="SHEET", help="The .xlsx or .csv to write.", show_default=False)
    ] = None,
    ours: Annotated[
        bool, typer.Option("--ours", help="The buyer's copy: why each matters, good answers, red flags, grades.")
    ] = False,
    vendor: Annotated[
        str, typer.Option("--vendor", metavar="VENDOR", help="Fill in what this vendor has answered.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write the questions as a spreadsheet to send out, tied to the plan; without a file, show them to yourself."""
    from foretune.plan.vendor import write_sheet
    from foretune.project.vendors import answers_of, questions_here

    folder, config = _here()
    questions = questions_here(folder, config)
    if out is not None:
        answers = answers_of(folder, vendor) if vendor else {}
        count = write_sheet(questions, out, ours=ours, answers=answers)
        typer.echo(f"Wrote {count} questions to {out}", err=as_json)
    for each in questions if as_json or out is None else ():
        if as_json:
            row = {name: getattr(each, name) for name in ("id", "area", "by", "weight", "ask", "why")}
            row |= {"good": each.good, "red_flag": each.red_flag, "besides": each.besides}
            typer.echo(json.dumps(row, ensure_ascii=False))
        else:
            typer.echo(f"{each.area} · {each.id}{'' if each.by == 'them' else ' (you answer this about them)'}")
            typer.echo(f"  {each.ask}\n  Why: {each.why}\n  Good: {each.good}\n  Red flag: {each.red_flag}")
            for besides in each.besides:
                typer.echo(f"  {besides}")
            typer.echo()


@app.command("answer")
def answer(
    vendor: Annotated[str, typer.Argument(help="The vendor's name.")],
    sheet: Annotated[Path | None, typer.Argument(metavar="[SHEET]", help="The filled-in .xlsx or .csv.")] = None,
    graded: Annotated[
        bool, typer.Option("--graded", help="The grades and notes in the sheet are yours, not the vendor's.")
    ] = False,
    assign: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ID=ANSWER", help="One answer by its question's id; repeatable."),
    ] = None,
    grade: Annotated[
        list[str] | None,
        typer.Option("--grade", metavar="ID=0..3", help="Your own grade of an answer; it stands. Repeatable."),
    ] = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why you graded it so.")] = "",
) -> None:
    """Take a vendor's answers, from the spreadsheet or one by one, and your grades of them."""
    from foretune.plan.vendor import VendorAnswer
    from foretune.project.vendors import take_answers

    folder, config = _here()
    if sheet is None and not assign and not grade:
        raise InputError("There is nothing to take: name the spreadsheet, or give --set ID=ANSWER or --grade ID=0..3.")
    single = [VendorAnswer(name, text) for name, text in (_pair("--set", each) for each in assign or ())]
    grades: dict[str, int] = {}
    for name, text in (_pair("--grade", each) for each in grade or ()):
        if text not in ("0", "1", "2", "3"):
            raise InputError(f"--grade takes 0, 1, 2 or 3 for {name}, not {text!r}.")
        grades[name] = int(text)
    count, aside = take_answers(
        folder, config, vendor, sheet=sheet, graded=graded, single=single, grades=grades, note=note
    )
    typer.echo(f"Took {count} answer{'' if count == 1 else 's'} of {vendor}")
    if sheet is not None and not count:
        typer.echo(f"No answer stands beside a question in {sheet.name}: is it the sheet they filled in?", err=True)
    for sentence in aside:
        typer.echo(sentence, err=True)


@app.command("score")
def score(vendors: Vendors = None, as_json: AsJson = False) -> None:
    """Grade each answer, with the reason; show red flags and what is unanswered."""
    from foretune.project.vendors import scores

    folder, config = _here()
    for found in scores(folder, config, vendors or ()):
        if as_json:
            typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
        else:
            _show(found)


@app.command("report")
def report(
    vendors: Vendors = None,
    html_file: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Where to write the page.  [default: reports/vendors.html]"),
    ] = None,
) -> None:
    """Compare vendors on one page: shares by area, red flags, what is unanswered, every answer with its grade."""
    from foretune.charts import bar_chart
    from foretune.files import replacing
    from foretune.project.vendors import scores

    folder, config = _here()
    target = html_file or folder / "reports" / "vendors.html"
    if target.is_dir():
        raise InputError(f"{target} is a folder: name a file in it.")
    if html_file is None:
        target.parent.mkdir(exist_ok=True)
    elif not target.parent.is_dir():
        raise InputError(f"There is no folder {target.parent}: make it first, or write the page somewhere else.")
    found = scores(folder, config, vendors or ())
    environment = templates("foretune.cli")
    chart = bar_chart(
        {each.vendor: round(100 * each.share, 1) for each in found}, title=_message(found), y="% of the best score"
    )
    page = environment.get_template("vendors.html.j2").render(found=found, chart=chart)
    with replacing(target) as draft:
        draft.write_text(page, encoding="utf-8", errors="replace")
    typer.echo(f"Wrote {target}")


@app.command("test")
def try_address(
    vendor: Annotated[str, typer.Argument(help="The vendor's name.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS#MODEL", help="Their OpenAI-compatible address.")],
    key_variable: Annotated[
        str, typer.Option("--key-variable", metavar="NAME", help="The environment variable with the address's key.")
    ] = "",
    each_quarter: Annotated[
        int, typer.Option("--each-quarter", min=0, help="Dated facts a quarter at most; 0 asks none.")
    ] = 4,
    as_json: AsJson = False,
) -> None:
    """Trust, but test: ask their address the bench's questions and dated facts; no document is sent."""
    from foretune.cli.progress import terminal
    from foretune.project.vendor_trials import try_vendor

    folder, config = _here()
    found = try_vendor(
        folder,
        config,
        vendor,
        address,
        key_variable=key_variable,
        each_quarter=each_quarter,
        progress=terminal(),
    )
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        typer.echo(f"{found.vendor}: {found.model}")
        for sentence in found.sentences:
            typer.echo(f"  {sentence}")


def _pair(option: str, assignment: str) -> tuple[str, str]:
    name, equals, text = assignment.partition("=")
    if not equals or not name.strip():
        raise InputError(f"{option} takes ID=VALUE with the id of a question, not {assignment!r}.")
    return name.strip(), text.strip()


def _here() -> tuple[Path, Config]:
    from foretune.plan import find, load

    path = find(Path.cwd())
    return path.parent, load(path)


def _message(found: list[VendorScore]) -> str:
    best = found[0]
    flags = len(best.red_flags)
    warned = f", with {flags} red flag{'' if flags == 1 else 's'}" if flags else ""
    verb = "answers to" if len(found) == 1 else "has the best answers:"
    return f"{best.vendor} {verb} {best.share:.0%} of the best score{warned}"


def _show(found: VendorScore) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(f"{found.vendor}: {found.share:.0%} of the best score", style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("area", "question", "grade", "why"):
        table.add_column(name)
    for each in found.answers:
        style = "red" if each.red_flag else "dim" if each.unanswered else ""
        table.add_row(each.area, each.question, f"{each.grade} of 3", Text(each.reason, style=style))
    console.print(table)
    flags = ", ".join(each.question for each in found.red_flags) or "none"
    console.print(Text(f"Red flags: {flags}. Unanswered: {len(found.unanswered)} of {len(found.answers)}.\n"))
