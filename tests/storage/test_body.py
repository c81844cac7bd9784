"""The part of an Observation that is stored as bytes, and how it is read back."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from importlib.resources import files

import pytest

from model.encoding.known_parts import KnownParts
from model.encoding.observation_json import facts_of, to_json
from model.verdict import Fact, Verdict
from storage.rows.body import Body, decode_body, decode_facts, encode_body, facts_text
from storage.rows.compression import zstd
from tests.storage.samples import bare, observation


def test_facts_outlive_their_evidence() -> None:
    visit = observation()
    body = encode_body(visit)
    without = decode_body(Body(facts=body.facts, proofs=None))
    assert without == replace(bare(visit), endpoint=without.endpoint)


def test_labels_named_like_evidence_are_labels() -> None:
    visit = observation(labels={"offer": "none", "answer": "none", "note": "none"})
    assert decode_body(encode_body(visit)).endpoint.target.labels == visit.endpoint.target.labels


@pytest.mark.parametrize("body", [b"", b"\x00", b"no deflate"])
def test_invalid_bytes_are_reported(body: bytes) -> None:
    with pytest.raises(ValueError, match="not an Observation"):
        decode_body(Body(facts=body, proofs=None))


def test_facts_with_a_dictionary_of_a_later_version_are_reported() -> None:
    later = zstd.finalize_dict(
        zstd.ZstdDict(bytes(range(64)), is_raw=True), [b"facts" * 9] * 9, 512, 1
    )
    facts = zstd.compress(b"{}", zstd_dict=later)
    with pytest.raises(ValueError, match=f"no dictionary {later.dict_id} of facts"):
        decode_body(Body(facts=facts, proofs=None))


def test_proofs_of_other_facts_are_reported() -> None:
    few, many = (
        encode_body(replace(observation(), features=dict.fromkeys(names, Fact(verdict=Verdict.NO))))
        for names in ("a", "ab")
    )
    for facts, proofs, which in ((few, many, "more proofs"), (many, few, "more facts")):
        with pytest.raises(ValueError, match=which):
            decode_body(Body(facts=facts.facts, proofs=proofs.proofs))


def test_deflated_facts_are_read_too() -> None:
    visit = observation()
    dictionary = files("storage.rows").joinpath("facts_dictionary.txt").read_bytes()
    deflater = zlib.compressobj(zdict=dictionary)
    facts = deflater.compress(facts_text(visit)) + deflater.flush()
    assert decode_body(Body(facts=facts, proofs=encode_body(visit).proofs)) == decode_body(
        encode_body(visit)
    )


def test_a_body_of_the_first_schema_has_its_proofs_among_the_facts() -> None:
    visit = observation()
    written = zlib.compress(json.dumps(to_json(visit)).encode())
    assert decode_body(Body(facts=written, proofs=None)) == replace(
        visit, endpoint=decode_body(encode_body(visit)).endpoint
    )
    expected = facts_of(bare(visit))
    assert facts_of(visit) != expected
    assert decode_facts(written, KnownParts()) == expected, "facts alone have no proofs"
