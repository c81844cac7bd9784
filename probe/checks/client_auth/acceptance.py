"""Did the server accept the client certificate that a handshake presented?

A refusal in the handshake says no. A finished handshake does not say yes yet: at TLS 1.3 the client finishes
before the server has read the certificate, and some servers verify it only afterwards, and then close
(OpenLDAP with GnuTLS) or answer with an error (nginx). So something is asked inside TLS: an HTTP request, or a
command that the protocol allows before a login. A refusal that overload may cause must come twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from model.frozen import frozen
from model.verdict import Evidence, Verdict
from probe.checks.client_auth.post_handshake_auth import REFUSALS
from probe.checks.confirmed_handshake import ask_again, may_be_accidental
from probe.checks.prober import Prober
from probe.dialogue.answer import Ending
from probe.dialogue.before_tls.first_command import FirstCommand
from probe.dialogue.handshake import (
    ASKING,
    Handshake,
    HandshakeEnd,
    HandshakeOffer,
    PostHandshakeAction,
)
from probe.web.status_line import http_status

_QUOTED_LENGTH: Final = 80
_CODE_LENGTH: Final = 3
"""The codes of SMTP and FTP, and enough of other answers to tell them apart."""


@frozen
class Question:
    """What shows whether a client is served.

    ``asking`` is the handshake without a certificate, and what is asked after it; ``command`` is what is asked
    if it is not HTTP. ``without`` is the result of ``asking``; None if the server requires a certificate.
    """

    asking: HandshakeOffer
    command: FirstCommand | None = None
    without: Handshake | None = None
    made_before: Collection[Handshake] = ()
    """Handshakes of this visit that need not be made again."""


@frozen
class Acceptance:
    """Whether a certificate was accepted, and the proof."""

    verdict: Verdict
    evidence: Evidence


async def present(prober: Prober, offer: HandshakeOffer, question: Question) -> Acceptance:
    """Whether the certificate of ``offer`` is accepted, which is ``question.asking`` with that certificate."""
    handshake = await _handshake(prober, offer, question)
    verdict = _judge(handshake, question)
    is_answered = http_status(handshake.reply) is not None
    if verdict is Verdict.NO and may_be_accidental(handshake) and not is_answered:
        again = await ask_again(prober, handshake)
        is_settled = again is not None and await _is_unchanged_for_others(prober, question)
        handshake = again or handshake
        verdict = _judge(handshake, question) if is_settled else Verdict.UNKNOWN
    return Acceptance(verdict=verdict, evidence=_evidence(handshake, verdict))


async def _is_unchanged_for_others(prober: Prober, question: Question) -> bool:
    """Whether a client without a certificate gets the same kind of answer as before, not one of a busy server."""
    if question.command is None or question.without is None:
        return True
    reply = (await prober.handshake(question.asking)).reply
    return reply[:_CODE_LENGTH] == question.without.reply[:_CODE_LENGTH]


async def _handshake(prober: Prober, offer: HandshakeOffer, question: Question) -> Handshake:
    """If the server requires a certificate, the client first sends nothing inside TLS, so that its data cause
    no reset that hides an alert. It sends no HTTP request after that: gnutls-serv stops serving anyone then."""
    if question.without is not None or offer.post_handshake not in ASKING:
        return await prober.handshake(offer)
    quiet = replace(offer, post_handshake=PostHandshakeAction.LISTEN, words=b"", user_agent="")
    made = (one for one in question.made_before if one.offer == quiet)
    handshake = next(made, None) or await prober.handshake(quiet)
    is_open = handshake.is_finished and handshake.ending in {None, Ending.SILENCE}
    if not is_open or handshake.end is HandshakeEnd.REFUSED or question.command is None:
        return handshake
    return await prober.handshake(offer)


def _judge(handshake: Handshake, question: Question) -> Verdict:
    if handshake.end is HandshakeEnd.REFUSED:
        return Verdict.NO
    if question.command is not None:
        return _judge_command(handshake, question.command, question.without)
    if handshake.end is not HandshakeEnd.ACCEPTED:
        return Verdict.UNKNOWN
    if question.without is None:
        return Verdict.YES
    return _judge_http(handshake, question.without)


def _judge_command(
    handshake: Handshake, command: FirstCommand, without: Handshake | None
) -> Verdict:
    """Judges by the answer to a command: one that others do not get refuses, and so does a close.

    If all others are refused before, any unusual answer stays unknown: it may be about the command.
    """
    if command.served.match(handshake.reply):
        is_open = without is not None and command.served.match(without.reply) is not None
        return Verdict.UNKNOWN if is_open and command.may_verify_later else Verdict.YES
    is_ended = handshake.is_finished and handshake.ending is not Ending.SILENCE
    if without is None:
        is_for_the_certificate = not handshake.reply
    else:
        is_for_the_certificate = handshake.reply != without.reply
    return Verdict.NO if is_ended and is_for_the_certificate else Verdict.UNKNOWN


def _judge_http(handshake: Handshake, without: Handshake) -> Verdict:
    """Judges by HTTP; ``without`` is the same request without a certificate."""
    if handshake.post_handshake is HandshakeEnd.REFUSED and http_status(without.reply) is not None:
        return Verdict.NO
    if HandshakeEnd.REFUSED in {without.end, without.post_handshake}:
        return _judge_reply(handshake.reply)
    return _judge_replies(handshake.reply, without.reply)


def _judge_reply(reply: bytes) -> Verdict:
    """Judges by HTTP, for a client that is refused earlier if it has no certificate."""
    status = http_status(reply)
    if status is None:
        return Verdict.UNKNOWN
    return Verdict.NO if status in REFUSALS else Verdict.YES


def _judge_replies(reply: bytes, reply_without: bytes) -> Verdict:
    """Judges by HTTP: a refusal that a client without a certificate does not get, or gets in other words."""
    status, status_without = http_status(reply), http_status(reply_without)
    if status is None or status_without is None:
        return Verdict.UNKNOWN
    if status not in REFUSALS:
        return Verdict.YES
    is_for_the_certificate = status != status_without or _body(reply) != _body(reply_without)
    return Verdict.NO if is_for_the_certificate else Verdict.UNKNOWN


def _body(reply: bytes) -> bytes:
    return reply.partition(b"\r\n\r\n")[2]


def _evidence(handshake: Handshake, verdict: Verdict) -> Evidence:
    """The bytes inside TLS if there was an answer, else those of the handshake."""
    if not (handshake.reply and handshake.offer.asked):
        is_late = verdict is Verdict.NO and handshake.end is HandshakeEnd.ACCEPTED
        closed = f"; {handshake.ending or Ending.CLOSED} without an answer, twice"
        return handshake.evidence(f"{handshake.note}{closed if is_late else ''}")
    status = http_status(handshake.reply)
    quoted = repr(handshake.reply[:_QUOTED_LENGTH])
    said = f"HTTP status {status}" if status is not None else f"answered inside TLS: {quoted}"
    return handshake.reply_evidence(f"{handshake.note}; {said}")
