"""One table has the words for states, outcomes and compliance, and every value is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporters.wording import (
    COMPLIANCE,
    OUTCOME_MARKS,
    OUTCOMES,
    STATES,
    short_state,
    state_sentence,
    state_words,
    version_name,
)
from model.findings.finding import Outcome
from model.observation import State
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict

ROOT = Path(__file__).parents[2]


def test_every_value_has_its_own_text() -> None:
    assert set(STATES) == set(State)
    assert set(OUTCOMES) == set(OUTCOME_MARKS) == set(Outcome)
    assert set(COMPLIANCE) == {*Verdict, None}
    for table in (STATES, OUTCOMES, OUTCOME_MARKS, COMPLIANCE):
        assert len(set(table.values())) == len(table)


def test_no_other_module_has_texts_for_states_and_outcomes() -> None:
    prose = re.compile(r'(?:State|Outcome)\.[A-Z_]+: "[^"]* [^"]*"')
    found = {
        path.relative_to(ROOT).as_posix()
        for room in ("exporters", "service", "tlsprobe")
        for path in (ROOT / room).rglob("*.py")
        if prose.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"exporters/wording.py"}


@pytest.mark.parametrize(
    ("state", "words"), [("dns_error", "does not resolve"), ("of_tomorrow", "of_tomorrow")]
)
def test_a_state_of_a_later_version_is_shown_as_it_is(state: str, words: str) -> None:
    assert state_words(state) == words


@pytest.mark.parametrize(
    ("state", "reason", "sentence"),
    [
        ("refused", "TCP port 1 refused the connection.", "TCP port 1 refused the connection."),
        ("timeout", None, "The endpoint does not answer in time."),
        ("ssh", "Not all is known.", "The endpoint answers with SSH. Not all is known."),
    ],
)
def test_a_reason_says_by_itself_why_an_endpoint_did_not_answer(
    state: str, reason: str | None, sentence: str
) -> None:
    assert state_sentence(state, reason) == sentence


@pytest.mark.parametrize(("state", "word"), [(State.TLS, "TLS"), (State.NOT_TLS, "wrong protocol")])
def test_a_state_in_a_table_has_one_or_two_words(state: State, word: str) -> None:
    assert short_state(state) == word


# The spelling of Go's crypto/tls.VersionName, which does not know SSL 2.
@pytest.mark.parametrize(
    ("version", "name"),
    [(ProtocolVersion.TLSV1_0, "TLS 1.0"), (ProtocolVersion.TLSV1_3, "TLS 1.3")],
)
def test_versions_have_their_common_names(version: ProtocolVersion, name: str) -> None:
    assert version_name(version) == name
