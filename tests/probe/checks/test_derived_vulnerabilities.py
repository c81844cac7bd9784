"""Conclusions from accepted versions and suites are true of the server, or unknown.

Hypothesis generates servers, and facts about them are removed at random: versions unsettled, sets left open.
The expected conclusions follow from the suites' names.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.observation import AcceptedSet
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import cipher_suite_name, cipher_suites_for
from model.verdict import Evidence, Fact, Preference, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from probe.checks.vulnerabilities.derived_vulnerabilities import (
    DERIVED,
    check_derived_vulnerabilities,
)
from probe.dialogue.answer import ServerFlight
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import Shape, offer
from probe.tls.hello import ServerHello
from probe.tls.messages import ServerKeyExchange
from tests.probe.checks.simulation import Simulation
from tests.probe.checks.test_enumeration import models
from tests.probe.programmable.server_model import ServerModel
from tests.zoo.flaws import RULES, flaws

pytestmark = pytest.mark.slow

PROOF = Evidence(offer=b"offer", answer=b"answer")
SSLV2_KINDS = ["SSL_CK_RC4_128_WITH_MD5"]


def _version(version: ProtocolVersion) -> st.SearchStrategy[tuple[str, ...]]:
    if version is ProtocolVersion.SSLV2:
        return st.just(tuple(SSLV2_KINDS))
    names = [suite.name for suite in cipher_suites_for(version)]
    return st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True).map(tuple)


ACCEPTED = st.sets(st.sampled_from(STREAM_VERSIONS), min_size=1).flatmap(
    lambda versions: st.fixed_dictionaries({one: _version(one) for one in versions})
)
MENDED = st.sampled_from([None, *Verdict])


def visit_facts_of(
    accepted: dict[ProtocolVersion, tuple[str, ...]], mended: Verdict | None
) -> VisitFacts:
    """Facts of everything."""
    facts = VisitFacts(inputs=VisitInputs(server_name=None))
    for version in STREAM_VERSIONS:
        verdict = Verdict.YES if version in accepted else Verdict.NO
        facts.protocols[version] = Fact(verdict=verdict, evidence=PROOF)
    for version, names in accepted.items():
        facts.cipher_suites[version] = AcceptedSet(
            accepted=names,
            complete=True,
            preference=Preference.UNKNOWN,
            evidence=dict.fromkeys(names, PROOF),
            refusal=PROOF,
        )
    if mended is not None:
        facts.features["encrypt_then_mac"] = Fact(verdict=mended, evidence=PROOF)
    return facts


async def derived(facts: VisitFacts, *exchanges: Exchange) -> dict[str, Fact]:
    """The conclusions, without any question."""
    simulation = Simulation(ServerModel(cipher_suites={}))
    prober = Prober(simulation)
    prober.exchanges.extend(exchanges)
    await check_derived_vulnerabilities(prober, facts)
    assert simulation.questions == 0
    return facts.vulnerabilities


@given(ACCEPTED, st.sampled_from([Verdict.YES, Verdict.NO]))
async def test_with_all_facts_nothing_stays_unknown_and_everything_is_proved(
    accepted: dict[ProtocolVersion, tuple[str, ...]], mended: Verdict
) -> None:
    found = await derived(visit_facts_of(accepted, mended))
    truth = flaws(accepted, encrypts_then_macs=mended is Verdict.YES)
    assert {name: fact.verdict is Verdict.YES for name, fact in found.items()} == truth
    for fact in found.values():
        assert fact.verdict is not Verdict.UNKNOWN
        assert fact.evidence is not None
        assert (fact.evidence.offer, fact.evidence.answer) == (b"offer", b"answer")


@given(
    ACCEPTED,
    MENDED,
    st.sets(st.sampled_from(STREAM_VERSIONS)),
    st.sets(st.sampled_from(STREAM_VERSIONS)),
    st.sets(st.sampled_from(STREAM_VERSIONS)),
    st.data(),
)
async def test_with_gaps_no_verdict_is_given_that_the_gaps_could_change(
    accepted: dict[ProtocolVersion, tuple[str, ...]],
    mended: Verdict | None,
    unsettled: set[ProtocolVersion],
    unasked: set[ProtocolVersion],
    opened: set[ProtocolVersion],
    data: st.DataObject,
) -> None:
    facts = visit_facts_of(accepted, mended)
    for version in unsettled:
        facts.protocols[version] = Fact(verdict=Verdict.UNKNOWN)
        facts.cipher_suites.pop(version, None)
    for version in unasked:
        facts.cipher_suites.pop(version, None)
    for version in opened & set(facts.cipher_suites):
        whole = facts.cipher_suites[version]
        kept = data.draw(st.integers(0, len(whole.accepted)))
        facts.cipher_suites[version] = replace(
            whole, accepted=whole.accepted[:kept], complete=False, refusal=None
        )
    found = await derived(facts)
    possible = {Verdict.YES: [True], Verdict.NO: [False]}.get(
        mended or Verdict.UNKNOWN, [True, False]
    )
    truths = [flaws(accepted, encrypts_then_macs=one) for one in possible]
    for name, fact in found.items():
        if fact.verdict is Verdict.UNKNOWN:
            assert name == "drown" or (fact.evidence is not None and fact.evidence.note)
            continue
        for truth in truths:
            assert truth.get(name, False) is (fact.verdict is Verdict.YES), name


@settings(max_examples=60, deadline=None)
@given(models())
async def test_a_visited_server_gets_the_verdicts_its_suites_deserve(model: ServerModel) -> None:
    observation = await Simulation(model).visit()
    facts = VisitFacts(
        inputs=VisitInputs(server_name=None),
        protocols=dict(observation.protocols),
        cipher_suites=dict(observation.cipher_suites),
        features={"encrypt_then_mac": Fact(verdict=Verdict.NO)},
    )
    found = await derived(facts)
    accepted = {
        ProtocolVersion(version): [cipher_suite_name(suite) for suite in suites]
        for version, suites in model.cipher_suites.items()
    }
    truth = flaws(accepted, encrypts_then_macs=False)
    asked = {name: fact.verdict is Verdict.YES for name, fact in found.items()}
    del truth["drown"], asked["drown"]
    assert asked == truth


async def test_an_export_key_with_a_suite_that_is_not_for_export_is_freak() -> None:
    suite = next(one for one in cipher_suites_for(ProtocolVersion.TLSV1_0) if one.code_point == 5)
    asked = offer(ProtocolVersion.TLSV1_0, (suite.code_point,), Shape(server_name=None))
    hello = ServerHello(
        legacy_version=0x0301,
        random=bytes(32),
        session_id=b"",
        cipher_suite=suite.code_point,
        compression_method=0,
        extensions=(),
    )
    flight = ServerFlight(
        raw=b"hello", hello=hello, server_key_exchange=ServerKeyExchange(rsa_export_bits=512)
    )
    answered = Exchange(offer=asked, offered=b"offered", answer=flight)
    facts = visit_facts_of({ProtocolVersion.TLSV1_0: (suite.name,)}, None)
    assert (await derived(facts))["freak"].verdict is Verdict.NO
    assert (await derived(facts, answered))["freak"].verdict is Verdict.YES


def test_every_derived_vulnerability_has_a_rule_in_the_tests() -> None:
    assert set(DERIVED) == {*RULES, "drown"}
