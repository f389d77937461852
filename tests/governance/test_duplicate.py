"""Copies and near-copies end in one cluster, the newest is kept, and different pages never meet."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.governance.pages import read_pages
from tests.helpers import shared

from foretune.governance.checks import CheckSettings
from foretune.governance.checks.duplicate import duplicate, sign, sign_all
from foretune.governance.minhash import bands, jaccard, minhash, shingles, shingles_of
from foretune.governance.signed import dump, load
from foretune.governance.words import normalised_words
from foretune.types import Document, Finding, digest


def page(path: str, text: str, date: str = "") -> Document:
    return Document(id=digest(path), source="s", path=path, content_hash=digest(text), text=text, date=date)


def found(pages: list[Document], threshold: float = 0.75) -> list[Finding]:
    texts = {each.id: each.text for each in pages}
    return list(duplicate([sign(each) for each in pages], texts.__getitem__, CheckSettings(near_duplicate=threshold)))


def clusters(pages: list[Document], threshold: float = 0.75) -> dict[str, str]:
    """Cluster by path of those that are not alone."""
    paths = {each.id: each.path for each in pages}
    together: dict[str, str] = {}
    for each in found(pages, threshold):
        if each.type == "contained":
            continue
        together[paths[each.document_id]] = together[paths[each.evidence["keeper"]]] = each.evidence["cluster"]
    return together


@pytest.fixture(scope="module")
def versions() -> list[Document]:
    """Pages of the handbook as they were at several dates; only the file name says the date."""
    folder = shared("neardup-handbook-history") / "dev"
    return [page(path, text, Path(path).stem) for path, text in read_pages(folder, "docs/*/*.md").items()]


@pytest.fixture(scope="module")
def close_pairs() -> list[dict[str, str]]:
    rows = (shared("neardup-handbook-history") / "dev" / "pairs.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, rows) if row["shingle5_jaccard"] >= 0.75]


def test_versions_of_a_page_end_in_one_cluster(versions: list[Document], close_pairs: list[dict[str, str]]) -> None:
    cluster = clusters(versions)
    together = sum(cluster.get(each["old"]) == cluster.get(each["new"]) is not None for each in close_pairs)
    assert together == len(close_pairs) == 254


def test_different_pages_never_share_a_cluster(versions: list[Document]) -> None:
    pages: dict[str, set[str]] = {}
    for path, cluster in clusters(versions).items():
        pages.setdefault(cluster, set()).add(Path(path).parent.name)
    assert all(len(each) == 1 for each in pages.values())


def test_of_two_versions_the_older_is_never_the_one_to_keep(
    versions: list[Document], close_pairs: list[dict[str, str]]
) -> None:
    paths = {each.id: each.path for each in versions}
    not_kept = {paths[each.document_id] for each in found(versions)}
    assert all(each["old"] in not_kept for each in close_pairs)


def test_similarity_is_the_true_jaccard_of_the_gold(versions: list[Document]) -> None:
    texts = {each.path: each.text for each in versions}
    rows = (shared("neardup-handbook-history") / "dev" / "pairs.jsonl").read_text().splitlines()[:150]
    for row in map(json.loads, rows):
        similarity = jaccard(shingles(texts[row["old"]]), shingles(texts[row["new"]]))
        assert similarity == pytest.approx(row["shingle5_jaccard"], abs=1e-4)


def test_bands_miss_none_of_the_pairs_that_comparing_all_would_find(versions: list[Document]) -> None:
    some = versions[:120]
    sets = {each.path: shingles(each.text) for each in some}
    cluster = clusters(some)
    for left, right in combinations(some, 2):
        if jaccard(sets[left.path], sets[right.path]) >= 0.75:
            assert cluster[left.path] == cluster[right.path]


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.75, 0.9])
def test_bands_let_through_nearly_all_pairs_at_the_threshold(threshold: float) -> None:
    count, rows = bands(threshold)
    assert 1 - (1 - threshold**rows) ** count >= 0.995
    assert count * rows <= 128


def test_a_signature_estimates_the_similarity() -> None:
    generator = np.random.default_rng(0)
    values = generator.integers(0, 2**63, size=3000, dtype=np.uint64)
    left, right = np.unique(values[:2000]), np.unique(values[1000:])
    bounds = np.array([0, len(left), len(left) + len(right)])
    one, other = minhash(np.concatenate((left, right)), bounds)
    estimate = float((one == other).mean())
    assert estimate == pytest.approx(jaccard(left, right), abs=0.12)


def test_layout_does_not_make_a_text_different() -> None:
    [finding] = found([page("a.md", "One two\nthree."), page("b.md", "  One two three.\n")])
    assert finding.type == "exact"
    assert finding.related[0].document == "a.md"
    assert finding.message == "The same text as a.md, which is the first by path: keep that one."


def test_the_newest_is_kept_else_the_longest_else_the_first() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    [by_date] = found([page("a.md", text, "2020-01-01"), page("b.md", text, "2024-05-06")])
    assert by_date.message == "The same text as b.md, which is newer (2024-05-06): keep that one."
    [by_length] = found([page("a.md", text), page("b.md", text + " and one more line")])
    assert by_length.message == "98% the same as b.md, which is longer: keep that one."
    [by_path] = found([page("b.md", text), page("a.md", text)])
    assert by_path.message == "The same text as a.md, which is the first by path: keep that one."


def test_of_two_that_are_equally_new_and_long_the_better_described_is_kept() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    [finding] = found([page("a.md", text), replace(page("b.md", text), author="Ann Example", tags=("hr",))])
    assert finding.message == "The same text as b.md, which is better described: keep that one."


def test_a_document_that_is_quoted_in_full_is_found_and_stays_out_of_the_group() -> None:
    quoted = " ".join(f"quoted{number}" for number in range(120))
    around = " ".join(f"other{number}" for number in range(400))
    [finding] = found([page("note.md", quoted), page("minutes.md", f"{around}\n\n> {quoted}\n\n{around}")])
    assert (finding.type, finding.document_id, finding.related[0].document) == (
        "contained",
        digest("note.md"),
        "minutes.md",
    )
    assert finding.message.startswith("All of this text also stands in minutes.md")
    assert "cluster" not in finding.evidence


def test_a_document_of_which_half_is_quoted_is_not_contained() -> None:
    half, rest = (" ".join(f"{word}{number}" for number in range(200)) for word in ("half", "rest"))
    around = " ".join(f"other{number}" for number in range(600))
    assert found([page("note.md", f"{half} {rest}"), page("minutes.md", f"{around} {half} {around}")]) == []


def test_what_every_document_ends_with_makes_none_contain_another() -> None:
    footer = " ".join(f"footer{number}" for number in range(80))
    pages = [page(f"{n}.md", " ".join(f"w{n}x{k}" for k in range(150)) + " " + footer) for n in range(60)]
    assert found(pages) == []


@given(st.lists(st.text(alphabet="abcé ß_-\n’7", max_size=80), max_size=8))
def test_shingles_are_the_distinct_runs_of_five_words(texts: list[str]) -> None:
    """Checked against the definition: hashing many texts at once keeps them apart."""
    hashes, bounds = shingles_of(texts)
    for position, text in enumerate(texts):
        words = normalised_words(text)
        runs = {tuple(words[at : at + 5]) for at in range(max(1, len(words) - 4))} if words else set()
        mine = np.unique(hashes[bounds[position] : bounds[position + 1]])
        assert len(mine) == len(runs)
        assert np.array_equal(mine, shingles(text))


def test_a_signature_does_not_depend_on_what_is_signed_beside_it() -> None:
    texts = ["", "one", "one two three four five six", "word " * 70_000, "Ünïcode straße " * 50, "x" * 300_000]
    pages = [page(f"{number}.md", text) for number, text in enumerate(texts)]
    assert list(sign_all(pages)) == [sign(each) for each in pages]
    assert [load(dump(each)) for each in sign_all(pages)] == list(sign_all(pages))


def test_empty_documents_are_not_copies_of_each_other() -> None:
    assert found([page("a.md", ""), page("b.md", " \n")]) == []


def test_a_thousand_copies_are_one_cluster() -> None:
    text = " ".join(f"word{number}" for number in range(50))
    pages = [page(f"{number:04}.md", f"{text} {number}") for number in range(1000)]
    assert len(set(clusters(pages, 0.9).values())) == 1


def test_a_cluster_keeps_its_name_when_a_document_joins() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    two = sorted((page(f"{name}.md", text) for name in "abcdefgh"), key=lambda each: each.id)[:2]
    before = clusters(two)[two[0].path]
    for name in "abcdefgh":  # the name is that of the smallest id, which is among the two
        assert (
            clusters([*two, page(f"{name}.md", text)] if page(f"{name}.md", text) not in two else two)[two[0].path]
            == before
        )


@given(st.lists(st.text(alphabet="abc de\n", min_size=1, max_size=60), min_size=2, max_size=12))
def test_the_order_of_documents_does_not_matter(texts: list[str]) -> None:
    pages = [page(f"{number}.md", text) for number, text in enumerate(texts)]
    assert clusters(pages) == clusters(pages[::-1])


def test_variants_of_a_licence_meet_and_the_unrelated_do_not() -> None:
    folder = shared("neardup-licenses") / "dev"
    rows = [json.loads(line) for line in (folder / "groups.jsonl").read_text().splitlines()]
    files = {entry["file"] for row in rows for entry in row["files"]}
    pages = [page(name, (folder / name).read_text(encoding="utf-8")) for name in sorted(files)]
    cluster = clusters(pages)
    close = [p for row in rows for p in row.get("pairs", []) if p["shingle5_jaccard"] >= 0.75]
    together = sum(cluster.get(p["a"]) == cluster.get(p["b"]) is not None for p in close)
    assert together >= 0.99 * len(close) > 50


@given(st.text(alphabet="ab \n\t\u00a0\u2003.é", max_size=30), st.text(alphabet="ab \n\t\u00a0\u2003.é", max_size=30))
def test_a_copy_has_the_same_characters_and_the_same_words(left: str, right: str) -> None:
    one, other = sign_all([page("a.md", left), page("b.md", right)])
    same = left.split() and "".join(left.split()) == "".join(right.split())
    alike = bool(same) and normalised_words(left) == normalised_words(right)
    assert bool(one.exact and one.exact == other.exact) == alike
    assert one.length == len("".join(left.split()))
