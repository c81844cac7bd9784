"""How TLS begins in OpenVPN: after the resets, each further packet carries a part of the TLS stream."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial
from typing import Final

from probe.connect.openvpn.framing import OpenVpnFraming
from probe.connect.starttls.outcome import Upgraded, UpgradeScript, broken_off, unexpected
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.dialogue.before_tls.openvpn_reset import hard_reset
from probe.dialogue.before_tls.scripted import BrokenOff
from probe.openvpn.packet import SESSION_ID_LENGTH

OWN: Final = "OpenVPN"


def upgrade(_: Peer) -> UpgradeScript:
    """Begins a session without a key of tls-auth or tls-crypt."""
    session_id = secrets.token_bytes(SESSION_ID_LENGTH)
    answer = yield from hard_reset(session_id)
    if isinstance(answer, bytes):
        return unexpected(OWN, answer)
    framing = partial(OpenVpnFraming, session_id=session_id, remote_session_id=answer.session_id)
    return Upgraded(framing=framing)


def no_answer(at: BrokenOff) -> ConnectFailure:
    """The server closed or fell silent: it may require a key of its clients, so this says nothing about TLS."""
    failure = broken_off(OWN, at)
    is_closed = failure.kind is FailureKind.HUNG_UP
    return replace(failure, kind=FailureKind.TURNED_AWAY) if is_closed else failure
