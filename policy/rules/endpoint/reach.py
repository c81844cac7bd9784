"""Does the endpoint answer as TLS at all? What was not reached was not judged, and that is told.

Every policy has this rule. Where the service speaks, and not TLS, it fails; where nothing was learnt
(nobody listens, no answer in time, a name that does not resolve) it is unknown.
"""

from __future__ import annotations

from typing import Final

from model.findings.finding import Outcome, Severity
from model.observation import State
from model.verdict import Evidence
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_REQUIRED: Final = "a TLS handshake"
_OUTCOMES: Final = {
    State.TLS: Outcome.PASS,
    State.PLAINTEXT: Outcome.FAIL,
    State.NOT_TLS: Outcome.FAIL,
}
_WORDS: Final = {
    State.TLS: "answers as TLS",
    State.PLAINTEXT: "answers in its own protocol, without TLS",
    State.NOT_TLS: "answers, and not as TLS",
    State.REFUSED: "refuses the connection or every hello",
    State.UNREACHABLE: "cannot be reached",
    State.TIMEOUT: "gives no whole answer in time",
    State.DNS_ERROR: "has a name that does not resolve",
    State.ERROR: "was not judged for a fault of tlsprobe's own",
}


class Nothing(Parameters):
    """No parameters."""


def _bind(_: Nothing) -> Judge:
    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        words, reason = _WORDS[observation.state], observation.reason
        is_tls = observation.state is State.TLS
        return Evaluation(
            outcome=_OUTCOMES.get(observation.state, Outcome.UNKNOWN),
            observed=words if is_tls or not reason else f"{words}: {reason}",
            required=_REQUIRED,
            evidence=None if is_tls else Evidence(note=reason or words),
        )

    return judge


REACHED: Final = Rule(
    id="reached",
    family=Family.REACH,
    title="The endpoint answers as TLS.",
    why="What never handshakes is not encrypted, or not watched: no rule can be proved of it.",
    severity=Severity.HIGH,
    parameters=Nothing,
    bind=_bind,
)
