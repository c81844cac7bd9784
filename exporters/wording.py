"""The words for states, versions, outcomes and compliance: one table for every page, report and command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from model.claims import ClaimVerdict
from model.findings.finding import Outcome
from model.mail.mail_domain import Rollover, TlsStripping
from model.observation import ANSWERED, State
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict

STATES: Final[Mapping[State, str]] = {
    State.TLS: "answers with TLS",
    State.SSH: "answers with SSH",
    State.PLAINTEXT: "answers in plaintext, without TLS",
    State.NOT_TLS: "does not answer with TLS",
    State.REFUSED: "refuses",
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


def short_state(state: State) -> str:
    """The state in one or two words, for a table: ``TLS``, ``dns error``."""
    return state.value.upper() if state in ANSWERED else state.value.replace("_", " ")


def version_name(version: ProtocolVersion) -> str:
    """The usual spelling of the version, which Go's programs use too: ``TLS 1.2``."""
    return version.display_name


TLS_STRIPPING: Final[Mapping[TlsStripping, str]] = {
    TlsStripping.NO_MAIL: "nobody: the domain accepts no mail",
    TlsStripping.NOBODY: "nobody on the path (DANE with DNSSEC)",
    TlsStripping.FIRST_CONTACT: "an attacker at first contact, or one who blocks the policy (MTA-STS)",
    TlsStripping.ANY_CERTIFICATE: "nobody, but anyone on the path can pose as the server",
    TlsStripping.ANYONE: "anyone on the path (opportunistic STARTTLS only)",
    TlsStripping.NO_TLS: "there is no TLS to strip",
    TlsStripping.UNKNOWN: "unknown",
}
"""Who can strip TLS from mail to a domain."""

ROLLOVERS: Final[Mapping[Rollover, str]] = {
    Rollover.SAME_CA: "any certificate of the same CA matches",
    Rollover.SAME_KEY: "matches only with the same key: publish a record of the next key first",
    Rollover.SAME_CERTIFICATE: "matches no record: publish its record first",
    Rollover.OTHER_RECORD: "another record is published: of the next key, or outdated",
    Rollover.BROKEN: "no record matches the certificate that is served now",
}
"""What TLSA records allow the next certificate of a server to be."""
