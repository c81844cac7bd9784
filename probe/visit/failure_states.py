"""The state of an endpoint whose encryption could not be asked, and the sentence that says why."""

from __future__ import annotations

from typing import Final

from model.observation import State
from probe.dialogue.answer import ConnectFailure, FailureKind

_STATES: Final = {
    FailureKind.REFUSED: State.REFUSED,
    FailureKind.UNREACHABLE: State.UNREACHABLE,
    FailureKind.DEADLINE: State.TIMEOUT,
    FailureKind.EXHAUSTED: State.ERROR,
    FailureKind.BUDGET: State.ERROR,
    FailureKind.DENIED: State.DENIED,
    FailureKind.OTHER_PROTOCOL: State.NOT_TLS,
    FailureKind.NOT_OFFERED: State.PLAINTEXT,
    FailureKind.DECLINED: State.REFUSED,
    FailureKind.TURNED_AWAY: State.REFUSED,
    FailureKind.BLOCKED: State.REFUSED,
    FailureKind.HUNG_UP: State.NOT_TLS,
    FailureKind.RESET: State.REFUSED,
    FailureKind.SILENT: State.TIMEOUT,
}


def failure_state(failure: ConnectFailure, before: str = "") -> tuple[State, str]:
    """The state, and the failure's detail as a sentence; ``before`` is put before it."""
    said = f"{before}{failure.detail.rstrip('.')}."
    return _STATES[failure.kind], said[:1].upper() + said[1:]
