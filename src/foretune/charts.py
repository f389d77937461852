"""Pictures for the report: SVG text, the same bytes for the same numbers.

Drawn by Vega-Lite in-process (no browser, no network). Text, axes and grid are greys
that can be read on white and on near-black; the ground is left transparent. The
colours are Okabe and Ito's, which people with any common colour blindness can tell
apart (https://jfly.uni-koeln.de/color/); the outcomes differ in lightness too. Every
title, label and name is data: markup in it is shown, never run.

Titles should say the message ("Retrieval answers twice as many questions"), not the
subject ("Results").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

__all__ = ["OUTCOME_COLOURS", "age_chart", "bar_chart", "curve_chart", "loss_chart", "outcome_chart", "scale_chart"]

_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#E69F00", "#009E73", "#9AA0A6"
_VERMILION = "#D55E00"
_TEXT = "#767676"
"""4.54:1 on white and 4.6:1 on near-black (#000): enough for WCAG 2.2 AA on both."""
_GRID = "#80808033"
_FONT = "Arial, Helvetica, sans-serif"
_WIDTH = 620
_LETTER = 7.5
"""Pixels a letter of an axis label takes."""

OUTCOME_COLOURS: Mapping[str, str] = {
    "correct": _GREEN,
    "incorrect": _VERMILION,
    "not_attempted": _GREY,
    "not_scored": "#C8CCD0",
}
"""Outcome → colour, in the order in which they are stacked."""


def outcome_chart(
    counts: Mapping[str, Mapping[str, int]],
    *,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    title: str,
) -> str:
    """One bar an arm, cut into its outcomes (percent of its questions), with the counts written on it.

    ``intervals`` are shares (0 to 1) between which the true rate of correct answers
    lies; they are drawn as whiskers at the end of the first part.
    """
    import altair as alt

    arms = list(counts)
    names = [name for name in OUTCOME_COLOURS if any(counts[arm].get(name) for arm in arms)]
    parts = alt.Chart(alt.InlineData(values=_outcome_rows(counts, names)))
    y = alt.Y(
        "arm:N", sort=arms, title=None, axis=alt.Axis(labelFontSize=13, labelLimit=180, ticks=False, domain=False)
    )
    bars = parts.mark_bar(height=24).encode(
        x=alt.X(
            "start:Q",
            title="share of the questions",
            axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
            scale=alt.Scale(domain=[0, 1]),
        ),
        x2="end:Q",
        y=y,
        color=alt.Color(
            "outcome:N",
            title=None,
            sort=[_spoken(name) for name in names],
            scale=alt.Scale(domain=[_spoken(n) for n in names], range=[OUTCOME_COLOURS[n] for n in names]),
            legend=alt.Legend(orient="top", labelFontSize=13, symbolType="square"),
        ),
    )
    numbers = (
        parts.transform_filter("datum.end - datum.start > 0.04")
        .mark_text(fontSize=12, fontWeight="bold")
        .encode(x="middle:Q", y=y, text="label:N", color=alt.Color("ink:N", scale=None))
    )
    layers: list[Any] = [bars, numbers]
    if intervals:
        layers += _whiskers(intervals, y)
    chart = alt.layer(*layers).properties(width=_WIDTH, height=52 * max(1, len(arms)))
    note = "The whisker spans where the true share of correct answers lies (95 %)." if intervals else ""
    return _svg(chart, title, note)


def _outcome_rows(counts: Mapping[str, Mapping[str, int]], names: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for arm, outcomes in counts.items():
        total = sum(outcomes.get(name, 0) for name in names)
        start = 0
        for name in names:
            count = outcomes.get(name, 0)
            if not count:
                continue
            rows.append(
                {
                    "arm": arm,
                    "outcome": _spoken(name),
                    "start": start / total,
                    "end": (start + count) / total,
                    "middle": (start + count / 2) / total,
                    "label": str(count),
                    "ink": "#ffffff" if name in ("correct", "incorrect") else "#202124",
                }
            )
            start += count
    return rows


def _whiskers(intervals: Mapping[str, tuple[float, float]], y: alt.Y) -> list[alt.Chart]:
    """Below the bars, where they cross no colour."""
    import altair as alt

    rows = [{"arm": arm, "low": low, "high": high} for arm, (low, high) in intervals.items()]
    data = alt.Chart(alt.InlineData(values=rows))
    line = data.mark_rule(color=_TEXT, strokeWidth=2, yOffset=19).encode(x="low:Q", x2="high:Q", y=y)
    ends = [
        data.mark_tick(color=_TEXT, thickness=2, size=10, yOffset=19).encode(x=f"{end}:Q", y=y)
        for end in ("low", "high")
    ]
    return [line, *ends]


def _spoken(outcome: str) -> str:
    return outcome.replace("_", " ")


def loss_chart(
    losses: Sequence[float], *, evaluation: Sequence[tuple[int, float]] = (), title: str, start: int = 1
) -> str:
    """Training loss step by step, its moving mean, and the evaluation points beside it.

    ``losses[0]`` belongs to step ``start``; ``evaluation`` holds (step, loss). Lower is
    better; an evaluation line that turns up while training goes down is overfitting.
    """
    import altair as alt

    raw = [{"step": start + i, "loss": loss} for i, loss in enumerate(losses)]
    mean = [
        {"step": row["step"], "loss": value, "line": "training"}
        for row, value in zip(raw, _smooth(losses), strict=True)
    ]
    points = [{"step": step, "loss": loss, "line": "evaluation"} for step, loss in evaluation]
    names = ["training", "evaluation"] if points else ["training"]
    colour = alt.Color(
        "line:N",
        title=None,
        scale=alt.Scale(domain=names, range=[_BLUE, _ORANGE][: len(names)]),
        legend=alt.Legend(orient="top", labelFontSize=13) if points else None,
    )
    x = alt.X("step:Q", title="step", axis=alt.Axis(tickMinStep=1, format="d"), scale=alt.Scale(nice=False))
    y = alt.Y("loss:Q", title="loss", scale=alt.Scale(zero=True))
    layers: list[Any] = [
        alt.Chart(alt.InlineData(values=raw)).mark_line(color=_BLUE, opacity=0.5, strokeWidth=1).encode(x=x, y=y),
        alt.Chart(alt.InlineData(values=mean)).mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour),
    ]
    if points:
        layers.append(
            alt.Chart(alt.InlineData(values=points))
            .mark_line(strokeWidth=2, strokeDash=[6, 3], point=alt.OverlayMarkDef(size=70, filled=True))
            .encode(x=x, y=y, color=colour)
        )
    return _svg(alt.layer(*layers).properties(width=_WIDTH, height=240), title)


def curve_chart(points: Sequence[tuple[int, float, float, float]], *, title: str) -> str:
    """Evaluation loss by number of examples, as (examples, loss, low, high), with its interval; lower is better.

    The number of examples is on a logarithmic axis, on which what helps less and less is a line that flattens.
    """
    import altair as alt

    rows = [{"examples": size, "loss": loss, "low": low, "high": high} for size, loss, low, high in points]
    data = alt.Chart(alt.InlineData(values=rows))
    x = alt.X(
        "examples:Q",
        title="examples (logarithmic)",
        scale=alt.Scale(type="log", nice=False, padding=20),
        axis=alt.Axis(values=[size for size, *_ in points], format="d", grid=False),
    )
    y = alt.Y("loss:Q", title="evaluation loss", scale=alt.Scale(zero=False))
    layers: list[Any] = [
        data.mark_rule(color=_TEXT, strokeWidth=2).encode(
            x=x, y=alt.Y("low:Q", scale=alt.Scale(zero=False)), y2="high:Q"
        ),
        data.mark_line(
            color=_BLUE, strokeWidth=2.5, point=alt.OverlayMarkDef(size=80, filled=True, color=_BLUE)
        ).encode(x=x, y=y),
    ]
    note = "Whiskers: 95 %, over documents. All sizes are measured on the same ones: two that overlap can still differ."
    return _svg(alt.layer(*layers).properties(width=_WIDTH, height=240), title, note)


def _smooth(losses: Sequence[float]) -> list[float]:
    """Mean over a tenth of the curve around each point, at least the neighbours."""
    reach = max(1, len(losses) // 20)
    windows = [losses[max(0, i - reach) : i + reach + 1] for i in range(len(losses))]
    return [sum(window) / len(window) for window in windows]


def bar_chart(values: Mapping[str, float], *, title: str, x: str = "", y: str = "") -> str:
    """One upright bar a key, in the order given; ``x`` and ``y`` name the axes."""
    import altair as alt

    names = list(values)
    fits = max(map(len, names), default=0) * _LETTER <= _WIDTH / max(1, len(names))
    data = alt.Chart(alt.InlineData(values=[{"name": name, "value": value} for name, value in values.items()]))
    across = alt.X(
        "name:N",
        sort=names,
        title=x or None,
        axis=alt.Axis(labelAngle=0 if fits else -45, labelLimit=180, ticks=False),
        scale=alt.Scale(paddingInner=0.2),
    )
    up = alt.Y("value:Q", title=y or None, axis=alt.Axis(tickMinStep=1), scale=alt.Scale(zero=True))
    bars = data.mark_bar(color=_BLUE).encode(x=across, y=up)
    layers: list[Any] = [bars]
    if len(names) <= 24:
        layers.append(
            data.mark_text(dy=-7, fontSize=12, color=_TEXT).encode(
                x=across, y=up, text=alt.Text("value:Q", format=",~r")
            )
        )
    return _svg(alt.layer(*layers).properties(width=_WIDTH, height=220), title)


def scale_chart(values: Mapping[int, float], *, title: str, x: str = "", y: str = "") -> str:
    """A value at each of some sizes that lie far apart: ``x`` is logarithmic, ``y`` begins at zero."""
    import altair as alt

    rows = [{"size": size, "value": value} for size, value in values.items()]
    across = alt.X(
        "size:Q",
        title=x or None,
        axis=alt.Axis(values=list(values), format=",d", grid=False),
        scale=alt.Scale(type="log", nice=False, padding=32),
    )
    up = alt.Y("value:Q", title=y or None, scale=alt.Scale(zero=True))
    data = alt.Chart(alt.InlineData(values=rows)).encode(x=across, y=up)
    line = data.mark_line(color=_BLUE, strokeWidth=2.5, point=alt.OverlayMarkDef(color=_BLUE, size=70, filled=True))
    shown = data.mark_text(dy=-14, fontSize=12, color=_TEXT).encode(text=alt.Text("value:Q", format=",.0f"))
    return _svg(alt.layer(line, shown).properties(width=_WIDTH, height=220), title)


def age_chart(dates: Sequence[str], *, title: str, now: date, stale_after_years: int | None = None) -> str:
    """How many documents were written in each year, gaps included; what is old stands out.

    ``dates`` are ISO 8601 (the year is enough); others are left out. Years more than
    ``stale_after_years`` before ``now`` are drawn in orange.
    """
    import altair as alt

    years = [int(text[:4]) for text in dates if text[:4].isdigit() and int(text[:4]) > 0]
    if not years:
        return _svg(alt.Chart(alt.InlineData(values=[])).mark_bar().properties(width=_WIDTH, height=40), title)
    first, last = min(years), max(max(years), now.year)
    limit = now.year - stale_after_years if stale_after_years is not None else None
    old = f"more than {stale_after_years} years old"
    rows = [
        {
            "year": f"{year:04d}",
            "documents": years.count(year),
            "age": old if limit is not None and year < limit else "newer",
        }
        for year in _spread(first, last)
    ]
    shown = limit is not None and any(row["age"] == old for row in rows)
    names = [f"{year:04d}" for year in _spread(first, last)]
    every = max(1, -(-len(names) // 16))
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, values=names[::every], ticks=False)),
            y=alt.Y("documents:Q", title="documents", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "age:N",
                title=None,
                scale=alt.Scale(domain=["newer", old], range=[_BLUE, _ORANGE]),
                legend=alt.Legend(orient="top", labelFontSize=13) if shown else None,
            ),
        )
    )
    return _svg(chart.properties(width=_WIDTH, height=200), title)


