"""Whether a presented certificate was accepted, by every kind of answer after the handshake."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pytest

from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from probe.checks.client_auth.acceptance import Question, present
from probe.checks.prober import Prober
from probe.connect.starttls.first_commands import FIRST_COMMANDS
from probe.dialogue.answer import Ending
from probe.dialogue.handshake import (
    Handshake,
    HandshakeEnd,
    HandshakeOffer,
    PostHandshakeAction,
    Presented,
)
from probe.dialogue.offer import Shape, offer
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel

ASKING: Final = HandshakeOffer(
    version=ProtocolVersion.TLSV1_3,
    server_name=None,
    post_handshake=PostHandshakeAction.COMMAND,
    words=FIRST_COMMANDS["FTP"].words,
)
CERTIFICATE_REQUIRED: Final = 116


def accepted(reply: bytes = b"", ending: Ending | None = None) -> Handshake:
    return Handshake(offer=ASKING, end=HandshakeEnd.ACCEPTED, reply=reply, ending=ending)


SERVED: Final = accepted(b"211-Features:\r\n")
TICKET: Final = accepted()
CLOSED: Final = accepted(ending=Ending.CLOSED)
SILENT: Final = accepted(ending=Ending.SILENCE)
BUSY: Final = accepted(b"421 too many connections\r\n")
ALERT: Final = Handshake(offer=ASKING, end=HandshakeEnd.REFUSED, alert=CERTIFICATE_REQUIRED)
HUNG_UP: Final = Handshake(offer=ASKING, end=HandshakeEnd.REFUSED, ending=Ending.CLOSED)


class Handshakes(Simulation):
    """A server whose handshakes end in the given ways; it answers hellos as long as ``is_up``."""

    def __init__(self, ends: Sequence[Handshake], *, is_up: bool) -> None:
        suites = {wire.TLSV1_2: (0xC02F,)} if is_up else {}
        super().__init__(ServerModel(cipher_suites=suites))
        self.ends = deque(ends)

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        return replace(self.ends.popleft(), offer=offer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The ends of the handshakes in their order, and the verdict."""

    name: str
    ends: Sequence[Handshake]
    verdict: Verdict
    without: Handshake | None = None
    is_up: bool = True


CASES: Final = (
    Case(name="required, alert", ends=[ALERT], verdict=Verdict.NO),
    Case(name="required, served", ends=[TICKET, SERVED], verdict=Verdict.YES),
    Case(name="required, no ticket, served", ends=[SILENT, SERVED], verdict=Verdict.YES),
    Case(name="required, closed after it", ends=[TICKET, CLOSED, CLOSED], verdict=Verdict.NO),
    Case(name="required, closed in it", ends=[HUNG_UP, HUNG_UP], verdict=Verdict.NO),
    Case(name="closed once, then served", ends=[TICKET, CLOSED, SERVED], verdict=Verdict.YES),
    Case(name="closed, and down", ends=[TICKET, CLOSED], verdict=Verdict.UNKNOWN, is_up=False),
    Case(name="required, silent", ends=[TICKET, SILENT], verdict=Verdict.UNKNOWN),
    Case(name="required, busy", ends=[TICKET, BUSY], verdict=Verdict.UNKNOWN),
    Case(
        name="required, unknown command",
        ends=[TICKET, accepted(b"500 Unknown command.\r\n")],
        verdict=Verdict.YES,
    ),
    Case(name="requested, served", ends=[SERVED], without=SERVED, verdict=Verdict.YES),
    Case(name="requested, alert", ends=[ALERT], without=SERVED, verdict=Verdict.NO),
    Case(
        name="requested, closed, others served",
        ends=[CLOSED, CLOSED, SERVED],
        without=SERVED,
        verdict=Verdict.NO,
    ),
    Case(name="all closed", ends=[CLOSED], without=CLOSED, verdict=Verdict.UNKNOWN),
    Case(name="busy for all", ends=[BUSY, BUSY, BUSY], without=SERVED, verdict=Verdict.UNKNOWN),
    Case(
        name="refused in other words",
        ends=[accepted(b"421 not trusted\r\n"), accepted(b"421 not trusted\r\n"), BUSY],
        without=BUSY,
        verdict=Verdict.NO,
    ),
)


async def verdict(case: Case, command: str = "FTP") -> Verdict:
    """The verdict on a certificate, after all handshakes of the case and no others."""
    transport = Handshakes(case.ends, is_up=case.is_up)
    prober = Prober(transport)
    prober.keep_as_control(offer(ProtocolVersion.TLSV1_2, (0xC02F,), Shape(server_name=None)))
    question = Question(asking=ASKING, command=FIRST_COMMANDS[command], without=case.without)
    found = await present(prober, replace(ASKING, presents=Presented.SELF_SIGNED), question)
    assert not transport.ends
    return found.verdict


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_only_an_answer_proves_acceptance_and_only_a_repeated_end_proves_refusal(
    case: Case,
) -> None:
    assert await verdict(case) is case.verdict


async def test_a_mail_server_that_serves_all_clients_may_verify_later() -> None:
    greeted = accepted(b"250-mail.example\r\n")
    case = Case(name="", ends=[greeted], without=greeted, verdict=Verdict.UNKNOWN)
    assert await verdict(case, "SMTP") is Verdict.UNKNOWN
