"""Responders that are silent, broken, strict or newer than the real ones: nothing is concluded from less than an answer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import cast

import pytest

from model.clock import SystemClock
from model.observation import Observation, State
from model.registry.ike_transforms import (
    ADDITIONAL_KEY_EXCHANGE,
    KEY_EXCHANGE,
    TRANSFORMS,
    Transform,
    TransformType,
)
from model.target import Endpoint, Target
from model.verdict import Verdict
from pki.byte_reader import ByteReader
from probe.connect.ike_session import DATAGRAMS_PER_SECOND, MOST_UNANSWERED
from probe.ike.messages import (
    HEADER_LENGTH,
    Chosen,
    Message,
    NotifyType,
    PayloadType,
    decode_message,
    decode_notifications,
    encode_notify,
    encode_payloads,
    encode_proposals,
)
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
MARKER = bytes(4)
SPI = b"answerer"
Reply = Callable[[bytes], Sequence[bytes]]


def answer(request: bytes, *payloads: tuple[int, bytes], exchange: int = 34) -> bytes:
    """A message of IKEv2 that answers the request."""
    content = encode_payloads(payloads)
    length = (HEADER_LENGTH + len(content)).to_bytes(4, "big")
    head = request[:8] + SPI + bytes((payloads[0][0], 0x20, exchange, 0x20)) + bytes(4)
    return head + length + content


def notify(request: bytes, kind: int, data: bytes = b"") -> bytes:
    return answer(request, (PayloadType.NOTIFY, encode_notify(kind, data)))


def proposals_in(message: Message) -> list[list[Chosen]]:
    """The transforms of each proposal of a request."""
    reader, found = ByteReader(message.bodies(PayloadType.SA)[0], "SA"), []
    while reader.remaining:
        reader.take(7)
        transforms = []
        for _ in range(reader.uint(1)):
            reader.take(2)
            length, kind, _, number = (reader.uint(one) for one in (2, 1, 1, 2))
            attribute = reader.take(length - 8)
            bits = int.from_bytes(attribute[2:], "big")
            transforms.append(Chosen(type=kind, number=number, key_bits=bits))
        found.append(transforms)
    return found


def responder(*accepted: Transform, request: bytes, may_ask: bool = True) -> list[bytes]:
    """A responder with one proposal of these transforms, which must all be chosen, one of each type."""
    message = decode_message(request)
    if message.header.major != 2:
        return []
    for proposal in proposals_in(message):
        choice = [next((one for one in accepted if same(one, each)), None) for each in proposal]
        chosen = {one.type: one for one in reversed(choice) if one is not None}
        if chosen.keys() != {one.type for one in proposal}:
            continue
        if chosen.keys() != {one.type for one in accepted}:
            continue
        group = chosen[TransformType.KEY_EXCHANGE].number.to_bytes(2, "big")
        if may_ask and message.bodies(PayloadType.KEY_EXCHANGE)[0][:2] != group:
            return [notify(request, NotifyType.INVALID_KE_PAYLOAD, group)]
        body = encode_proposals([list(chosen.values())])
        sa, nonce = (PayloadType.SA, body), (PayloadType.NONCE, bytes(32))
        return [answer(request, sa, (PayloadType.KEY_EXCHANGE, group + bytes(34)), nonce)]
    return [notify(request, NotifyType.NO_PROPOSAL_CHOSEN)]


def same(one: Transform, other: Chosen) -> bool:
    return (one.type, one.number, one.key_bits) == (other.type, other.number, other.key_bits)


def named(*names: str) -> list[Transform]:
    every = [one for each in TRANSFORMS.values() for one in each]
    return [next(one for one in every if one.fact == name) for name in names]


BASE = named("encryption_aes_gcm_16_256", "prf_hmac_sha2_384", "key_exchange_ecp_384")


class Responder(asyncio.DatagramProtocol):
    """Answers each datagram by ``reply``, and counts the datagrams."""

    def __init__(self, reply: Reply, marker: bytes = MARKER) -> None:
        self._reply = reply
        self._marker = marker
        self.received: list[bytes] = []
        self.times: list[float] = []
        self.sent: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert data.startswith(self._marker)
        request = data[len(self._marker) :]
        self.received.append(request)
        self.times.append(asyncio.get_running_loop().time())
        for one in self._reply(request):
            self.sent.append(one)
            self._transport.sendto(self._marker + one, addr)


@asynccontextmanager
async def scripted(
    reply: Reply, host: str = "127.0.0.1", port: int = 0, marker: bytes = MARKER
) -> AsyncIterator[tuple[int, Responder]]:
    loop = asyncio.get_running_loop()
    transport, found = await loop.create_datagram_endpoint(
        partial(Responder, reply, marker), local_addr=(host, port)
    )
    try:
        yield transport.get_extra_info("sockname")[1], found
    finally:
        transport.close()


async def visit(port: int, host: str = "127.0.0.1") -> Observation:
    target = Target(host=host, port=port, server_name=None, protocol="ike")
    settings = replace(ProbeSettings(), answer_timeout_seconds=0.6)
    return await Engine(settings, SystemClock()).visit(Endpoint(target=target, address=host))


@pytest.mark.parametrize(
    ("reply", "state", "words"),
    [
        (lambda _: [], State.TIMEOUT, "No IKE message came"),
        (lambda _: [b"garbage"], State.NOT_TLS, "not answers in IKE"),
        (lambda request: [request], State.NOT_TLS, "not answers in IKE"),
        # Another SPI: an answer to someone else's question, or a forged one.
        (
            lambda request: [notify(bytes(8) + request[8:], NotifyType.NO_PROPOSAL_CHOSEN)],
            State.NOT_TLS,
            "not answers in IKE",
        ),
        (
            lambda request: [answer(request, (PayloadType.SA, b"\x00\x00\x00\x09"))],
            State.NOT_TLS,
            "malformed",
        ),
    ],
)
async def test_without_an_answer_every_fact_is_unknown(
    reply: Reply, state: State, words: str
) -> None:
    async with scripted(reply) as (port, found):
        seen = await visit(port)
    assert seen.state is state
    assert words in (seen.reason or "")
    assert {fact.verdict for fact in seen.ike.values()} == {UNKNOWN}
    if state is State.TIMEOUT:
        # Each question is sent twice again at the most.
        assert len(found.received) <= 3 * MOST_UNANSWERED


async def test_nothing_listens() -> None:
    async with scripted(lambda _: []) as (port, _):
        pass
    seen = await visit(port)
    assert seen.state is State.REFUSED
    assert "ICMP port unreachable" in (seen.reason or "")


async def test_each_transform_is_decided_at_a_bounded_rate() -> None:
    async with scripted(lambda request: responder(*BASE, request=request)) as (port, found):
        seen = await visit(port)
    yes = {name for name, fact in seen.ike.items() if fact.verdict is YES}
    assert {one.fact for one in BASE} <= yes
    facts = [one.fact for every in TRANSFORMS.values() for one in every]
    assert {seen.ike[name].verdict for name in facts} == {YES, NO}
    for first, last in zip(found.times, found.times[DATAGRAMS_PER_SECOND + 1 :], strict=False):
        assert last - first >= 0.95
    replies = [decode_message(one) for one in found.sent]
    assert sum(bool(one.bodies(PayloadType.SA)) for one in replies) == 1, "one half-open SA"


@pytest.mark.parametrize("is_required", [True, False])
async def test_additional_key_exchanges_are_proved_by_choice(is_required: bool) -> None:
    own = [
        *BASE,
        *named("additional_key_exchange_ml_kem_768", "additional_key_exchange_ml_kem_1024"),
    ]

    def reply(request: bytes) -> Sequence[bytes]:
        found = responder(*own, request=request)
        is_refused = NotifyType.NO_PROPOSAL_CHOSEN in dict(
            decode_notifications(decode_message(found[0])) if found else ()
        )
        return responder(*BASE, request=request) if is_refused and not is_required else found

    async with scripted(reply) as (port, _):
        seen = await visit(port)
    verdicts = {one.name: seen.ike[one.fact].verdict for one in ADDITIONAL_KEY_EXCHANGE}
    assert verdicts == {"ml_kem_512": NO, "ml_kem_768": YES, "ml_kem_1024": YES}
    assert seen.ike["post_quantum_key_exchange"].verdict is YES
    assert seen.ike["encryption_aes_gcm_16_256"].verdict is YES


async def test_a_responder_that_ignores_additional_key_exchanges_has_none() -> None:
    def reply(request: bytes) -> Sequence[bytes]:
        message = decode_message(request)
        if message.header.major == 2 and len(proposals_in(message)) > 0:
            group = (20).to_bytes(2, "big")
            if message.bodies(PayloadType.KEY_EXCHANGE)[0][:2] == group:
                body = encode_proposals([BASE])
                return [answer(request, (PayloadType.SA, body), (PayloadType.NONCE, bytes(32)))]
        return responder(*BASE, request=request)

    async with scripted(reply) as (port, _):
        seen = await visit(port)
    assert {seen.ike[one.fact].verdict for one in ADDITIONAL_KEY_EXCHANGE} == {NO}


async def test_a_cookie_is_sent_back_first() -> None:
    def reply(request: bytes) -> Sequence[bytes]:
        message = decode_message(request)
        if message.header.major != 2:
            return []
        first = decode_notifications(message)[0]
        if first != (NotifyType.COOKIE, b"biscuit") or message.payloads[0][0] != PayloadType.NOTIFY:
            return [notify(request, NotifyType.COOKIE, b"biscuit")]
        return responder(*BASE, request=request)

    async with scripted(reply) as (port, _):
        seen = await visit(port)
    assert seen.ike["cookie"].verdict is YES
    assert seen.ike["key_exchange_ecp_384"].verdict is YES


async def test_cookies_without_end_end() -> None:
    def reply(request: bytes) -> Sequence[bytes]:
        return [notify(request, NotifyType.COOKIE, random.Random(len(request)).randbytes(64))]

    async with scripted(reply) as (port, found):
        seen = await visit(port)
    assert seen.ike["ikev2"].verdict is UNKNOWN
    assert len(found.received) <= 20


async def test_a_method_that_was_not_proposed_proves_nothing() -> None:
    def reply(request: bytes) -> Sequence[bytes]:
        return [notify(request, NotifyType.INVALID_KE_PAYLOAD, b"\xff\xff")]

    async with scripted(reply) as (port, _):
        seen = await visit(port)
    assert {seen.ike[one.fact].verdict for one in KEY_EXCHANGE} == {UNKNOWN}


async def test_a_strict_responder_is_asked_with_a_method_that_it_knows() -> None:
    """One that takes brainpool's group for a malformed message is asked with the next rare one."""

    def reply(request: bytes) -> Sequence[bytes]:
        message = decode_message(request)
        if message.header.major != 2:
            return []
        if message.bodies(PayloadType.KEY_EXCHANGE)[0][:2] == b"\x00\x1b":
            return [notify(request, NotifyType.INVALID_SYNTAX)]
        return responder(*BASE, request=request)

    async with scripted(reply) as (port, _):
        seen = await visit(port)
    assert seen.ike["key_exchange_ecp_384"].verdict is YES
    assert seen.ike["key_exchange_modp_1024"].verdict is NO


