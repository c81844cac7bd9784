"""Does OpenVPN's control channel require a key before TLS? (OpenVPN's manual, tls-auth and tls-crypt)

The check sends one hard reset without a key, on a connection of its own. A server that answers it lets everybody talk to its
TLS library. One with tls-auth or tls-crypt drops it: the fact is then unknown, because other servers are silent too.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from model.application_protocol import OPENVPN, OPENVPN_UDP
from model.verdict import Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ConnectFailure, conversation_evidence
from probe.dialogue.before_tls.scripted import BrokenOff, Scripted
from probe.web.cookies import mask_cookies

CONTROL_CHANNEL: Final = "control_channel_key_required"

_OPENVPN: Final = frozenset({OPENVPN, OPENVPN_UDP})


async def check_control_channel(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``control_channel_key_required`` of ``plaintext``, if the target speaks OpenVPN."""
    if facts.inputs.application.name not in _OPENVPN:
        return
    # A visit of a TLS server starts without these modules.
    from probe.dialogue.before_tls.openvpn_reset import hard_reset
    from probe.openvpn.packet import SESSION_ID_LENGTH, ControlPacket

    session_id = prober.nonce[:SESSION_ID_LENGTH]
    dialogue: Scripted[ControlPacket | bytes | str] = Scripted(hard_reset(session_id), _missing)
    answer = await prober.converse_in_plaintext(dialogue)
    heard = mask_cookies(dialogue.heard)
    proof = partial(conversation_evidence, dialogue.said, heard, is_cut=dialogue.is_cut)
    match answer:
        case ControlPacket():
            note = "a hard reset without a key is answered with P_CONTROL_HARD_RESET_SERVER_V2"
            fact = Fact(verdict=Verdict.NO, evidence=proof(note=note))
        case ConnectFailure(detail=detail) | str(detail):
            fact = Fact(verdict=Verdict.UNKNOWN, evidence=proof(note=detail))
        case _:
            note = "a hard reset is answered with bytes that are not OpenVPN's"
            fact = Fact(verdict=Verdict.UNKNOWN, evidence=proof(note=note))
    facts.plaintext[CONTROL_CHANNEL] = fact


def _missing(at: BrokenOff) -> str:
    how = "too many bytes" if at.ending is None else at.ending
    return f"{how} before {at.what}"
