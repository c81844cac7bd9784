"""Rules on data that is recorded now and must stay secret for years (Mosca's inequality).

The years are the owner's: the target's labels ``secrecy_years`` and ``migration_years``. The day is the policy's, from a standard
or a plan, or one that an authority names (``model.judging.quantum``). Without the labels the result is unknown: no rule
invents how long data must stay secret.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final, Literal

from model.findings.finding import Outcome, Severity
from model.judging.exposure import Years, years_of
from model.judging.quantum import deadline_named
from model.target_labels import MIGRATION_YEARS, SECRECY_YEARS, secrecy_years
from model.verdict import Verdict
from policy.judging.partial_results import unknown
from policy.rule import Evaluation, Family, Judge, Rule, Subject
from policy.rules.handshake.post_quantum import QuantumGroups, bind_offered


class SecretData(QuantumGroups):
    """``safe_until``: the last day on which data without post-quantum key exchange count as safe."""

    safe_until: date


def _bind(parameters: SecretData) -> Judge:
    offered = bind_offered(parameters)
    safe_until = parameters.safe_until
    required = f"post-quantum key exchange for data that must stay secret after {safe_until}"

    def judge(subject: Subject) -> Evaluation:
        years = secrecy_years(subject.observation.endpoint.target.labels)
        if years is None:
            return unknown(f"the target has no valid label {SECRECY_YEARS}", required)
        now = subject.at
        if (now.year + years, now.month, now.day) <= safe_until.timetuple()[:3]:
            return Evaluation(
                outcome=Outcome.PASS,
                observed=f"data recorded now must stay secret until {now.year + years}",
                required=required,
            )
        found = offered(subject)
        if found.outcome is not Outcome.FAIL:
            return replace(found, required=required)
        return replace(
            found,
            required=required,
            violation=f"Secrets until {now.year + years} are sent without post-quantum key exchange: {found.observed}",
        )

    return judge


class ByDeadline(QuantumGroups):
    """``deadline``: the authority whose last day of classical key exchange counts."""

    deadline: Literal["us-order-2026", "cnsa-2.0", "nist-ir-8547"]


def _bind_deadline(parameters: ByDeadline) -> Judge:
    offered = bind_offered(parameters)
    deadline = deadline_named(parameters.deadline)
    last_day, title = deadline.last_day, deadline.title
    required = (
        f"post-quantum key exchange for data that must stay secret after {last_day} ({title})"
    )

    def judge(subject: Subject) -> Evaluation:
        found = offered(subject)
        if found.outcome is Outcome.PASS:
            return replace(found, required=required)
        years = years_of(subject.observation.endpoint.target.labels)
        missed = years.misses(last_day, subject.at.date())
        if missed is Verdict.UNKNOWN:
            missing = SECRECY_YEARS if years.secrecy is None else MIGRATION_YEARS
            return unknown(f"the target has no valid label {missing}", required)
        until = subject.at.year + years.known
        if missed is Verdict.NO:
            words = f"data recorded until the change must stay secret until {until}"
            return Evaluation(outcome=Outcome.PASS, observed=words, required=required)
        if found.outcome is not Outcome.FAIL:
            return replace(found, required=required)
        return replace(
            found,
            required=required,
            violation=f"Misses the day of {title}, {last_day}, {_because(years, until)}: {found.observed}",
        )

    return judge


def _because(years: Years, until: int) -> str:
    if not years.known:
        return "which has passed"
    migration = f" (years of migration: {years.migration})" if years.migration else ""
    return f"because data must stay secret until {until}{migration}"


SECRECY_RULES: Final = (
    Rule(
        identifier="TP-PQ-003",
        name="post_quantum_by_secrecy",
        family=Family.POST_QUANTUM,
        requirement="Data that must stay secret after the given day must be sent with post-quantum key exchange",
        violation="Secrets of many years are sent without post-quantum key exchange",
        why="Recorded data can be decrypted as soon as a quantum computer exists, however long they should stay secret.",
        severity=Severity.HIGH,
        parameters=SecretData,
        bind=_bind,
    ),
    Rule(
        identifier="TP-PQ-004",
        name="post_quantum_by_deadline",
        family=Family.POST_QUANTUM,
        requirement="Data that must stay secret after an authority's last day of classical key exchange must be sent "
        "with post-quantum key exchange",
        violation="The last day of classical key exchange is missed",
        why="What is recorded before the change must stay secret after that day, and can then be decrypted.",
        severity=Severity.HIGH,
        parameters=ByDeadline,
        bind=_bind_deadline,
    ),
)
