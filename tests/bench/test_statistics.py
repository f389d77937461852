"""The examples beside the formulas, which are published ones, come out as printed."""

from __future__ import annotations

import doctest

from foretune import intervals
from foretune.bench import statistics


def test_published_examples_come_out_as_printed() -> None:
    for module in (intervals, statistics):
        done = doctest.testmod(module)
        assert done.attempted > 0
        assert done.failed == 0
