"""Messages of IKE are read as they are written, and malformed ones raise only DecodeError."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.handshakes import ike_messages
from model.registry.dh_primes import known_prime
from model.registry.ike_transforms import TRANSFORMS
from pki.byte_reader import DecodeError
from probe.crypto.ike.public_values import modp_prime
from probe.ike.messages import (
    PayloadType,
    decode_choice,
    decode_message,
    decode_notifications,
    encode_init,
    encode_notify,
    encode_proposals,
)
from probe.ike.version_1 import (
    MAIN_SUITES,
    Authentication,
    Exchange,
    Payload,
    decode_refusals,
    decode_suite,
    encode_first,
    encode_sa,
    without_hash,
)

EVERY = [one for each in TRANSFORMS.values() for one in each]
SPI = bytes(range(8))
BODIES = st.binary(max_size=64)


@given(st.lists(st.tuples(st.sampled_from([34, 40, 43]), BODIES), min_size=1, max_size=8))
def test_payloads_are_read_as_they_are_written(payloads: list[tuple[int, bytes]]) -> None:
    message = decode_message(encode_init(SPI, payloads))
    assert message.header.initiator_spi == SPI
    assert list(message.payloads) == payloads


@given(st.lists(st.sampled_from(EVERY), min_size=1, max_size=12))
def test_a_chosen_proposal_is_read_as_it_is_written(chosen: list[object]) -> None:
    transforms = [one for one in EVERY if one in chosen]
    body = encode_proposals([transforms])
    found = decode_choice(decode_message(encode_init(SPI, [(PayloadType.SA, body)])))
    assert [(one.type, one.number, one.key_bits) for one in found] == [
        (one.type, one.number, one.key_bits) for one in transforms
    ]


@given(st.binary(max_size=200), st.integers(0, 255))
def test_malformed_messages_raise_only_decode_errors(some: bytes, first: int) -> None:
    whole = bytearray(encode_init(SPI, [(first or 1, some)]))
    for datagram in (some, bytes(whole), bytes(whole[:-1])):
        with suppress(DecodeError):
            message = decode_message(datagram)
            decode_choice(message)
            decode_notifications(message)
            decode_refusals(message)
            decode_suite(message)
        without_hash(datagram)
    ike_messages(some)


def test_notifications_have_their_data() -> None:
    body = encode_notify(16_390, b"cookie")
    message = decode_message(encode_init(SPI, [(PayloadType.NOTIFY, body)]))
    assert decode_notifications(message) == ((16_390, b"cookie"),)


@pytest.mark.parametrize("bits", [768, 1024, 1536, 2048, 3072, 4096, 6144, 8192])
def test_the_primes_are_those_of_the_rfcs(bits: int) -> None:
    found = known_prime(sha256(modp_prime(bits).to_bytes(bits // 8, "big")).hexdigest())
    assert found is not None
    assert (found.bits, found.name.split()[0]) == (bits, "RFC")


def test_the_hash_of_aggressive_mode_is_replaced_by_zeros() -> None:
    sa = (Payload.SA, encode_sa(MAIN_SUITES[:1], Authentication.PRESHARED_KEY))
    payloads = (sa, (Payload.HASH, b"secret" * 5))
    aggressive = encode_first(Exchange.AGGRESSIVE, SPI, payloads)
    assert without_hash(aggressive) == aggressive.replace(b"secret" * 5, bytes(30))
    assert without_hash(aggressive[:-1]) == aggressive[:28]
    main_mode = encode_first(Exchange.MAIN, SPI, payloads)
    assert without_hash(main_mode) == main_mode
    assert decode_suite(decode_message(main_mode)) == "aes256, sha384, group 20, pre-shared key"
