"""Whoever changes the log is found out, with nothing but the public key."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretune.vault import Vault
from foretune.vault.log import Verification, checkpoints, log_lines, make_checkpoint, verify_log

EVENTS = 1_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A log of a thousand events under two checkpoints."""
    patch = pytest.MonkeyPatch()
    patch.setenv("FORETUNE_KEY", "ab" * 32)
    with Vault.create(tmp_path_factory.mktemp("log") / "vault") as vault:
        with vault.writing() as connection:
            for number in range(EVENTS - 3):
                vault.record(connection, "document.add", f"{number:016x}", {"hash": f"{number:064x}", "label": "ä"})
        make_checkpoint(vault)
        make_checkpoint(vault)
        lines = list(log_lines(vault))
    patch.undo()
    assert len(lines) == EVENTS + 1
    return lines


def test_what_nobody_touched_holds(log: list[bytes]) -> None:
    found = verify_log(log)
    assert (found.holds, found.events, found.covered, found.checkpoints) == (True, EVENTS, EVENTS, 2)


def test_a_dropped_event_is_noticed_whichever_it_is(log: list[bytes]) -> None:
    for position in range(1, len(log)):
        assert not verify_log([*log[:position], *log[position + 1 :]]).holds, position


def test_two_events_that_changed_places_are_noticed(log: list[bytes]) -> None:
    for position in range(1, len(log) - 1, 50):
        moved = [*log[:position], log[position + 1], log[position], *log[position + 2 :]]
        assert not verify_log(moved).holds


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed_wherever_it_is(log: list[bytes], place: int, change: int) -> None:
    content = bytearray(b"".join(log))
    content[place % len(content)] ^= change
    assert not verify_log(bytes(content).splitlines(keepends=True)).holds


def test_a_log_cut_short_and_signed_anew_by_somebody_else_is_noticed(log: list[bytes], vault: Vault) -> None:
    make_checkpoint(vault)
    ours = json.loads(log[0])["checkpoints"][-1]
    forged = list(log_lines(vault))
    assert verify_log(forged).holds  # it is a whole log, of somebody else
    assert not verify_log(forged, key=ours["public_key"]).holds
    assert not verify_log(forged, kept=[ours]).holds


def test_events_after_the_last_checkpoint_are_counted_as_unsigned(vault: Vault) -> None:
    assert "No checkpoint covers it" in verify_log(log_lines(vault)).problems[0]
    make_checkpoint(vault)
    with vault.writing() as connection:
        vault.record(connection, "document.add", "x")
    found: Verification = verify_log(log_lines(vault))
    assert found.holds
    assert found.events - found.covered == 1
    assert [one["size"] for one in checkpoints(vault)] == [found.covered]


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"{}\n", b"[]\n", b"null\n", b'{"kind":"foretune audit log"}\n', b"\xff\n"]
)
def test_what_is_no_log_does_not_hold(content: bytes) -> None:
    assert not verify_log(content.splitlines(keepends=True)).holds