async def test_a_responder_of_version_1_alone() -> None:
    def reply(request: bytes) -> Sequence[bytes]:
        if request[17] == 0x20:
            return [notify(request, NotifyType.INVALID_MAJOR_VERSION)]
        # It chooses the first transform of the request in main mode.
        sa = request[HEADER_LENGTH + 4 :]
        chosen = sa[:8] + b"\x00\x00" + (8 + 36).to_bytes(2, "big") + sa[12:15] + b"\x01"
        transform = b"\x00" + sa[17:52]
        body = chosen + transform
        payload = b"\x00\x00" + (4 + len(body)).to_bytes(2, "big") + body
        length = (HEADER_LENGTH + len(payload)).to_bytes(4, "big")
        return [request[:8] + SPI + b"\x01\x10\x02\x00" + bytes(4) + length + payload]

    async with scripted(reply) as (port, _):
        seen = await visit(port)
    assert seen.state is State.IKE
    assert seen.ike["ikev2"].verdict is NO
    main_mode = seen.ike["ikev1_main_mode"]
    assert (main_mode.verdict, main_mode.value) == (YES, "aes256, sha384, group 20, pre-shared key")


async def test_a_redirect_names_the_gateway() -> None:
    def reply(request: bytes) -> Sequence[bytes]:
        return [notify(request, NotifyType.REDIRECT, b"\x03\x0bvpn.example")]

    async with scripted(reply) as (port, _):
        seen = await visit(port)
    assert (seen.ike["redirect"].verdict, seen.ike["redirect"].value) == (YES, "vpn.example")


async def test_port_500_has_no_marker_and_port_4500_is_asked_too() -> None:
    host = f"127.{random.SystemRandom().randrange(1, 255)}.77.{random.SystemRandom().randrange(1, 255)}"
    reply = partial(lambda request: responder(*BASE, request=request))
    async with (
        scripted(reply, host, 500, b"") as (_, at_500),
        scripted(reply, host, 4500) as (_, at_4500),
    ):
        seen = await visit(500, host)
    assert seen.ike["port_4500"].verdict is YES
    assert (len(at_4500.received), len(at_500.received) > 10) == (1, True)
