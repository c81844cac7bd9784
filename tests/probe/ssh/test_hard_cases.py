"""Servers that are silent, broken, too busy, or do not speak SSH: nothing is concluded from less than a complete KEXINIT."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from model.clock import SystemClock
from model.observation import Observation, State
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.checks.ssh.algorithms import ALGORITHM_FACTS
from probe.checks.ssh.host_keys import MOST_CONNECTIONS
from probe.checks.ssh.offers import EVERYTHING
from probe.crypto.ssh.exchange import SshAnswer, SshExchange
from probe.dialogue.answer import Ending
from probe.ssh.host_key import HOST_KEY_ALGORITHMS
from probe.ssh.messages import LISTS, encode_disconnect, encode_kexinit, string
from probe.ssh.stream import packet_of
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
IDENTIFICATION = b"SSH-2.0-scripted\r\n"
SEED = bytes(range(64))
CIPHERS = ("aes256-ctr",)
MACS = ("hmac-sha2-256",)


def kexinit(
    *,
    methods: Sequence[str] = ("curve25519-sha256",),
    ciphers: Sequence[str] = CIPHERS,
    macs: Sequence[str] = MACS,
    host_keys: Sequence[str] = ("ssh-ed25519",),
) -> bytes:
    lists = (methods, host_keys, ciphers, ciphers, macs, macs, ("none",), ("none",), (), ())
    return packet_of(encode_kexinit(bytes(16), tuple(map(tuple, lists))))


def converse(*pieces: bytes, ending: Ending = Ending.SILENCE) -> SshAnswer:
    """The answer of a dialogue with a server that sends these pieces."""
    dialogue = SshExchange(EVERYTHING, SEED)
    dialogue.begin(lambda _: None)
    for piece in pieces:
        if (answer := dialogue.feed(piece)) is not None:
            return answer
    return dialogue.end(ending)


@asynccontextmanager
async def scripted(said: bytes, *, closes: bool = True) -> AsyncIterator[tuple[int, list[int]]]:
    """A server that says the same to each client; yields its port and the number of clients so far."""
    clients = [0]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients[0] += 1
        writer.write(said)
        if not closes:
            await reader.read()
        else:
            await reader.read(1)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], clients


async def visit(port: int) -> Observation:
    target = Target(host="127.0.0.1", port=port, server_name=None, protocol="ssh")
    settings = replace(ProbeSettings(), greeting_timeout_seconds=0.3)
    endpoint = Endpoint(target=target, address="127.0.0.1")
    return await Engine(settings, SystemClock()).visit(endpoint)


@pytest.mark.parametrize(
    ("said", "closes", "state", "words"),
    [
        (b"", False, State.TIMEOUT, "no SSH identification"),
        (b"", True, State.REFUSED, "without an SSH identification"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", True, State.PLAINTEXT, "it speaks HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46", True, State.NOT_TLS, "answers with TLS"),
        (b"\x00\x01\x02garbage", True, State.NOT_TLS, "bytes that are not SSH"),
        (b"Exceeded MaxStartups\r\n", True, State.REFUSED, "no room for this client"),
        (b"Not allowed at this time\r\n", True, State.REFUSED, "no room for this client"),
        (b"SSH-1.5-old\n", False, State.NOT_TLS, "version 1 of SSH only"),
        (IDENTIFICATION, False, State.TIMEOUT, "no complete list of algorithms"),
        (IDENTIFICATION + kexinit()[:99], True, State.REFUSED, "no complete list of algorithms"),
        (b"x\r\n" * 100_000, False, State.NOT_TLS, "bytes that are not SSH"),
    ],
)
async def test_without_a_complete_kexinit_every_list_is_unknown(
    said: bytes, closes: bool, state: State, words: str
) -> None:
    async with scripted(said, closes=closes) as (port, clients):
        seen = await visit(port)
    assert seen.state is state
    assert words in (seen.reason or "")
    assert clients == [1]
    unknown = set(ALGORITHM_FACTS) - {"identification", "version_1"}
    assert {seen.ssh[name].verdict for name in unknown} == {UNKNOWN}
    assert not any(name.startswith("host_key") for name in seen.ssh)


async def test_a_server_that_lists_everything_costs_a_bounded_number_of_connections() -> None:
    methods = (*EVERYTHING.methods, "mlkem768x25519-sha256")
    said = IDENTIFICATION + kexinit(methods=methods, host_keys=HOST_KEY_ALGORITHMS)
    async with scripted(said) as (port, clients):
        seen = await visit(port)
    assert clients == [MOST_CONNECTIONS] == [8]
    assert seen.state is State.SSH
    keys = [fact for name, fact in seen.ssh.items() if name.startswith("host_key")]
    assert {fact.verdict for fact in keys} == {UNKNOWN}
    notes = {fact.evidence.note for fact in keys if fact.evidence is not None}
    assert f"not asked: a visit opens at most {MOST_CONNECTIONS} connections" in notes


@pytest.mark.parametrize(
    ("ciphers", "macs", "methods", "terrapin"),
    [
        (["chacha20-poly1305@openssh.com"], MACS, [], YES),
        (["chacha20-poly1305@openssh.com"], MACS, ["kex-strict-s-v00@openssh.com"], NO),
        (["aes128-cbc"], MACS, [], NO),
        (["aes128-cbc"], ["hmac-sha2-256-etm@openssh.com"], [], YES),
        (["aes128-ctr"], ["hmac-sha2-256-etm@openssh.com"], [], NO),
    ],
)
async def test_terrapin_needs_a_cipher_that_it_attacks_and_a_key_exchange_that_is_not_strict(
    ciphers: Sequence[str], macs: Sequence[str], methods: Sequence[str], terrapin: Verdict
) -> None:
    offered = kexinit(methods=["curve448-sha512", *methods], ciphers=ciphers, macs=macs)
    async with scripted(IDENTIFICATION + offered) as (port, _):
        seen = await visit(port)
    assert seen.ssh["terrapin"].verdict is terrapin


def test_a_disconnect_is_evidence_with_its_reason() -> None:
    said = packet_of(encode_disconnect(2, "too many users"))
    answer = converse(IDENTIFICATION + kexinit(methods=["curve448-sha512"]) + said)
    assert answer.kexinit is not None
    answer = converse(IDENTIFICATION + said)
    assert answer.kexinit is None
    assert answer.outcome == "the server disconnects: too many users"
    assert said in answer.heard


def test_a_signature_by_another_key_proves_nothing() -> None:
    key = string(b"ssh-ed25519") + string(bytes(range(32)))
    signature = string(b"ssh-ed25519") + string(bytes(64))
    public = bytes.fromhex("09" + "00" * 31)
    reply = packet_of(b"\x1f" + string(key) + string(public) + string(signature))
    answer = converse(IDENTIFICATION, kexinit(), reply)
    assert answer.host_key is not None
    assert answer.unproved is not None


def test_a_public_value_of_the_identity_is_not_used() -> None:
    key = string(b"ssh-ed25519") + string(bytes(range(32)))
    signature = string(b"ssh-ed25519") + string(bytes(64))
    reply = packet_of(b"\x1f" + string(key) + string(bytes(32)) + string(signature))
    answer = converse(IDENTIFICATION, kexinit(), reply)
    assert (answer.unproved or "").startswith("the key exchange cannot be finished")


@pytest.mark.parametrize("payload", [b"\x15", b"\x1f", b"\x32\x00", b"\x14" + bytes(40)])
def test_a_message_out_of_order_ends_the_exchange(payload: bytes) -> None:
    answer = converse(IDENTIFICATION, kexinit(), packet_of(payload))
    assert answer.flaw is not None
    assert answer.host_key is None


def test_every_list_of_the_offer_is_sent() -> None:
    assert len(EVERYTHING.lists) == len(LISTS)
