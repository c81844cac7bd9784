"""The outcome of a visit to an SSH server as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from model.observation import State
from probe.crypto.ssh.exchange import SshAnswer
from probe.dialogue.answer import ConnectFailure, Ending
from probe.dialogue.before_tls.greetings import is_tls_record, plaintext_service
from probe.ssh.messages import KexInit
from probe.visit.failure_states import failure_state

_TURNED_AWAY: Final = re.compile(rb"Exceeded MaxStartups|Not allowed at this time")
"""What OpenSSH says to clients for which it has no room, or which it penalizes (sshd_config, MaxStartups and
PerSourcePenalties)."""


def ssh_state_of(answers: Sequence[SshAnswer | ConnectFailure]) -> tuple[State, str | None]:
    """The visit's state and reason, by the first of its conversations."""
    match answers[0] if answers else None:
        case None:
            return State.TIMEOUT, "The visit's time was up before anything was asked."
        case ConnectFailure() as failure:
            return failure_state(failure)
        case SshAnswer(kexinit=KexInit()):
            return State.SSH, None
        case SshAnswer() as answer:
            return _without_algorithms(answer)


def _without_algorithms(answer: SshAnswer) -> tuple[State, str]:
    """The state of a server whose KEXINIT did not come, or could not be read."""
    heard = answer.heard
    if answer.identification is not None:
        if not answer.identification.speaks_version_2:
            return State.NOT_TLS, "The server speaks version 1 of SSH only."
        state = State.TIMEOUT if answer.ending is Ending.SILENCE else State.REFUSED
        return state, f"An SSH server gave no complete list of algorithms: {answer.outcome}."
    if is_tls_record(heard):
        return State.NOT_TLS, "The server answers with TLS, not with SSH."
    if _TURNED_AWAY.match(heard):
        return State.REFUSED, "The SSH server has no room for this client now."
    if (service := plaintext_service(heard)) is not None:
        return State.PLAINTEXT, f"The service answers in plaintext: it speaks {service}, not SSH."
    if answer.ending is Ending.SILENCE:
        return State.TIMEOUT, "The server accepted the connection but sent no SSH identification."
    if heard:
        return State.NOT_TLS, "The server answered with bytes that are not SSH."
    return State.REFUSED, "The server closed the connection without an SSH identification."
