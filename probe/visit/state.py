"""The outcome of a visit as a whole: its state, and one sentence on what was not learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from model.application_protocol import IKE, SSH
from model.observation import ANSWERED, State
from model.verdict import Fact, Verdict
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import (
    Answer,
    ConnectFailure,
    Ending,
    FailureKind,
    Malformed,
    NoHello,
    NotTls,
    TlsAlert,
)
from probe.dialogue.before_tls.greetings import is_ssh, plaintext_service
from probe.dialogue.exchange import Exchange
from probe.visit.failure_states import failure_state

_TELLING: Final = (
    FailureKind.BLOCKED,
    FailureKind.NOT_OFFERED,
    FailureKind.OTHER_PROTOCOL,
    FailureKind.DECLINED,
    FailureKind.TURNED_AWAY,
    FailureKind.HUNG_UP,
    FailureKind.RESET,
    FailureKind.SILENT,
    FailureKind.REFUSED,
    FailureKind.UNREACHABLE,
    FailureKind.DEADLINE,
    FailureKind.EXHAUSTED,
    FailureKind.BUDGET,
    FailureKind.DENIED,
)
"""Those that say most about the service come first."""
_ENDINGS: Final = {
    Ending.CLOSED: (State.NOT_TLS, "The server closed the connection without answering a hello."),
    Ending.RESET: (State.REFUSED, "The server reset the connection when it got a hello."),
    Ending.SILENCE: (
        State.TIMEOUT,
        "The server accepted the connection but gave no complete answer.",
    ),
}


def state_of(
    facts: VisitFacts,
    exchanges: Sequence[Exchange],
    *,
    failures: Sequence[ConnectFailure] = (),
    spent: str | None = None,
    faults: Sequence[str] = (),
) -> tuple[State, str | None]:
    """The visit's state and reason, by the most informative of all answers.

    ``failures`` are those of handshakes that could not begin. ``spent`` says in words that the visit reached a limit of its budget, and which one; the reason begins
    with it. ``faults`` are our own errors.
    """
    answers: list[Answer] = [*(one.answer for one in exchanges), *failures]
    state, reason = _state_by_answers(facts, answers)
    is_limit_said = not facts.speaks_any and _is_over_budget(answers)
    if faults:
        state = state if state in ANSWERED else State.ERROR
        reason, is_limit_said = f"Internal error: {'; '.join(faults)}.", False
    if spent is None or is_limit_said:
        return state, reason
    return state, f"{spent[:1].upper()}{spent[1:]}. {reason or ''}".rstrip()


def _state_by_answers(facts: VisitFacts, answers: Sequence[Answer]) -> tuple[State, str | None]:
    if facts.inputs.application.name == SSH:
        from probe.visit.ssh_state import ssh_state_of

        return ssh_state_of(facts.ssh_answers)
    if facts.inputs.application.name == IKE:
        from probe.visit.outcomes.ike import ike_state_of

        return ike_state_of(facts.ike_replies)
    if facts.speaks_any:
        return State.TLS, _gaps(facts)
    if facts.answers_in_plaintext:
        return State.PLAINTEXT, _in_plaintext(facts.plaintext["answers_in_plaintext"], answers)
    if not answers:
        return State.TIMEOUT, "The visit's time was up before anything was asked."
    return _verdict_on(answers)


def _is_over_budget(answers: Sequence[Answer]) -> bool:
    """Whether the most informative answer is that the budget was used up."""
    most_telling = min(answers, key=_rank, default=None)
    return isinstance(most_telling, ConnectFailure) and most_telling.kind is FailureKind.BUDGET


def _in_plaintext(session: Fact, answers: Sequence[Answer]) -> str:
    """The plaintext answer, and the result of asking for TLS."""
    note = (session.evidence and session.evidence.note) or "a session began"
    answered = f"The service answers in plaintext: {note.rstrip('.')}."
    if not answers:
        return answered
    _, why = _verdict_on(answers)
    return f"{answered} {why}"


def _rank(answer: Answer) -> int:
    """Answers that say most about the service come first."""
    match answer:
        case NotTls():
            return 0
        case TlsAlert():
            return 1
        case NoHello(ending=Ending.CLOSED):
            return 3
        case NoHello(ending=Ending.RESET):
            return 4
        case NoHello():
            return 5
        case ConnectFailure(kind=kind):
            return 6 + _TELLING.index(kind)
        case _:
            return 2


def _verdict_on(answers: Sequence[Answer]) -> tuple[State, str]:
    """The verdict by the most informative of the answers."""
    match min(answers, key=_rank):
        case NotTls(raw=received):
            return _not_tls(received)
        case TlsAlert() as alert:
            is_all = all(isinstance(one, TlsAlert) for one in answers)
            refused = (
                f"The server refused {'every' if is_all else 'a'} hello, with alert {alert.name}"
            )
            return State.REFUSED, refused + (
                "." if is_all else ", and gave no complete answer to others."
            )
        case Malformed(what=what):
            return State.NOT_TLS, f"The server sent a malformed {what} in answer to a hello."
        case NoHello(ending=ending):
            return _ENDINGS[ending]
        case ConnectFailure(kind=kind) as failure:
            is_connected = _TELLING.index(kind) < _TELLING.index(FailureKind.REFUSED)
            return failure_state(failure, "TLS not begun: " if is_connected else "")
        case _:
            return State.NOT_TLS, "The server answered only in versions that were not offered."


def _not_tls(received: bytes) -> tuple[State, str]:
    if is_ssh(received):
        return State.NOT_TLS, "An SSH server answers on this port, without TLS."
    service = plaintext_service(received)
    if service is not None:
        return State.PLAINTEXT, f"The service answers in plaintext: it speaks {service}."
    return State.NOT_TLS, "The server answered a hello with bytes that are not TLS."


def _gaps(facts: VisitFacts) -> str | None:
    gaps = [
        f"{version.label} ({fact.evidence.note if fact.evidence else 'not asked'})"
        for version, fact in facts.protocols.items()
        if fact.verdict is Verdict.UNKNOWN
    ]
    gaps += [f"chain of {one.label} ({why})" for one, why in facts.unread_chains.items()]
    for kind, sets in (("cipher suites", facts.cipher_suites), ("groups", facts.groups)):
        gaps += [
            f"{kind} of {version.label} ({found.refusal.note if found.refusal else 'not asked'})"
            for version, found in sets.items()
            if not found.complete and found.cause is None
        ]
    return f"Not fully known: {', '.join(gaps)}." if gaps else None
