"""Columns hold what lists of objects hold, in the same order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foretune.governance.columns import Blobs, Strings, order_by
from foretune.governance.signed import Signed, SignedColumns

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
"""Also NUL and lone surrogates, which names of files can hold."""
SIGNED = st.builds(
    Signed,
    ANY_TEXT,
    ANY_TEXT,
    ANY_TEXT,
    ANY_TEXT,
    st.integers(0, 2**40),
    st.integers(0, 6),
    st.sampled_from([b"", b"a" * 16, b"b" * 16]),
    st.binary(min_size=256, max_size=256),
    st.binary(max_size=3).map(lambda some: some * 4),
)


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=30))
def test_columns_are_ordered_as_python_orders_strings(rows: list[tuple[str, str]]) -> None:
    order = order_by(Strings(path for path, _ in rows), Strings(name for _, name in rows))
    assert order.tolist() == sorted(range(len(rows)), key=rows.__getitem__)


@given(st.lists(SIGNED, max_size=6), st.lists(SIGNED, max_size=6))
def test_records_come_back_as_they_went_in(some: list[Signed], more: list[Signed]) -> None:
    columns = SignedColumns.of(some)
    columns += SignedColumns.of(more)
    assert list(columns) == [*some, *more]


@given(st.lists(SIGNED, max_size=12))
def test_of_each_text_the_first_by_path_stands_for_its_copies(signed: list[Signed]) -> None:
    columns = SignedColumns.of(signed)
    order = columns.in_order()
    ordered = sorted((each for each in signed if each.exact), key=lambda each: (each.path, each.id))
    assert [columns[place].path for place in order.tolist()] == [each.path for each in ordered]
    distinct, firsts = columns.copies(order)
    texts = [columns[place].exact for place in order.tolist()]
    assert firsts.tolist() == [texts.index(text) for text in texts]
    assert distinct.tolist() == sorted(set(firsts.tolist()))


def test_numbers_are_cut_where_the_items_end() -> None:
    blobs = Blobs.of(np.array([1, 2, 3], dtype="<u4"), np.array([2, 0, 1]))
    assert [np.frombuffer(each, dtype="<u4").tolist() for each in blobs] == [[1, 2], [], [3]]
