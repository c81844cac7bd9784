"""A rule on data that is recorded now and must stay secret for years (Mosca's inequality).

The years are the owner's: the target's label ``secrecy_years``. The day is the policy's, from a standard or a plan. Without the
label the result is unknown: no rule invents how long data must stay secret.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from model.findings.finding import Outcome, Severity
from model.target_labels import SECRECY_YEARS, secrecy_years
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
)
