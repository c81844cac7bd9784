"""Post-quantum rules need a finished handshake: what a HelloRetryRequest names is not enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from model.findings.finding import Outcome
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact
from tests.exporters.reports.samples import labelled
from tests.policy.observed import NO, PROOF, UNKNOWN, YES, accepting, endpoint, ruling

NAMED = ("X25519MLKEM768", "SecP256r1MLKEM768", "x25519")
FINISHED = replace(YES, value="X25519MLKEM768")


def naming(fact: Fact | None) -> Observation:
    """A server that names two post-quantum groups, and the fact about handshakes with them."""
    features = {} if fact is None else {"post_quantum_handshake": fact}
    return endpoint(groups={ProtocolVersion.TLSV1_3: accepting(NAMED)}, features=features)


@pytest.mark.parametrize("rule", ["post_quantum_key_exchange", "post_quantum_preferred"])
@pytest.mark.parametrize(
    ("fact", "any_of", "outcome"),
    [
        (FINISHED, NAMED[:2], Outcome.PASS),
        (FINISHED, NAMED[:1], Outcome.PASS),
        (NO, NAMED[:2], Outcome.FAIL),
        (UNKNOWN, NAMED[:2], Outcome.UNKNOWN),
        (None, NAMED[:2], Outcome.UNKNOWN),
    ],
)
def test_a_group_that_is_named_counts_once_a_handshake_finished(
    rule: str, fact: Fact | None, any_of: tuple[str, ...], outcome: Outcome
) -> None:
    found = ruling(rule, naming(fact), any_of=any_of)
    assert found.outcome is outcome
    assert (found.evidence is PROOF) is (fact is not None)


def test_a_handshake_with_one_group_says_nothing_about_another() -> None:
    found = ruling("post_quantum_key_exchange", naming(FINISHED), any_of=NAMED[1:2])
    assert found.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("label", "fact", "outcome"),
    [
        # Data of 2026 that stay secret for 10 years outlast 2035-12-31; with 9 years they do not.
        ("9", NO, Outcome.PASS),
        ("9", None, Outcome.PASS),
        ("10", NO, Outcome.FAIL),
        ("10", FINISHED, Outcome.PASS),
        ("10", UNKNOWN, Outcome.UNKNOWN),
        ("999", NO, Outcome.FAIL),
        (None, NO, Outcome.UNKNOWN),
        (None, FINISHED, Outcome.UNKNOWN),
        ("ten", NO, Outcome.UNKNOWN),
    ],
)
def test_data_need_post_quantum_key_exchange_if_they_must_stay_secret_for_longer(
    label: str | None, fact: Fact | None, outcome: Outcome
) -> None:
    labels = {} if label is None else {"secrecy_years": label}
    at = datetime(2026, 7, 1, tzinfo=UTC)
    seen = labelled(naming(fact), **labels)
    found = ruling("post_quantum_by_secrecy", seen, at, safe_until="2035-12-31")
    assert found.outcome is outcome
    assert ("Secrets until" in found.violation) is (outcome is Outcome.FAIL)


@pytest.mark.parametrize(
    ("day", "outcome"), [("2027-02-28", Outcome.FAIL), ("2027-03-01", Outcome.PASS)]
)
def test_a_year_from_a_leap_day_ends_after_february(day: str, outcome: Outcome) -> None:
    seen, leap_day = labelled(naming(NO), secrecy_years="3"), datetime(2024, 2, 29, tzinfo=UTC)
    assert ruling("post_quantum_by_secrecy", seen, leap_day, safe_until=day).outcome is outcome


def test_a_server_that_names_no_such_group_fails() -> None:
    groups = {ProtocolVersion.TLSV1_3: accepting(("x25519",))}
    found = ruling("post_quantum_key_exchange", endpoint(groups=groups, features={}))
    assert found.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("labels", "fact", "outcome", "words"),
    [
        ({"secrecy_years": "10"}, NO, Outcome.FAIL, "must stay secret until 2036"),
        (
            {"secrecy_years": "5", "migration_years": "5"}, NO, Outcome.FAIL,
            "until 2036 (years of migration: 5)",
        ),
        ({"secrecy_years": "5", "migration_years": "4"}, NO, Outcome.PASS, ""),
        ({"secrecy_years": "5"}, NO, Outcome.UNKNOWN, ""),
        ({"migration_years": "4"}, NO, Outcome.UNKNOWN, ""),
        ({"secrecy_years": "10"}, UNKNOWN, Outcome.UNKNOWN, ""),
        # Who has proved it misses no day, whatever the labels say.
        ({}, FINISHED, Outcome.PASS, ""),
        ({"secrecy_years": "99"}, FINISHED, Outcome.PASS, ""),
    ],
)  # fmt: skip
def test_a_missed_deadline_is_named(
    labels: dict[str, str], fact: Fact, outcome: Outcome, words: str
) -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    seen = labelled(naming(fact), **labels)
    found = ruling("post_quantum_by_deadline", seen, at, deadline="nist-ir-8547")
    assert found.outcome is outcome
    assert words in found.violation
    assert ("NIST IR 8547, 2035-12-31" in found.violation) is (outcome is Outcome.FAIL)


def test_a_deadline_that_has_passed_is_missed_without_labels() -> None:
    at = datetime(2036, 1, 1, tzinfo=UTC)
    found = ruling("post_quantum_by_deadline", naming(NO), at, deadline="nist-ir-8547")
    assert "which has passed" in found.violation
