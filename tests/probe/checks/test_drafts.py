"""Answers of old stacks in drafts of TLS 1.3, in each form that the drafts define (hard case 23)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.verdict import Verdict
from probe.checks.prober import Prober
from probe.checks.versions_and_suites.tls13_drafts import NAMES, check_tls13_drafts
from probe.checks.versions_and_suites.versions import check_versions
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import is_sslv2_hello, read_client_hello
from tests.probe.programmable.server import Behaviour, Connection
from tests.probe.programmable.server_model import Reply, ServerModel, Then
from tests.probe.programmable.visiting import visit_server

pytestmark = pytest.mark.slow

TLS12 = ServerModel(cipher_suites={wire.TLSV1_2: (0xC02B,)})
SHARE = wire.uint16(wire.X25519) + wire.vector(2, bytes(32))


def block(*items: tuple[int, bytes]) -> bytes:
    return wire.vector(
        2, b"".join(wire.uint16(kind) + wire.vector(2, body) for kind, body in items)
    )


def hello_of_draft_18(version: int) -> bytes:
    """Version, random, suite, extensions: no session id, no compression method."""
    body = wire.uint16(version) + bytes(32) + wire.uint16(0x1301) + block((40, SHARE))
    return wire.handshake(2, body)


def retry_of_draft_18(version: int) -> bytes:
    """Message 6: version and extensions (the suite came with draft 19)."""
    return wire.handshake(6, wire.uint16(version) + block((40, wire.uint16(wire.SECP256R1))))


def retry_of_draft_19(version: int) -> bytes:
    body = wire.uint16(version) + wire.uint16(0x1301) + block((40, wire.uint16(0x0018)))
    return wire.handshake(6, body)


def hello_of_draft_22(version: int) -> bytes:
    extensions = [(43, wire.uint16(version)), (40, SHARE)]
    return wire.server_hello(wire.TLSV1_2, 0x1301, session_id=bytes(32), extensions=extensions)


def hello_of_draft_28(version: int) -> bytes:
    extensions = [(43, wire.uint16(version)), (51, SHARE)]
    return wire.server_hello(wire.TLSV1_2, 0x1301, session_id=bytes(32), extensions=extensions)


def retry_of_draft_28(version: int) -> bytes:
    return wire.server_hello(
        wire.TLSV1_2,
        0x1301,
        random=wire.HELLO_RETRY_REQUEST_RANDOM,
        extensions=[(43, wire.uint16(version)), (51, wire.uint16(0x0018))],
    )


FORMS: tuple[tuple[int, str, Callable[[int], bytes]], ...] = (
    (0x7F12, "draft-18", hello_of_draft_18),
    (0x7F12, "draft-18", retry_of_draft_18),
    (0x7F15, "draft-21", retry_of_draft_19),
    (0x7F16, "draft-22", hello_of_draft_22),
    (0x7F1C, "draft-28", hello_of_draft_28),
    (0x7F1C, "draft-28", retry_of_draft_28),
    (0xFB17, "facebook-draft-23", hello_of_draft_28),
)


def speaks(draft: int, message: bytes) -> Behaviour:
    """TLS 1.2, and ``message`` for clients that offer the draft."""

    async def behave(connection: Connection) -> None:
        received = b""
        reply = None
        while reply is None:
            some = await connection.receive()
            if not some:
                return
            received += some
            hello = None if is_sslv2_hello(received) else read_client_hello(received)
            if hello is not None and draft in hello.versions:
                sent = wire.records(wire.TLSV1_0, message)
                reply = Reply(sent=sent, then=Then.WAIT)
            else:
                reply = TLS12.reply(received)
        await connection.send(reply.sent)
        if reply.then is Then.WAIT:
            await connection.until_closed()

    return behave


@pytest.mark.parametrize(
    ("draft", "name", "form"), FORMS, ids=lambda value: getattr(value, "__name__", None)
)
async def test_each_form_of_an_answer_names_its_draft(
    draft: int, name: str, form: Callable[[int], bytes]
) -> None:
    observation = await visit_server(speaks(draft, form(draft)))
    fact = observation.features["tls13_drafts"]
    assert (fact.verdict, fact.value) == (Verdict.YES, name)
    assert fact.evidence is not None
    assert fact.evidence.answer


async def drafts_of(model: ServerModel) -> tuple[Verdict | None, int]:
    """The verdict on a model, and the number of questions it took."""
    simulation = Simulation(model)
    prober, facts = Prober(simulation), VisitFacts(inputs=VisitInputs(server_name="zoo.test"))
    await check_versions(prober, facts)
    before = simulation.questions
    await check_tls13_drafts(prober, facts)
    fact = facts.features.get("tls13_drafts")
    return fact.verdict if fact else None, simulation.questions - before


@given(
    st.sets(st.integers(wire.TLSV1_0, wire.TLSV1_3), min_size=1),
    st.booleans(),
)
async def test_a_server_without_drafts_is_detected_with_one_request(
    versions: set[int], closes: bool
) -> None:
    suites = {one: ((0x1301,) if one == wire.TLSV1_3 else (0xC009,)) for one in versions}
    model = ServerModel(cipher_suites=suites, close_instead_of_alert=closes)
    verdict, questions = await drafts_of(model)
    assert (verdict, questions <= (3 if closes else 1)) == (Verdict.NO, True)


async def test_an_sslv3_only_server_is_not_queried() -> None:
    assert await drafts_of(ServerModel(cipher_suites={wire.SSLV3: (0x0005,)})) == (None, 0)


async def test_silence_is_not_an_answer() -> None:
    class Sulking(ServerModel):
        def reply(self, received: bytes) -> Reply | None:
            hello = read_client_hello(received)
            drafts = hello is not None and not hello.versions.isdisjoint(NAMES)
            return Reply(then=Then.WAIT) if drafts else super().reply(received)

    verdict, _ = await drafts_of(Sulking(cipher_suites=TLS12.cipher_suites))
    assert verdict is Verdict.UNKNOWN


@given(st.binary(max_size=80))
async def test_no_first_message_causes_an_error_or_a_false_yes(body: bytes) -> None:
    message = wire.handshake(6, b"\x03\x04" + body)

    class Odd(ServerModel):
        def reply(self, received: bytes) -> Reply | None:
            hello = read_client_hello(received)
            if hello is None or hello.versions.isdisjoint(NAMES):
                return super().reply(received)
            return Reply(sent=wire.records(wire.TLSV1_0, message))

    verdict, _ = await drafts_of(Odd(cipher_suites=TLS12.cipher_suites))
    assert verdict is Verdict.UNKNOWN
