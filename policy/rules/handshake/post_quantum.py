"""Rules on key exchange that resists quantum computers (RFC 10024, FIPS 203).

Traffic recorded today can be decrypted later, so the key exchange matters before the signatures. It needs TLS
1.3. A group that a HelloRetryRequest names is accepted, but only a finished handshake proves that it can be
used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pydantic import Field

from model.findings.finding import Outcome, Severity
from model.protocol_version import ProtocolVersion
from model.registry import NAMED_GROUPS
from model.verdict import Preference, Verdict
from policy.judging.accepted import judge_presence
from policy.judging.partial_results import listed, not_applicable, unknown
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.values import GroupName

_TLS13: Final = ProtocolVersion.TLSV1_3
_WITHDRAWN: Final = frozenset({"X25519Kyber768Draft00", "SecP256r1Kyber768Draft00"})
_POST_QUANTUM: Final = tuple(
    group.name for group in NAMED_GROUPS if group.post_quantum and group.name not in _WITHDRAWN
)


_HANDSHAKE: Final = "post_quantum_handshake"


class QuantumGroups(Parameters):
    """``any_of``: groups with one of which at least a handshake must finish; by default all that resist."""

    any_of: tuple[GroupName, ...] = Field(default=_POST_QUANTUM, min_length=1)


def _no_tls13(subject: Subject, required: str) -> Evaluation | None:
    fact = subject.observation.protocols.get(_TLS13)
    if fact is None or fact.verdict is Verdict.UNKNOWN:
        return unknown("not known whether TLS 1.3 is offered", required)
    if fact.verdict is Verdict.NO:
        return Evaluation(
            outcome=Outcome.FAIL,
            observed="TLS 1.3 is not offered",
            required=required,
            violation="No post-quantum key exchange: TLS 1.3 is not offered",
            evidence=fact.evidence,
        )
    return None


def bind_offered(parameters: QuantumGroups) -> Judge:
    """Judges whether a handshake finishes with one of the groups."""
    wanted = frozenset(parameters.any_of)
    required = f"a handshake at TLS 1.3 with one of {listed(parameters.any_of)}"

    def judge(subject: Subject) -> Evaluation:
        missing = _no_tls13(subject, required)
        if missing is not None:
            return missing
        found = subject.observation.groups.get(_TLS13)
        sets = {} if found is None else {_TLS13: found}
        named = [] if found is None else [name for name in found.accepted if name in wanted]
        if named:
            return _judge_use(subject, named, required)
        is_whole = found is not None and found.complete
        gaps = [] if is_whole else [f"every group of {_TLS13.display_name}"]
        return judge_presence(
            sets,
            wanted,
            lambda: gaps,
            required=required,
            violation=f"Accepts none of the post-quantum groups: {listed(parameters.any_of)}",
        )

    return judge


def _judge_use(subject: Subject, named: Sequence[str], required: str) -> Evaluation:
    """Whether a handshake finishes with one of the groups that the server asks for."""
    fact = subject.observation.features.get(_HANDSHAKE)
    finished = (fact.value or "").split(",") if fact is not None else []
    used = [name for name in named if name in finished]
    if fact is None or (not used and fact.verdict is not Verdict.NO):
        proof = fact.evidence if fact is not None else None
        return unknown(
            f"not known whether a handshake finishes with {listed(named)}", required, proof
        )
    return Evaluation(
        outcome=Outcome.PASS if used else Outcome.FAIL,
        observed=f"a handshake finished with {listed(used)}"
        if used
        else f"asks for {listed(named)}, but no handshake with it finishes",
        required=required,
        violation=f"No handshake finishes with {listed(named)}",
        evidence=fact.evidence,
    )


def _bind_preferred(parameters: QuantumGroups) -> Judge:
    wanted = frozenset(parameters.any_of)
    required = f"the server picks one of {listed(parameters.any_of)} first"

    def judge(subject: Subject) -> Evaluation:
        missing = _no_tls13(subject, required)
        if missing is not None:
            return missing
        found = subject.observation.groups.get(_TLS13)
        if found is None or not found.accepted:
            return unknown("its groups are not known", required)
        if len(found.accepted) > 1 and found.preference is Preference.CLIENT:
            return not_applicable("the client's order decides the group", required)
        if len(found.accepted) > 1 and found.preference is Preference.UNKNOWN:
            return unknown("not known whose order decides the group", required)
        first = found.accepted[0]
        if first in wanted:
            used = _judge_use(subject, [first], required)
            return (
                used
                if used.outcome is not Outcome.PASS
                else replace(used, observed=f"{first} comes first")
            )
        return Evaluation(
            outcome=Outcome.FAIL,
            observed=f"{first} comes first",
            required=required,
            violation=f"Server prefers {first}, which is not post-quantum",
            evidence=found.evidence.get(first),
        )

    return judge


POST_QUANTUM_RULES: Final = (
    Rule(
        identifier="TP-PQ-001",
        name="post_quantum_key_exchange",
        family=Family.POST_QUANTUM,
        requirement="A handshake must finish with a post-quantum key exchange group",
        violation="No handshake finishes with a post-quantum key exchange group",
        why="Quantum computers will decrypt what is recorded today.",
        severity=Severity.MEDIUM,
        parameters=QuantumGroups,
        bind=bind_offered,
    ),
    Rule(
        identifier="TP-PQ-002",
        name="post_quantum_preferred",
        family=Family.POST_QUANTUM,
        requirement="A server with its own order must prefer a post-quantum group",
        violation="The server prefers a group that is not post-quantum",
        why="Otherwise clients that support post-quantum groups do not use them.",
        severity=Severity.LOW,
        parameters=QuantumGroups,
        bind=_bind_preferred,
    ),
)
