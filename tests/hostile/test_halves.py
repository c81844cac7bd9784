"""The honest parts of the hostile servers are correct: real clients accept them."""

from __future__ import annotations

import asyncio
import ssl

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import load_der_x509_certificate

from tests.hostile import crafted, der
from tests.hostile.servers.certificate import ALMOST_SAFE
from tests.hostile.tls12 import ECDHE_SUITES, in_records, usual_flight
from tests.hostile.tls13 import Half, tls13
from tests.probe.programmable import wire
from tests.probe.programmable.server import serve


async def test_openssl_finishes_a_handshake_with_the_half_of_tls13_and_reads_data() -> None:
    async def answer(half: Half) -> None:
        await half.finish()
        await half.connection.send(half.sealer.seal(23, b"hello"))

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with serve(tls13(answer)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        assert await reader.readexactly(5) == b"hello"
        writer.transport.abort()


def test_a_certificate_is_read_with_the_key_it_was_issued_for() -> None:
    made = load_der_x509_certificate(crafted.rsa(2_048, 17))
    key = made.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2_048
    assert key.public_numbers().e.bit_length() == 17


def test_big_certificates_have_the_intended_size() -> None:
    assert 900_000 < len(crafted.with_names(55_000, "n{:07}.zoo.test")) < 1_300_000
    assert 1_000_000 < len(crafted.many_attributes(100_000)) < 1_300_000
    assert len(crafted.rsa(65_537, 65_536)) < 18_000
    assert crafted.new_certificate_of_a_megabyte() != crafted.new_certificate_of_a_megabyte()


def test_numbers_have_the_requested_bit_length() -> None:
    assert [der.number_of_bits(bits).bit_length() for bits in (16, 2_048, 65_537)] == [
        16,
        2_048,
        65_537,
    ]
    assert {prime.bit_length() for prime in ALMOST_SAFE} == {4_096}


def test_cross_signed_chains_have_two_issuers_in_each_layer() -> None:
    chain = [load_der_x509_certificate(one) for one in crafted.cross_signed(3)]
    issuers = [one.issuer.rfc4514_string() for one in chain]
    assert issuers[:-2] == ["CN=layer 1", *("CN=layer 2",) * 2, *("CN=layer 3",) * 2]
    assert issuers[-1] == issuers[-2]
    for at in (1, 2):
        chain[0].verify_directly_issued_by(chain[at])


def test_a_flight_of_tls12_has_its_messages_in_one_record() -> None:
    sent = in_records(*usual_flight(ECDHE_SUITES[0]))
    assert sent[0] == wire.HANDSHAKE
    assert len(sent) == 5 + int.from_bytes(sent[3:5], "big")
