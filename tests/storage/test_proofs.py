"""The stored form of a proof, and how little space it takes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.verdict import Evidence
from storage.rows.proofs import decode_proofs, encode_proofs, without_ciphertext
from tests.support.strategies import evidence

SERVER_HELLO = bytes.fromhex("160303000401020304")
CHANGE_CIPHER_SPEC = bytes.fromhex("140303000101")
CIPHERTEXT = bytes.fromhex("1703030003aabbcc")


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (SERVER_HELLO + CHANGE_CIPHER_SPEC + CIPHERTEXT, SERVER_HELLO + CHANGE_CIPHER_SPEC),
        (SERVER_HELLO, SERVER_HELLO),
        (SERVER_HELLO[:7], SERVER_HELLO[:7]),
        (CIPHERTEXT, b""),
        (b"HTTP/1.1 400 Bad Request", b"HTTP/1.1 400 Bad Request"),
        (b"", b""),
        # A packet of MySQL, in which the length of a TLS record would lead to its content type.
        (b"\x01\x03\x00\x00\x00\x17\x03\x03\x00\x00", b"\x01\x03\x00\x00\x00\x17\x03\x03\x00\x00"),
    ],
)
def test_ciphertext_is_not_evidence(answer: bytes, kept: bytes) -> None:
    assert without_ciphertext(answer) == kept


def test_an_answer_is_restored_up_to_its_ciphertext() -> None:
    proof = Evidence(offer=b"\x16", answer=SERVER_HELLO + CIPHERTEXT, note="shown")
    assert decode_proofs(encode_proofs([proof])) == [
        Evidence(offer=b"\x16", answer=SERVER_HELLO, note="shown")
    ]


@given(proofs=st.lists(st.none() | evidence()))
def test_proofs_are_restored_in_order(proofs: list[Evidence | None]) -> None:
    assert decode_proofs(encode_proofs(proofs)) == proofs


def test_content_shared_by_proofs_is_stored_once() -> None:
    """Each random byte costs one byte; repetitions cost almost nothing."""
    offer, answer = bytes(range(256)), bytes(range(255, -1, -1))
    proof = Evidence(offer=offer, answer=answer, note="shared")
    crossed = Evidence(offer=answer, answer=offer)
    one, many = (len(encode_proofs(proofs)) for proofs in ([proof], [proof, crossed] * 40))
    assert many - one < 100
    assert decode_proofs(encode_proofs([proof, None, crossed, proof])) == [
        proof,
        None,
        crossed,
        proof,
    ]


def test_a_certificate_that_is_stored_elsewhere_is_cut_out() -> None:
    leaf, issuer = random.Random(1).randbytes(900), random.Random(2).randbytes(700)
    flight = b"before" + leaf + issuer + b"after" + leaf
    proofs = [Evidence(answer=flight), Evidence(answer=issuer), Evidence(answer=b"other")]
    frame = encode_proofs(proofs, [None, issuer, leaf])
    assert len(frame) < 100
    assert decode_proofs(frame, [None, issuer, leaf]) == proofs
    with pytest.raises(ValueError, match="certificate 3 is missing"):
        decode_proofs(frame, [None, issuer, None])


@given(
    pieces=st.lists(st.lists(st.integers(0, 3))),
    certificates=st.lists(st.none() | st.binary(), min_size=4, max_size=4),
)
def test_certificates_are_restored_wherever_they_are(
    pieces: list[list[int]], certificates: list[bytes | None]
) -> None:
    answers = [b"|".join(certificates[one] or b"" for one in piece) for piece in pieces]
    proofs = [Evidence(answer=answer) for answer in answers]
    assert decode_proofs(encode_proofs(proofs, certificates), certificates) == proofs


@pytest.mark.parametrize(
    "frame", [b"", b"no frame", encode_proofs([])[:-3], encode_proofs([None]) + b"\x00"]
)
def test_invalid_bytes_are_reported(frame: bytes) -> None:
    with pytest.raises(ValueError, match="not valid proofs"):
        decode_proofs(frame)
