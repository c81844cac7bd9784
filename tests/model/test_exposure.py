"""Mosca's inequality: which days an endpoint misses, and in which order endpoints should change."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.judging.exposure import Exposure, Years, migration_order, years_of
from model.judging.quantum import (
    DEADLINES,
    QUANTUM_DAYS,
    deadline_named,
    post_quantum_establishment,
)
from model.verdict import Fact, Verdict
from tests.policy.test_ssh_rules import ssh_server
from tests.service.samples import modern

AT = datetime(2026, 7, 1, tzinfo=UTC)
LAST_DAY = date(2035, 12, 31)
some_years = st.none() | st.integers(0, 999)


@pytest.mark.parametrize(
    ("secrecy", "migration", "missed"),
    [
        # 2026 + 10 years is after 2035-12-31, 2026 + 9 years is not.
        (10, 0, Verdict.YES),
        (9, 0, Verdict.NO),
        (7, 3, Verdict.YES),
        (7, 2, Verdict.NO),
        # A missing number can only add.
        (10, None, Verdict.YES),
        (9, None, Verdict.UNKNOWN),
        (None, 10, Verdict.YES),
        (None, None, Verdict.UNKNOWN),
        (999, 999, Verdict.YES),
    ],
)
def test_a_day_is_missed_if_secrecy_and_migration_end_after_it(
    secrecy: int | None, migration: int | None, missed: Verdict
) -> None:
    assert Years(secrecy=secrecy, migration=migration).misses(LAST_DAY, AT.date()) is missed


def test_a_day_that_has_passed_is_missed_without_any_label() -> None:
    assert years_of({}).misses(LAST_DAY, date(2036, 1, 1)) is Verdict.YES
    assert years_of({}).misses(LAST_DAY, LAST_DAY) is Verdict.UNKNOWN


@given(some_years, some_years, st.integers(0, 999))
def test_a_number_that_becomes_known_decides_only_what_was_unknown(
    secrecy: int | None, migration: int | None, known: int
) -> None:
    before = Years(secrecy=secrecy, migration=migration)
    after = Years(
        secrecy=known if secrecy is None else secrecy,
        migration=known if migration is None else migration,
    )
    was, now = (one.misses(LAST_DAY, AT.date()) for one in (before, after))
    assert now is not Verdict.UNKNOWN
    assert was in (Verdict.UNKNOWN, now)


def test_only_known_key_exchange_decides_a_missed_day() -> None:
    years = Years(secrecy=99, migration=None)
    deadlines = [one.name for one in DEADLINES]
    proved = Exposure(key_exchange=Verdict.YES, years=years)
    assert proved.deadlines(AT) == dict.fromkeys(deadlines, Verdict.NO)
    without = Exposure(key_exchange=Verdict.UNKNOWN, years=years)
    assert without.deadlines(AT) == dict.fromkeys(deadlines, Verdict.UNKNOWN)
    refused = Exposure(key_exchange=Verdict.NO, years=years)
    assert refused.deadlines(AT) == dict.fromkeys(deadlines, Verdict.YES)
    few = Exposure(key_exchange=Verdict.UNKNOWN, years=Years(secrecy=1, migration=1))
    assert few.deadlines(AT) == dict.fromkeys(deadlines, Verdict.NO)


def test_the_deadlines_are_the_ends_of_days_that_authorities_name() -> None:
    assert [one.name for one in DEADLINES] == ["us-order-2026", "cnsa-2.0", "nist-ir-8547"]
    assert deadline_named("nist-ir-8547").last_day == LAST_DAY
    for one in QUANTUM_DAYS:
        if one.deadline is not None:
            assert str(one.deadline.last_day).startswith(one.day)


def test_the_most_years_come_first_and_what_is_proved_last() -> None:
    def place(
        verdict: Verdict, secrecy: int | None, migration: int | None = None
    ) -> tuple[int, int, str]:
        years = Years(secrecy=secrecy, migration=migration)
        return migration_order(Exposure(key_exchange=verdict, years=years), "a")

    no, unknown, yes = Verdict.NO, Verdict.UNKNOWN, Verdict.YES
    assert place(no, 9, 2) < place(no, 10) < place(no, 0) < place(no, None)
    assert place(no, None) < place(unknown, 30) < place(yes, 90)


def test_labels_that_are_no_numbers_are_not_known() -> None:
    labels = {"secrecy_years": "ten", "migration_years": "3"}
    assert years_of(labels) == Years(secrecy=None, migration=3)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_an_ssh_server_is_judged_by_its_own_fact(verdict: Verdict) -> None:
    seen = ssh_server({"post_quantum_key_exchange": Fact(verdict=verdict)})
    assert post_quantum_establishment(seen) is verdict
    assert post_quantum_establishment(ssh_server({})) is Verdict.UNKNOWN


def test_tls_is_judged_by_a_finished_handshake() -> None:
    assert post_quantum_establishment(modern()) is Verdict.UNKNOWN
