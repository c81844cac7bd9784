"""What of an Observation is kept as bytes, and how it comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from model.observation import Observation
from model.verdict import Evidence, Fact, Verdict
from storage.body import Body, decode_body, encode_body, without_ciphertext
from tests.storage.samples import bare, observation

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
    ],
)
def test_ciphertext_is_no_evidence(answer: bytes, kept: bytes) -> None:
    assert without_ciphertext(answer) == kept


def with_answer(answer: bytes) -> Observation:
    fact = Fact(verdict=Verdict.YES, evidence=Evidence(offer=b"\x16", answer=answer, note="shown"))
    return replace(observation(), features={"early_data": fact})


def test_an_answer_comes_back_up_to_its_ciphertext() -> None:
    found = decode_body(encode_body(with_answer(SERVER_HELLO + CIPHERTEXT)))
    assert found == with_answer(SERVER_HELLO)


def test_facts_outlive_their_evidence() -> None:
    visit = observation()
    body = encode_body(visit)
    without = decode_body(Body(facts=body.facts, evidence=None))
    assert without == replace(bare(visit), endpoint=without.endpoint)


def test_a_proof_that_many_facts_share_is_kept_once() -> None:
    proof = Evidence(offer=bytes(range(256)), answer=bytes(range(255, -1, -1)), note="shared")
    few, many = (
        replace(
            observation(),
            features={
                f"f{number}": Fact(verdict=Verdict.NO, evidence=proof) for number in range(count)
            },
        )
        for count in (1, 40)
    )
    sizes = [len(encode_body(visit).evidence or b"") for visit in (few, many)]
    assert sizes[1] - sizes[0] < 300
    assert decode_body(encode_body(many)) == many


def test_labels_named_as_evidence_is_are_labels() -> None:
    visit = observation(labels={"offer": "none", "answer": "none", "note": "none"})
    assert decode_body(encode_body(visit)).endpoint.target.labels == visit.endpoint.target.labels


@pytest.mark.parametrize("body", [b"", b"\x00", b"no deflate"])
def test_other_bytes_are_told(body: bytes) -> None:
    with pytest.raises(ValueError, match="no Observation"):
        decode_body(Body(facts=body, evidence=None))
