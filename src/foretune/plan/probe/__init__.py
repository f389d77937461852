"""What a model already knows, found out by asking it: until when, about what, and what it can quote.

Takes an engine, hands on what came of it with intervals; says that it cannot tell where it cannot.
"""

from __future__ import annotations

from foretune.plan.probe.cutoff import KnowledgeEnd, knowledge_end, quarter_name
from foretune.plan.probe.facts import DatedFact, chosen, read_facts
from foretune.plan.probe.probe import AskedFact, Probe, probe
from foretune.plan.probe.topics import Quoted, Topic

__all__ = [
    "AskedFact",
    "DatedFact",
    "KnowledgeEnd",
    "Probe",
    "Quoted",
    "Topic",
    "chosen",
    "knowledge_end",
    "probe",
    "quarter_name",
    "read_facts",
]
