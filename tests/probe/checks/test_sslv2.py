"""Every kind of answer to the hello of SSL 2.0, and the facts that follow (hard case 26)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from model.observation import State
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.verdict import Verdict
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import is_sslv2_hello
from tests.probe.programmable.server import Behaviour, Connection
from tests.probe.programmable.server_model import Reply, ServerModel, Then
from tests.probe.programmable.visiting import visit_server

pytestmark = pytest.mark.slow

SSLV2 = ProtocolVersion.SSLV2
TLS12 = ServerModel(cipher_suites={wire.TLSV1_2: (0xC02B, 0xC009)})
KINDS = {0x010080: "SSL_CK_RC4_128_WITH_MD5", 0x0700C0: "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"}


def server_hello(kinds: tuple[int, ...]) -> bytes:
    """type, hit, certificate type, version; lengths; certificate, kinds, connection id."""
    certificate = wire.self_signed_certificate()
    specs = b"".join(kind.to_bytes(3, "big") for kind in kinds)
    lengths = wire.uint16(len(certificate)) + wire.uint16(len(specs)) + wire.uint16(16)
    body = b"\x04\x00\x01\x00\x02" + lengths + certificate + specs + bytes(16)
    return wire.uint16(0x8000 | len(body)) + body


def answers_sslv2_with(reply: Reply, model: ServerModel | None = TLS12) -> Behaviour:
    """Answers SSL 2.0's hello with ``reply``, and all others by the model or by closing."""

    async def behave(connection: Connection) -> None:
        received = b""
        said = None
        while said is None:
            some = await connection.receive()
            if not some:
                return
            received += some
            if is_sslv2_hello(received):
                said = reply
            else:
                said = model.reply(received) if model else Reply()
        await connection.send(said.sent)
        if said.then is Then.WAIT:
            await connection.until_closed()
        elif said.then is Then.RESET:
            connection.reset()

    return behave


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A kind of answer, and the verdicts on SSL 2.0 and on DROWN that follow."""

    name: str
    reply: Reply
    verdict: Verdict
    drown: Verdict


CASES = (
    Case(
        name="alert of TLS, and the connection stays open",
        reply=Reply(sent=wire.alert(wire.FATAL, wire.PROTOCOL_VERSION), then=Then.WAIT),
        verdict=Verdict.NO,
        drown=Verdict.NO,
    ),
    Case(
        name="error of SSL 2.0",
        reply=Reply(sent=b"\x80\x03\x00\x00\x01"),
        verdict=Verdict.NO,
        drown=Verdict.NO,
    ),
    Case(name="close", reply=Reply(), verdict=Verdict.NO, drown=Verdict.NO),
    Case(name="reset", reply=Reply(then=Then.RESET), verdict=Verdict.NO, drown=Verdict.NO),
    Case(
        name="silence",
        reply=Reply(then=Then.WAIT),
        verdict=Verdict.UNKNOWN,
        drown=Verdict.UNKNOWN,
    ),
    Case(
        name="hello without kinds",
        reply=Reply(sent=server_hello(()), then=Then.WAIT),
        verdict=Verdict.NO,
        drown=Verdict.UNKNOWN,
    ),
    Case(
        name="hello cut short",
        reply=Reply(sent=server_hello(tuple(KINDS))[:-20]),
        verdict=Verdict.UNKNOWN,
        drown=Verdict.UNKNOWN,
    ),
    Case(
        name="hello with kinds",
        reply=Reply(sent=server_hello(tuple(KINDS)), then=Then.WAIT),
        verdict=Verdict.YES,
        drown=Verdict.YES,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_each_answer_gets_its_verdict(case: Case) -> None:
    observation = await visit_server(answers_sslv2_with(case.reply))
    fact, drown = observation.protocols[SSLV2], observation.vulnerabilities["drown"]
    assert (fact.verdict, drown.verdict) == (case.verdict, case.drown)
    assert observation.protocols[ProtocolVersion.TLSV1_2].verdict is Verdict.YES
    assert (SSLV2 in observation.cipher_suites) is (case.verdict is Verdict.YES)


async def test_an_sslv2_certificate_joins_the_chain_that_it_leads_in_other_versions() -> None:
    reply = Reply(sent=server_hello(tuple(KINDS)), then=Then.WAIT)
    observation = await visit_server(answers_sslv2_with(reply))
    assert observation.cipher_suites[SSLV2].accepted == tuple(KINDS.values())
    assert observation.cipher_suites[SSLV2].complete
    (served,) = observation.certificates
    assert set(served.versions) == {SSLV2, ProtocolVersion.TLSV1_2}


async def test_an_sslv2_only_server_is_a_tls_endpoint_with_drown_and_no_tls_verdicts() -> None:
    reply = Reply(sent=server_hello(tuple(KINDS)), then=Then.WAIT)
    observation = await visit_server(answers_sslv2_with(reply, model=None))
    assert observation.state is State.TLS
    verdicts = {version: fact.verdict for version, fact in observation.protocols.items()}
    assert verdicts == {
        version: Verdict.YES if version is SSLV2 else Verdict.NO for version in STREAM_VERSIONS
    }
    assert set(observation.vulnerabilities) == {"drown"}
    assert [served.versions for served in observation.certificates] == [(SSLV2,)]
