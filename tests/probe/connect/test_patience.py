"""Streams and datagrams wait by one rule, and one rule defines trouble."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.net_guard.politeness import AddressGate
from probe.connect.patience import Deadline, Patience, is_trouble
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind, NoHello, NotTls

SECONDS = st.floats(0.001, 100.0)
AT_EASE = {
    FailureKind.OTHER_PROTOCOL,
    FailureKind.NOT_OFFERED,
    FailureKind.DECLINED,
    FailureKind.DENIED,
    FailureKind.BUDGET,
}
"""An unexpected answer, or a limit of ours, says nothing about a server's health."""


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds


def patience(
    clock: Clock, *, longest: float = 5.0, shortest: float = 1.0, visit: float = 60.0
) -> Patience:
    return Patience(
        AddressGate(4),
        Deadline(clock, visit),
        longest_seconds=longest,
        shortest_seconds=shortest,
    )


@given(took=st.lists(SECONDS, max_size=4), longest=SECONDS, shortest=SECONDS, visit=SECONDS)
def test_a_wait_is_bounded_by_the_limit_the_visit_and_the_response_times_of_the_server(
    took: list[float], longest: float, shortest: float, visit: float
) -> None:
    one = patience(Clock(), longest=longest, shortest=shortest, visit=visit)
    for seconds in took:
        one.note_time(seconds)
    bound = min(longest, visit)
    assert one.seconds(patient=True) == pytest.approx(bound)
    quick = max([shortest, *(20 * seconds for seconds in took)]) if took else longest
    assert one.seconds(patient=False) == pytest.approx(min(bound, quick))


def test_nothing_is_awaited_after_the_deadline() -> None:
    clock = Clock()
    one = patience(clock, visit=3.0)
    clock.seconds += 4.0
    assert (one.seconds(patient=True), one.seconds(patient=False)) == (0.0, 0.0)


@pytest.mark.parametrize("kind", FailureKind)
def test_each_kind_of_failure_is_classified_as_trouble_or_not(kind: FailureKind) -> None:
    assert is_trouble(ConnectFailure(kind=kind, detail="")) is (kind not in AT_EASE)


@pytest.mark.parametrize(
    ("ending", "expected"), [(Ending.CLOSED, False), (Ending.RESET, True), (Ending.SILENCE, True)]
)
def test_silence_and_resets_are_trouble_and_a_close_is_an_answer(
    ending: Ending, expected: bool
) -> None:
    assert is_trouble(NoHello(ending=ending)) is expected
    assert not is_trouble(b"words")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"421 Too many concurrent SMTP connections", True),
        (b"* BYE Too many connections", True),
        (b"HTTP/1.1 400 Bad Request", False),
        (b"220 ready", False),
    ],
)
def test_a_plaintext_refusal_of_the_client_in_place_of_tls_is_trouble(
    raw: bytes, expected: bool
) -> None:
    """RFC 5321, section 3.8, and RFC 9051, section 7.1.5."""
    assert is_trouble(NotTls(raw=raw)) is expected


async def test_a_visit_is_throttled_only_by_trouble_after_an_answer() -> None:
    one, silence = patience(Clock()), NoHello(ending=Ending.SILENCE)
    throttled = []
    for result, took in ((silence, None), (b"words", 0.1), (silence, None), (b"words", 0.1)):
        if took is not None:
            one.note_time(took)
        one.note_result(result, 0)
        throttled.append(one.throttled)
    assert throttled == [False, False, True, True]