_LONGEST_AXIS = 80


def _spread(first: int, last: int) -> list[int]:
    """All years from ``first`` to ``last``; a typing error of centuries must not draw a thousand bars."""
    return list(range(max(first, last - _LONGEST_AXIS), last + 1))


def _svg(chart: alt.Chart | alt.LayerChart | alt.FacetChart, title: str, note: str = "") -> str:
    import altair as alt
    import vl_convert

    heading = alt.TitleParams(
        text=_wrapped(title),
        subtitle=[note] if note else [],
        anchor="start",
        fontSize=16,
        fontWeight="bold",
        color=_TEXT,
        subtitleColor=_TEXT,
        subtitleFontSize=12,
        offset=12,
    )
    spec = (
        chart.properties(title=heading)
        .configure(background="transparent", font=_FONT, padding=8)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=_TEXT,
            titleColor=_TEXT,
            gridColor=_GRID,
            domainColor=_GRID,
            tickColor=_GRID,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        )
        .configure_legend(labelColor=_TEXT, titleColor=_TEXT)
        .to_dict()
    )
    return vl_convert.vegalite_to_svg(spec, vl_version="6.4")


def _wrapped(title: str, width: int = 72) -> list[str]:
    import textwrap

    return textwrap.wrap(title, width) or [""]
