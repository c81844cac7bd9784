"""The ECHConfigList, strictly; the hello that is made of it; answers that prove nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519
from hypothesis import given
from hypothesis import strategies as st

from model.protocol_version import ProtocolVersion
from pki.byte_reader import DecodeError, vector
from probe.crypto.ech import ech_hello, is_usable
from probe.crypto.tls13_keys import OPENED_SUITES
from probe.dialogue.answer import Answer, AnswerReader, Ending, NoHello, RetryRequest
from probe.dialogue.offer import Shape, offer
from probe.tls.ech import EchConfig, decode_ech_configs, inner_extension
from probe.tls.extensions import ExtensionType
from probe.tls.hello import RETRY_REQUEST_RANDOM, ClientHello
from probe.tls.limits import MAX_ECH_CONFIGS
from tests.probe.service_binding.nss import AES_128_GCM, CHACHA20_POLY1305, ech_configs
from tests.probe.tls import wire

KEY: Final = x25519.X25519PrivateKey.from_private_bytes(bytes(range(32)))
NONCE: Final = bytes(range(96))
LIST: Final = ech_configs(KEY, (AES_128_GCM, CHACHA20_POLY1305))
ASKED: Final = offer(ProtocolVersion.TLSV1_3, OPENED_SUITES, Shape(server_name="secret.example"))
UNKNOWN_VERSION: Final = b"\xfe\x0c" + vector(b"anything", 2)
MANDATORY: Final = b"\xff\xff\x00\x00"


def test_every_field_of_a_configuration_is_read() -> None:
    (config,) = decode_ech_configs(LIST)
    assert config == EchConfig(
        raw=LIST[2:],
        config_id=7,
        kem=0x20,
        public_key=KEY.public_key().public_bytes_raw(),
        suites=(AES_128_GCM, CHACHA20_POLY1305),
        maximum_name_length=32,
        public_name=b"nss.test",
        is_mandatory=False,
    )


def test_configurations_of_other_versions_are_skipped() -> None:
    both = vector(UNKNOWN_VERSION + LIST[2:] + UNKNOWN_VERSION, 2)
    assert decode_ech_configs(both) == decode_ech_configs(LIST)
    assert decode_ech_configs(vector(UNKNOWN_VERSION, 2)) == ()


@pytest.mark.parametrize("length", range(len(LIST)))
def test_no_prefix_of_a_list_is_one(length: int) -> None:
    with pytest.raises(DecodeError):
        decode_ech_configs(LIST[:length])


@pytest.mark.parametrize(
    "malformed",
    [
        LIST + b"\x00",
        vector(UNKNOWN_VERSION * (MAX_ECH_CONFIGS + 1), 2),
        ech_configs(KEY, ()),
        ech_configs(KEY, (AES_128_GCM,) * (MAX_ECH_CONFIGS + 1)),
        ech_configs(KEY, name=b""),
        ech_configs(KEY, extensions=b"\x00"),
        ech_configs(KEY, extensions=b"\x1a\x1a\x00\x00" * 2),
    ],
    ids=["trailing", "too many", "no suite", "many suites", "no name", "cut", "twice"],
)
def test_malformed_and_over_long_lists_are_rejected(malformed: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_ech_configs(malformed)


@given(st.binary(max_size=300))
def test_no_bytes_raise_another_error(some: bytes) -> None:
    for body in (some, vector(some, 2), vector(b"\xfe\x0d" + vector(some, 2), 2)):
        try:
            configs = decode_ech_configs(body)
        except DecodeError:
            continue
        assert all(config.raw in body for config in configs)


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        (LIST, True),
        (ech_configs(KEY, extensions=b"\x1a\x1a\x00\x00"), True),
        (ech_configs(KEY, extensions=MANDATORY), False),
        (ech_configs(KEY, ((9, 1), (1, 9))), False),
        (ech_configs(KEY, name=b"192.0.2.1"), False),
        (ech_configs(KEY, name=b"a.0x1f"), False),
        (ech_configs(KEY, name=b".a"), False),
        (ech_configs(KEY, name=b"a" * 64), False),
        (ech_configs(KEY, name=b"a\x00b"), False),
        (ech_configs(KEY, name=b"\xc3\xa9.example"), False),
    ],
)
def test_clients_ignore_what_they_must(configs: bytes, expected: bool) -> None:
    """RFC 9849, sections 4.2, 6.1 and 6.1.7."""
    (config,) = decode_ech_configs(configs)
    assert is_usable(config) is expected
    assert (ech_hello(ASKED, (config,), NONCE) is not None) is expected


def test_a_key_of_low_order_makes_no_hello_and_the_next_configuration_does() -> None:
    (good,) = decode_ech_configs(LIST)
    bad = replace(good, public_key=bytes(32))
    assert ech_hello(ASKED, (bad,), NONCE) is None
    hello = ech_hello(ASKED, (bad, good), NONCE)
    assert hello is not None
    assert hello.config == good


@given(
    st.sampled_from([None, "a.example", "x" * 60 + ".example"]), st.binary(min_size=96, max_size=96)
)
def test_the_outer_hello_reveals_nothing_of_the_inner_one(name: str | None, nonce: bytes) -> None:
    asked = replace(ASKED, shape=replace(ASKED.shape, server_name=name))
    hello = ech_hello(asked, decode_ech_configs(LIST), nonce)
    assert hello is not None
    outer = ClientHello.decode(hello.offered[9:])
    names = [one.code_point for one in outer.extensions or ()]
    assert len(set(names)) == len(names)
    assert ExtensionType.ECH_OUTER_EXTENSIONS not in names
    assert (outer.random, outer.session_id) == (nonce[:32], nonce[32:64])
    assert b"nss.test" in hello.offered
    assert name is None or name.encode() not in hello.offered
    # The same nonce makes the same hello, so that a recording can be replayed.
    again = ech_hello(asked, decode_ech_configs(LIST), nonce)
    assert again is not None
    assert again.offered == hello.offered


def _answer(extensions: bytes, suite: int = 0x1301) -> Answer:
    versions = b"\x00\x2b\x00\x02\x03\x04"
    hello = wire.server_hello(
        random=RETRY_REQUEST_RANDOM,
        session_id=NONCE[32:64],
        cipher_suite=suite,
        block=wire.vector(versions + extensions, 2),
    )
    answer = AnswerReader().feed(wire.record(22, wire.message(2, hello)))
    assert isinstance(answer, RetryRequest)
    return answer


@pytest.mark.parametrize(
    "answer",
    [
        NoHello(ending=Ending.CLOSED),
        _answer(b""),
        _answer(b"\xfe\x0d\x00\x00"),
        _answer(b"\xfe\x0d\x00\x07" + bytes(7)),
        _answer(b"\xfe\x0d\x00\x08" + bytes(8)),
        _answer(b"\xfe\x0d\x00\x08" + bytes(8), suite=0x1302),
        _answer(b"\xfe\x0d\x00\x09" + bytes(9)),
        _answer(b"\xfe\x0d\x00\x08" + bytes(8), suite=0xC02F),
    ],
)
def test_an_answer_without_the_right_signal_proves_nothing(answer: Answer) -> None:
    hello = ech_hello(ASKED, decode_ech_configs(LIST), NONCE)
    assert hello is not None
    assert not hello.is_accepted_by(answer)


@given(st.integers(1, 600), st.one_of(st.none(), st.integers(0, 255)))
def test_the_padding_hides_the_length_of_the_name(length: int, name_length: int | None) -> None:
    """RFC 9849, section 6.1.3: a multiple of 32 bytes, the same for all names that are short enough."""
    (config,) = decode_ech_configs(LIST)
    padding = config.inner_padding(length, name_length)
    assert padding >= 0
    assert (length + padding) % 32 == 0
    if name_length is not None and name_length < config.maximum_name_length:
        longest = config.maximum_name_length
        grown = length + longest - name_length
        assert length + padding == grown + config.inner_padding(grown, longest)


def test_the_inner_extension_is_empty() -> None:
    assert inner_extension().encode() == b"\xfe\x0d\x00\x01\x01"
