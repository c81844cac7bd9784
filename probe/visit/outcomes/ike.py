"""The outcome of a visit to an IKE responder as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from model.observation import State
from probe.checks.ike.answers import IkeReply
from probe.dialogue.answer import ConnectFailure
from probe.visit.failure_states import failure_state


def ike_state_of(replies: Sequence[IkeReply]) -> tuple[State, str | None]:
    """The visit's state and reason: whether any reply is a message in IKE."""
    if not replies:
        return State.TIMEOUT, "The visit's time was up before anything was asked."
    answers = [one for one in replies if not isinstance(one, ConnectFailure)]
    if any(one.message is not None for one in answers):
        return State.IKE, None
    if any(one.flaw is not None for one in answers):
        return State.NOT_TLS, "The responder sent a malformed message in answer to IKE_SA_INIT."
    if any(one.strays for one in answers):
        return State.NOT_TLS, "The server answered with datagrams that are not answers in IKE."
    first = replies[0]
    if isinstance(first, ConnectFailure):
        return failure_state(first)
    silence = "No IKE message came: a responder that ignores this client and a packet filter look the same."
    return State.TIMEOUT, silence
