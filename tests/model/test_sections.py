"""Every operation on an Observation's sections covers each of them, and stored facts keep their form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from model.differences import differences, known_facts
from model.differences.known import is_wholly_known
from model.encoding.earlier_names import FACTS
from model.encoding.facts_digest import facts_digest
from model.encoding.known_parts import KnownParts
from model.encoding.observation_json import facts_of, from_json, to_json
from model.encoding.proofs import proofs_of, with_proofs
from model.observation import ClientAuth, ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.sections import IDENTITY, SECTION_NAMES, SECTIONS, Section, with_versions_renamed
from model.verdict import Fact, Verdict
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from service.inventory.without_evidence import without_evidence
from storage.rows.body import facts_text
from storage.rows.proofs import laid_out
from tests.model.recorded import everything, nothing
from tests.support.strategies import observations

pytestmark = pytest.mark.slow

each_section = pytest.mark.parametrize(
    "section", [pytest.param(one, id=one.name) for one in SECTIONS]
)


def everything_before_ssh() -> Observation:
    """The sample without the sections that the recorded versions did not have."""
    return replace(everything(), ssh={}, quic={}, ike={})


RECORDED = {
    nothing: (
        "5b5669a4ea310565f6c2915934c3062586889eba1ee95c3fba372a63dbf69fe1",
        "85b28353922318570addc275fec517ab4bc21720a04c0c42c14f3ace3644bb47",
        "20717f031de6ec6dbcab264373f5d3524bd5020f904cc0e17362b9618f3aa91c",
    ),
    everything_before_ssh: (
        "5a7ba6698284b335a0464ce5fe4dd70541950e59e6d510c67bae07260f082723",
        "3b3d06b7492685015efb9bb54244f34c6ffd829e2676d97260de3983c6a14e58",
        "06ac1c8991262fba57ba88cc72a564e021a642751767e7b203ab087bd3fac134",
    ),
}
"""The digest of the facts, and the SHA-256 of their text and of their proofs' layout, as versions from before
the table of sections computed them."""


def test_every_field_is_a_section_or_identifies_the_visit() -> None:
    names = [one.name for one in fields(Observation)]
    assert [name for name in names if name not in IDENTITY] == [one.name for one in SECTIONS]
    assert IDENTITY.issubset(names)


def test_a_visit_fills_every_section_except_those_judged_after_it() -> None:
    assert SECTION_NAMES - VisitFacts(inputs=VisitInputs(server_name=None)).sections().keys() == {
        "certificates"
    }


def test_the_schema_describes_every_section() -> None:
    schema = Path(__file__).parents[2] / "docs" / "reference" / "observation.schema.json"
    described = json.loads(schema.read_text(encoding="utf-8"))
    assert SECTION_NAMES.issubset(described["properties"])
    required = {section.name for section in SECTIONS if section.is_required}
    assert set(described["required"]) & SECTION_NAMES == required


@each_section
def test_the_sample_has_something_in_every_section(section: Section[Any]) -> None:
    assert section.of(nothing()) == section.kind.nothing()
    assert section.of(everything()) != section.kind.nothing()


@pytest.mark.parametrize("sample", RECORDED)
def test_the_stored_format_is_unchanged_except_for_renamed_facts(
    sample: Callable[[], Observation],
) -> None:
    observation = sample()
    digest, text, proofs = RECORDED[sample]
    assert facts_digest(observation) == digest
    written = facts_text(observation)
    for earlier, name in FACTS.items():
        written = written.replace(f'"{name}"'.encode(), f'"{earlier}"'.encode())
    assert hashlib.sha256(written).hexdigest() == text
    assert hashlib.sha256(laid_out(proofs_of(observation))).hexdigest() == proofs


@given(observation=observations())
@settings(deadline=None, max_examples=25)
def test_json_restores_the_observation(observation: Observation) -> None:
    fields = json.loads(json.dumps(to_json(observation)))
    again = from_json(fields)
    assert to_json(again) == fields
    assert again == replace(
        observation,
        certificates=without_evidence(observation).certificates,
        endpoint=again.endpoint,
    )
    assert again.endpoint.key == observation.endpoint.key


@given(observation=observations())
@settings(deadline=None, max_examples=25)
def test_proofs_are_attached_to_their_facts_again(observation: Observation) -> None:
    bare = from_json(to_json(observation, with_evidence=False))
    proved = with_proofs(bare, proofs_of(observation))
    assert proved == from_json(to_json(observation))
    assert not any(proofs_of(bare))


@given(observation=observations())
@settings(deadline=None, max_examples=25)
def test_an_observation_without_evidence_has_no_bytes_and_the_same_facts(
    observation: Observation,
) -> None:
    bare = without_evidence(observation)
    assert to_json(bare, with_evidence=False) == to_json(observation, with_evidence=False)
    assert not any(proof.offer or proof.answer or proof.note for proof in proofs_of(bare) if proof)
    assert all(one.der is None for chain in bare.certificates for one in chain.chain)


@each_section
def test_a_section_that_only_the_older_visit_has_is_known(section: Section[Any]) -> None:
    newer, older = replace(everything(), **{section.name: section.kind.nothing()}), everything()
    known = section.of(known_facts([newer, older]))
    if section.name == "not_asked":  # It is about the newest visit only.
        assert known == {}
    else:
        assert known == section.of(older)


@each_section
def test_a_section_that_differs_has_another_digest(section: Section[Any]) -> None:
    other = replace(everything(), **{section.name: section.kind.nothing()})
    assert facts_digest(other) != facts_digest(everything())


@each_section
def test_json_from_before_a_section_is_read(section: Section[Any]) -> None:
    fields = to_json(everything(), with_evidence=False)
    del fields[section.name]
    text = json.dumps(fields, separators=(",", ":"))
    if section.is_required:
        with pytest.raises(KeyError, match=section.name):
            from_json(fields)
        return
    without = replace(everything(), **{section.name: section.kind.nothing()})
    expected = from_json(to_json(without, with_evidence=False))
    assert from_json(fields) == expected
    parts = KnownParts()
    assert parts.observation(text) == expected
    if (
        section is SECTIONS[-1]
    ):  # A new section comes last, and stored data decodes as fast as before.
        assert parts.facts(text)["alpn"] is parts.observation(text).alpn


def test_versions_are_renamed_wherever_they_occur() -> None:
    tls12, dtls12 = ProtocolVersion.TLSV1_2, ProtocolVersion.DTLSV1_2
    renamed = with_versions_renamed(everything(), lambda one: dtls12 if one is tls12 else one)
    names = {
        section.name for section in SECTIONS if section.of(renamed) != section.of(everything())
    }
    assert names == {
        *("protocols", "groups", "certificates", "client_auth", "dh", "signature_schemes")
    }
    assert '"TLSv1.2"' not in json.dumps(to_json(renamed, with_evidence=False)["groups"])
    assert renamed.dh[0].versions == (dtls12,)
    assert renamed.certificates[0].versions == (dtls12, ProtocolVersion.TLSV1_3)


@given(observation=observations())
@settings(deadline=None, max_examples=15)
def test_an_observation_does_not_differ_from_itself(observation: Observation) -> None:
    assert differences(observation, observation) == ()
    assert facts_of(known_facts([observation, observation])).keys() == SECTION_NAMES


def test_facts_unknown_in_a_visit_are_taken_from_older_ones() -> None:
    seen = replace(everything(), protocols={ProtocolVersion.TLSV1_2: Fact(verdict=Verdict.YES)})
    assert is_wholly_known(seen)
    auth = {ProtocolVersion.TLSV1_2: ClientAuth(mode=ClientAuthMode.UNKNOWN)}
    schemes = {
        version: replace(found, complete=False) for version, found in seen.signature_schemes.items()
    }
    assert not is_wholly_known(replace(seen, client_auth=auth))
    assert not is_wholly_known(replace(seen, signature_schemes=schemes))
