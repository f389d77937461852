from __future__ import annotations

import json
import random
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.files import reading
from tests.helpers import shared

from foretune.corpus import Unreadable
from foretune.corpus.readers.decoding import NOT_TEXT, decode
from foretune.corpus.readers.text import split_front_matter

KEYS = st.from_regex(r"[a-z][a-z_]{0,12}", fullmatch=True).filter(lambda key: yaml.safe_load(key) == key)
VALUES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\x85\u2028\u2029\ufeff")
) | (st.integers() | st.booleans() | st.lists(st.integers(), max_size=3))
BODIES = st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5), BODIES, st.sampled_from(["\n", "\r\n"]))
def test_front_matter_is_taken_off_and_the_text_left_as_it_is(metadata: dict[str, object], body: str, end: str) -> None:
    head = "---\n" + yaml.safe_dump(metadata, allow_unicode=True, width=10_000) + "---\n"
    text = head.replace("\n", end) + body
    found, start = split_front_matter(text)
    assert text[start:] == body
    assert found == metadata


@given(st.text())
def test_any_text_can_be_split(text: str) -> None:
    for opening in ("", "---\n", "+++\n"):
        _, start = split_front_matter(opening + text)
        assert 0 <= start <= len(opening + text)


def test_toml_front_matter_is_read() -> None:
    found, start = split_front_matter('+++\ntitle = "A"\ndate = 2021-03-04\n+++\nBody')
    assert found["title"] == "A"
    assert str(found["date"]) == "2021-03-04"
    assert start == len('+++\ntitle = "A"\ndate = 2021-03-04\n+++\n')


def test_broken_yaml_is_read_line_by_line() -> None:
    found, start = split_front_matter("---\ntitle: Leave: the rules\nauthor: Ann\n---\nBody")
    assert found == {"title": "Leave: the rules", "author": "Ann"}
    assert start > 0


def test_text_between_two_rulers_is_text() -> None:
    assert split_front_matter("---\n\nA quotation, no metadata.\n\n---\n\nBody") == ({}, 0)


def test_front_matter_built_to_overflow_the_stack_or_to_explode_does_neither() -> None:
    deep = reading("a.md", "---\na: " + "[" * 60_000 + "\n---\nBody")
    assert deep.text == "Body"
    aliases = "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9))
    bomb = reading("b.md", f"---\na: &a [x, x, x, x, x, x, x, x, x]\n{aliases}---\nBody")
    assert bomb.text == "Body"
    assert len(json.dumps(bomb.description.properties)) < 100_000


def test_a_page_of_front_matter_only_is_set_aside() -> None:
    with pytest.raises(Unreadable, match="only front matter"):
        reading("a.md", "---\nredirect_to: /b/\n---\n\n")


def test_the_text_of_a_real_page_is_the_file_after_its_front_matter() -> None:
    folder = shared("handbook-18f") / "corpus"
    for path in sorted(folder.rglob("*.md"))[:60]:
        whole = path.read_bytes().decode()
        try:
            text = reading(path.name, path.read_bytes()).text
        except Unreadable:
            continue
        assert whole.endswith(text)
        assert whole[: len(whole) - len(text)].startswith("---\n")


GERMAN = "Für die Übergabe der Schlüssel müssen alle Geräte zurückgegeben und Verträge aufgelöst werden. " * 3
RUSSIAN = "Все люди рождаются свободными и равными в своём достоинстве и правах. " * 3
JAPANESE = "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。" * 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        (GERMAN, "utf-32"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "utf-16-be"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
    ],
)
def test_text_is_the_same_in_every_encoding(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding))[0] == text


def test_utf8_with_a_broken_byte_stays_utf8() -> None:
    data = GERMAN.encode()
    broken = data[:50] + b"\xff" + data[50:]
    assert decode(broken)[0] == broken.decode("utf-8", "replace")


def test_a_declared_encoding_is_believed_only_where_it_fits() -> None:
    assert decode("naïve café".encode("cp1252"), "iso-8859-1")[0] == "naïve café"
    assert decode(RUSSIAN.encode(), "iso-8859-1")[0] == RUSSIAN
    assert decode(RUSSIAN.encode("cp1251"), "utf-8")[0] == RUSSIAN
    assert decode(b"a\\u0041 \xe9t\xe9", "unicode_escape")[0] == "a\\u0041 été"


@given(st.binary(min_size=400, max_size=400))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    with suppress(Unreadable):
        decode(data)[0].encode("utf-8", "surrogatepass")


def test_random_bytes_are_refused() -> None:
    with pytest.raises(Unreadable, match=NOT_TEXT):
        decode(random.Random(0).randbytes(2000))


def test_nul_and_lone_surrogates_are_replaced_one_for_one() -> None:
    found = reading("a.txt", b"plain text, and a NUL \x00 in the middle of many other words that are fine")
    assert found.text == "plain text, and a NUL \ufffd in the middle of many other words that are fine"
