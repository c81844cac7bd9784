from __future__ import annotations

import pytest

from benchmarks.support.delays import Path

PATH = Path(round_trip_seconds=0.08)


def test_a_first_byte_waits_for_tcps_own_handshake() -> None:
    assert PATH.to_server_at(accepted_at=10.0, sent_at=10.0) == pytest.approx(10.12)


def test_a_connection_dialled_in_advance_has_completed_its_handshake() -> None:
    assert PATH.to_server_at(accepted_at=10.0, sent_at=10.5) == pytest.approx(10.54)


def test_an_answer_takes_half_a_round_trip() -> None:
    assert PATH.to_client_at(sent_at=10.12) == pytest.approx(10.16)
