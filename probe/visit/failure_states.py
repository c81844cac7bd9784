"""The state of an endpoint whose encryption could not be asked."""

from __future__ import annotations

from typing import Final

from model.observation import State
from probe.dialogue.answer import FailureKind

STATES: Final = {
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
