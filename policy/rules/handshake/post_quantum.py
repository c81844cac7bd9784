"""Rules on key exchange that a quantum computer does not undo (RFC 10024, FIPS 203).

What is recorded today can be read later, so the key exchange comes before the signatures. It takes
TLS 1.3, whose HelloRetryRequest names the group.
"""

from __future__ import annotations

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


class QuantumGroups(Parameters):
    """``any_of``: groups of which one at least must be accepted; by default all that resist."""

    any_of: tuple[GroupName, ...] = Field(default=_POST_QUANTUM, min_length=1)


def _no_tls13(subject: Subject, required: str) -> Evaluation | None:
    fact = subject.observation.protocols.get(_TLS13)
    if fact is None or fact.verdict is Verdict.UNKNOWN:
        return unknown("not learnt whether TLSv1.3 is spoken", required)
    if fact.verdict is Verdict.NO:
        return Evaluation(
            outcome=Outcome.FAIL,
            observed="TLSv1.3 is not spoken",
            required=required,
            evidence=fact.evidence,
        )
    return None


def _bind_offered(parameters: QuantumGroups) -> Judge:
    wanted = frozenset(parameters.any_of)
    required = f"one of {listed(parameters.any_of)} at TLSv1.3"

    def judge(subject: Subject) -> Evaluation:
        missing = _no_tls13(subject, required)
        if missing is not None:
            return missing
        found = subject.observation.groups.get(_TLS13)
        sets = {} if found is None else {_TLS13: found}
        is_whole = found is not None and found.complete
        gaps = [] if is_whole else [f"every group of {_TLS13.label}"]
        return judge_presence(sets, wanted, lambda: gaps, required=required)

    return judge


def _bind_preferred(parameters: QuantumGroups) -> Judge:
    wanted = frozenset(parameters.any_of)
    required = f"the server picks one of {listed(parameters.any_of)} first"

    def judge(subject: Subject) -> Evaluation:
        missing = _no_tls13(subject, required)
        if missing is not None:
            return missing
        found = subject.observation.groups.get(_TLS13)
        if found is None or not found.accepted:
            return unknown("its groups were not learnt", required)
        if len(found.accepted) > 1 and found.preference is Preference.CLIENT:
            return not_applicable("the client's order decides on the group", required)
        if len(found.accepted) > 1 and found.preference is Preference.UNKNOWN:
            return unknown("not learnt whose order decides on the group", required)
        first = found.accepted[0]
        return Evaluation(
            outcome=Outcome.PASS if first in wanted else Outcome.FAIL,
            observed=f"{first} comes first",
            required=required,
            evidence=found.evidence.get(first),
        )

    return judge


POST_QUANTUM_RULES: Final = (
    Rule(
        id="post_quantum_key_exchange",
        family=Family.POST_QUANTUM,
        title="A post-quantum group is accepted.",
        why="What is recorded today can be read once there are quantum computers.",
        severity=Severity.MEDIUM,
        parameters=QuantumGroups,
        bind=_bind_offered,
    ),
    Rule(
        id="post_quantum_preferred",
        family=Family.POST_QUANTUM,
        title="A server that orders its groups puts a post-quantum one first.",
        why="Else clients that could resist do not.",
        severity=Severity.LOW,
        parameters=QuantumGroups,
        bind=_bind_preferred,
    ),
)
