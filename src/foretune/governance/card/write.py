"""All forms of the card, written from one count."""

from __future__ import annotations

from pathlib import Path

from foretune.files import replacing
from foretune.governance.card.croissant import croissant
from foretune.governance.card.facts import card_facts
from foretune.governance.card.huggingface import dataset_card
from foretune.governance.card.summary import summary_page
from foretune.plan.config import Config
from foretune.vault import Vault

__all__ = ["write_card"]


def write_card(vault: Vault, config: Config, folder: Path, *, name: str) -> list[Path]:
    """Write ``README.md`` (Hugging Face), ``croissant.json`` and ``card.html`` into ``folder``; returns their paths.

    What goes in and what is set aside add up to what was offered, in each of them.
    """
    facts = card_facts(vault, config, name=name)
    assert facts.seen == facts.goes_in + facts.set_aside
    forms = {
        "README.md": dataset_card(facts),
        "croissant.json": croissant(facts),
        "card.html": summary_page(facts),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in forms.items():
        with replacing(folder / file) as draft:
            draft.write_text(text, encoding="utf-8")
    return [folder / file for file in forms]
