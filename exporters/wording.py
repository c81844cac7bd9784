"""The words for states, versions, outcomes and compliance: one table for every page, report and command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from model.claims import ClaimVerdict
from model.findings.finding import Outcome
from model.observation import ANSWERED, State
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict

STATES: Final[Mapping[State, str]] = {
    State.TLS: "answers with TLS",
    State.SSH: "answers with SSH",
    State.IKE: "answers with IKE",
    State.PLAINTEXT: "answers in plaintext",
    State.NOT_TLS: "does not answer in the expected protocol",
    State.REFUSED: "refuses the connection or the handshake",
    State.UNREACHABLE: "cannot be reached",
    State.TIMEOUT: "does not answer in time",
    State.DNS_ERROR: "does not resolve",
    State.DENIED: "may not be probed",
    State.ERROR: "could not be probed",
}
"""How an endpoint answered, as a verb phrase."""

COMPLIANCE: Final[Mapping[Verdict | None, str]] = {
    Verdict.YES: "compliant",
    Verdict.NO: "not compliant",
    Verdict.UNKNOWN: "unknown",
    None: "no policy",
}
"""Whether an endpoint is compliant, with one policy or with all that apply to it."""

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.FAIL: "failed",
    Outcome.UNKNOWN: "unknown",
    Outcome.NOT_ASKED: "not asked",
    Outcome.PASS: "passed",
    Outcome.NOT_APPLICABLE: "not applicable",
}
"""The outcomes of rules, for counts; the worst first."""

OUTCOME_MARKS: Final[Mapping[Outcome, str]] = {
    Outcome.FAIL: "FAIL",
    Outcome.UNKNOWN: "UNKNOWN",
    Outcome.NOT_ASKED: "not asked",
    Outcome.PASS: "pass",
    Outcome.NOT_APPLICABLE: "n/a",
}
"""The outcome of one rule, for a column."""


CLAIM_VERDICTS: Final[Mapping[ClaimVerdict, str]] = {
    ClaimVerdict.CONTRADICTED: "contradicted",
    ClaimVerdict.UNPROVABLE: "unprovable",
    ClaimVerdict.NOT_REACHED: "not reached",
    ClaimVerdict.PROVED: "proved",
}
"""What a visit shows about a claim."""


def state_words(state: str) -> str:
    """The words for a state by its value; a value that this version does not know stays as it is."""
    return STATES[State(state)] if state in set(State) else state


def state_sentence(state: str, reason: str | None) -> str:
    """How an endpoint answered, by the value of its state and the visit's ``reason``, which says by itself why it did not."""
    words = f"The endpoint {state_words(state)}."
    if state in ANSWERED:
        return f"{words} {reason}" if reason else words
    return reason or words


def short_state(state: State) -> str:
    """The state in one or two words, for a table: ``TLS``, ``dns error``."""
    if state is State.NOT_TLS:
        return "wrong protocol"
    return state.value.upper() if state in ANSWERED else state.value.replace("_", " ")


def version_name(version: ProtocolVersion) -> str:
    """The usual spelling of the version, which Go's programs use too: ``TLS 1.2``."""
    return version.display_name
