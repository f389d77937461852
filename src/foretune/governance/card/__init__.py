"""The data card: what is in, what is out and why, for everybody who was not there when it was decided.

Hands on :func:`write_card`, which writes the same facts in three forms: a Hugging Face dataset card, Croissant with
its fields for responsible AI, and a page for a manager. None holds a word of the documents.
"""

from __future__ import annotations

from foretune.governance.card.facts import CardFacts, card_facts
from foretune.governance.card.write import write_card

__all__ = ["CardFacts", "card_facts", "write_card"]
