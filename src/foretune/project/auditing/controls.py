"""Which check is evidence for which requirement; a check is evidence, not a certificate."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CONTROLS"]

CONTROLS: Mapping[str, tuple[str, ...]] = {
    "encrypted": ("HIPAA 164.312(a)(2)(iv)", "HIPAA 164.312(e)(2)(ii)", "SOC 2 CC6.1", "OWASP LLM02:2025"),
    "whole": ("HIPAA 164.312(c)(1)", "SOC 2 CC7.1", "NIST AI RMF MEASURE 2.7"),
    "key": ("HIPAA 164.312(d)", "SOC 2 CC6.1"),
    "access": (
        "HIPAA 164.312(a)(1)",
        "HIPAA 164.312(a)(2)(i)",
        "SOC 2 CC6.3",
        "OWASP LLM08:2025",
        "NIST AI RMF GOVERN 2.1",
    ),
    "log": ("HIPAA 164.312(b)", "SOC 2 CC7.2", "ISO 42001 A.6.2.8", "NIST AI RMF MANAGE 4.1"),
    "refusals": ("SOC 2 CC7.3", "HIPAA 164.312(b)"),
    "labels": ("SOC 2 CC6.7", "ISO 42001 A.7.2", "NIST AI RMF MAP 4.1", "OWASP LLM02:2025"),
    "decisions": ("SOC 2 CC8.1", "ISO 42001 A.7.4", "NIST AI RMF GOVERN 1.4"),
    "provenance": ("ISO 42001 A.7.5", "OWASP LLM04:2025", "NIST AI RMF MAP 2.3"),
    "hostile": ("OWASP LLM01:2025", "OWASP LLM04:2025", "NIST AI RMF MEASURE 2.7"),
    "erased": ("SOC 2 CC6.5", "ISO 42001 A.7.6", "NIST AI RMF MEASURE 2.10"),
    "adapters": ("ISO 42001 A.6.2.4", "SOC 2 CC8.1", "OWASP LLM03:2025", "OWASP LLM04:2025"),
    "releases": ("SOC 2 CC8.1", "ISO 42001 A.6.2.5", "NIST AI RMF MANAGE 2.4", "OWASP LLM03:2025"),
    "engine": ("HIPAA 164.312(e)(1)", "SOC 2 CC6.6", "OWASP LLM02:2025"),
}
"""Names of checks (:mod:`foretune.project.auditing.checks`) and what they are evidence for.

HIPAA: 45 CFR 164.312, technical safeguards. SOC 2: the AICPA's 2017 Trust Services Criteria, revised points of focus
2022. ISO/IEC 42001:2023, Annex A. NIST AI 100-1 (2023). OWASP Top 10 for LLM Applications 2025.
"""
