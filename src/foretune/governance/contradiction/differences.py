"""Do two statements disagree? Each kind of difference is a registered function of two statements.

What both sides give is no difference; what they say of different cases, years or
conditions is none either.
"""

from __future__ import annotations

# Importing them registers their comparisons.
from foretune.governance.contradiction import denials, happenings, numbers  # noqa: F401
from foretune.governance.contradiction.cases import illustrates, only_points, other_case
from foretune.governance.contradiction.reading import Difference, Read, comparisons

__all__ = ["Difference", "Read", "differences"]


def differences(one: Read, other: Read) -> list[Difference]:
    """What differs, the surest first; nothing where the two speak of different cases."""
    if other_case(one, other) or illustrates(one) or illustrates(other) or only_points(one, other):
        return []
    found = [difference for compare in comparisons for difference in compare(one, other)]
    return sorted(found, key=lambda each: (-each.weight, each.type, each.one, each.other))
