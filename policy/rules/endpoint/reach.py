"""Does the endpoint answer in its protocol at all? An endpoint that was not reached is reported, not judged.

Every policy has this rule. It fails if the service answers without encryption. It is unknown if nothing is known
(connection refused, no answer in time, a name that does not resolve).
"""

from __future__ import annotations

from typing import Final

from model.findings.finding import Outcome, Severity
from model.observation import State
from model.verdict import Evidence
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_REQUIRED: Final = (
    "a TLS handshake, or the key exchange of SSH or IKE if that is the target's protocol"
)
_OUTCOMES: Final = {
    State.TLS: Outcome.PASS,
    State.SSH: Outcome.PASS,
    State.IKE: Outcome.PASS,
    State.PLAINTEXT: Outcome.FAIL,
    State.NOT_TLS: Outcome.FAIL,
}
_WORDS: Final = {
    State.TLS: "answers with TLS",
    State.SSH: "answers with SSH",
    State.IKE: "answers with IKE",
    State.PLAINTEXT: "answers in plaintext",
    State.NOT_TLS: "does not answer in the expected protocol",
    State.REFUSED: "refuses the connection or the handshake",
    State.UNREACHABLE: "cannot be reached",
    State.TIMEOUT: "does not answer in time",
    State.DNS_ERROR: "has a name that does not resolve",
    State.DENIED: "was not probed because the configuration or its protocol does not allow it",
    State.ERROR: "was not probed because of an internal error",
}


class Nothing(Parameters):
    """No parameters."""


def _bind(_: Nothing) -> Judge:
    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        words, reason = _WORDS[observation.state], observation.reason
        is_met = observation.answered
        observed = words if is_met or not reason else f"{words}: {reason}"
        return Evaluation(
            outcome=_OUTCOMES.get(observation.state, Outcome.UNKNOWN),
            observed=observed,
            required=_REQUIRED,
            violation=f"Endpoint {observed}",
            evidence=None if is_met else Evidence(note=reason or words),
        )

    return judge


REACHED: Final = Rule(
    identifier="TP-REACH-001",
    name="reachable",
    family=Family.REACH,
    requirement="The endpoint must answer with the encryption of its protocol: TLS, SSH or IKE",
    violation="The endpoint does not answer with the encryption of its protocol",
    why="Without a handshake nothing is encrypted, or nothing can be checked.",
    severity=Severity.HIGH,
    parameters=Nothing,
    bind=_bind,
)
