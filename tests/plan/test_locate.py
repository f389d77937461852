"""Each key of a TOML text is found on the line where it stands."""

from __future__ import annotations

import tomllib
from typing import Any

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from foretune.plan.locate import Location, line_of, locate

AWKWARD = '''\
# a = 1
top = "[not.a.table]"   # ] } " \'\'\'
"quoted key" . sub = 1
[a] # [b]
multi = """
x = 1
[c]
"quotes"\\""""""
literal = \'\'\'
# no comment
it\'s\'\'\'\'\'
after = 2024-01-01 10:00:00 # a date with a blank
list = [ # first
  1, 2,
  # three = 3
  "]", [4,
    5], { x = 1, "y z" = [
      6 ] },
]
dotted.one.two = true
[[tables]]
n = 1
  [[tables.inner]]
  m = 1
  [[tables.inner]]
  m = 2
  [tables.inner.leaf]
  z = 0
[[tables]]
n = 2
  [[ tables . inner ]]
  m = 3
[a.b]
c = -inf
'''


def leaves(value: Any, at: Location = ()) -> list[Location]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(found for key, inner in items for found in leaves(inner, (*at, key)))]


def test_every_key_of_an_awkward_text_is_on_its_line() -> None:
    lines = locate(AWKWARD)
    assert {key: lines[key] for key in sorted(lines, key=lambda key: (lines[key], str(key)))} == {
        ("top",): 2,
        ("quoted key",): 3,
        ("quoted key", "sub"): 3,
        ("a",): 4,
        ("a", "multi"): 5,
        ("a", "literal"): 9,
        ("a", "after"): 12,
        ("a", "list"): 13,
        ("a", "list", 0): 14,
        ("a", "list", 1): 14,
        ("a", "list", 2): 16,
        ("a", "list", 3): 16,
        ("a", "list", 3, 0): 16,
        ("a", "list", 3, 1): 17,
        ("a", "list", 4): 17,
        ("a", "list", 4, "x"): 17,
        ("a", "list", 4, "y z"): 17,
        ("a", "list", 4, "y z", 0): 18,
        ("a", "dotted"): 20,
        ("a", "dotted", "one"): 20,
        ("a", "dotted", "one", "two"): 20,
        ("tables",): 21,
        ("tables", 0): 21,
        ("tables", 0, "n"): 22,
        ("tables", 0, "inner"): 23,
        ("tables", 0, "inner", 0): 23,
        ("tables", 0, "inner", 0, "m"): 24,
        ("tables", 0, "inner", 1): 25,
        ("tables", 0, "inner", 1, "m"): 26,
        ("tables", 0, "inner", 1, "leaf"): 27,
        ("tables", 0, "inner", 1, "leaf", "z"): 28,
        ("tables", 1): 29,
        ("tables", 1, "n"): 30,
        ("tables", 1, "inner"): 31,
        ("tables", 1, "inner", 0): 31,
        ("tables", 1, "inner", 0, "m"): 32,
        ("a", "b"): 33,
        ("a", "b", "c"): 34,
    }


def test_what_is_found_is_exactly_what_a_parser_reads() -> None:
    assert set(locate(AWKWARD)) == set(leaves(tomllib.loads(AWKWARD))) - {()}


def test_windows_line_ends_count_once() -> None:
    assert locate("[a]\r\nb = 1\r\nc = 2\r\n") == {("a",): 1, ("a", "b"): 2, ("a", "c"): 3}


def test_a_key_that_is_not_written_is_placed_at_its_section() -> None:
    assert line_of(locate("\n[a]\nb = 1"), ("a", "missing")) == 2
    assert line_of(locate("\n[a]\nb = 1"), ("z",)) is None


scalars = st.text(max_size=12) | st.integers() | st.booleans() | st.floats(allow_nan=False)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.text(max_size=6), values, max_size=4))
def test_whatever_a_writer_writes_is_found_whole(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)
    parsed = tomllib.loads(text)
    lines = locate(text)
    assert set(lines) == set(leaves(parsed)) - {()}
    rows = text.split("\n")
    for location, line in lines.items():
        if isinstance(location[-1], str) and location[-1].isascii() and location[-1].isalnum():
            assert location[-1] in rows[line - 1]
