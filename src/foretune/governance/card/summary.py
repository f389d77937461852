"""The card as one page for a manager: what goes in, what stays out and why, with pictures."""

from __future__ import annotations

from collections import Counter
from datetime import date

from foretune import charts
from foretune.governance.card import words
from foretune.governance.card.facts import CardFacts
from foretune.governance.types import State
from foretune.pages import templates

__all__ = ["summary_page"]

_OLD_YEARS = 3
"""Documents older than this stand out in the picture."""
_LEAST_DATED = 0.1
"""Share of the documents that must carry a date for a picture of their ages to tell anything of all of them."""


def summary_page(facts: CardFacts) -> str:
    """HTML that needs nothing else."""
    environment = templates("foretune.governance.card")
    return environment.get_template("card.html.j2").render(
        facts=facts,
        words=words,
        states=State,
        stands_picture=_stands_picture(facts),
        found_picture=_found_picture(facts),
        age_picture=_age_picture(facts),
        outside=[each for each in facts.reasons if not each.state.goes_on],
        open_points=words.open_points(facts),
        inside=[each for each in facts.reasons if each.state.goes_on],
    )


def _stands_picture(facts: CardFacts) -> str:
    values = {state.value: facts.states[state] for state in State} | {"unreadable": sum(facts.unreadable.values())}
    title = words.documents(facts.goes_in, facts.seen, verbs=("goes in", "go in"))
    return charts.bar_chart({name: float(count) for name, count in values.items()}, title=title, y="documents")


def _found_picture(facts: CardFacts) -> str:
    by_check: Counter[str] = Counter()
    for (check, _), count in facts.findings.items():
        by_check[check] += count
    if not by_check:
        return ""
    [(most, _)] = by_check.most_common(1)
    title = f"{by_check.total():,} findings, most of them by the check “{most}”"
    return charts.bar_chart({name: float(count) for name, count in by_check.most_common()}, title=title, y="findings")


def _age_picture(facts: CardFacts) -> str:
    if len(facts.dates) < _LEAST_DATED * facts.goes_in or not facts.dates:
        return ""
    today = date.fromisoformat(facts.made_at[:10])
    old = sum(int(each[:4]) < today.year - _OLD_YEARS for each in facts.dates if each[:4].isdigit())
    are = "dated document is" if len(facts.dates) == 1 else f"dated documents {'is' if old == 1 else 'are'}"
    title = f"{old:,} of {len(facts.dates):,} {are} more than {_OLD_YEARS} years old"
    return charts.age_chart(facts.dates, title=title, now=today, stale_after_years=_OLD_YEARS)
