"""``tlsprobe explain`` knows every name that an output uses for a fact, on real servers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.prometheus.catalogue import FAMILIES, TARGET_FAMILIES
from exporters.prometheus.families.family import PREFIX, Family
from exporters.prometheus.options import Detail
from model.clock import SystemClock
from model.differences.compare import differences
from model.encoding.observation_json import to_json
from model.intrusiveness import Intrusiveness
from model.observation import Observation
from model.sections import SECTIONS
from model.snapshot import EndpointStatus
from model.target import Endpoint, Target
from model.verdict import Evidence, Fact, Verdict
from policy.catalogue import RULES
from probe.checks.http.http3 import QUIC_FACTS
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.demo import DemoFleet
from service.scan.explaining.explanation import Explanation, covers, tokens
from service.scan.explaining.facts import BY_KIND, facts_of
from service.scan.explaining.find import find_fact
from service.scan.explaining.run import Explained
from service.scan.explaining.text import explanation_lines
from tests.policy.test_ike_rules import MODERN, ike_responder
from tests.policy.test_ssh_rules import ssh_server

DOCUMENTATION: Final = Path(__file__).parents[2] / "docs"
COMPUTED: Final = {
    "last_success_timestamp_seconds",
    "probe_interval_seconds",
    "consecutive_failures",
    "client_auth_expected",
    "client_cert_not_after_timestamp_seconds",
    "policy_compliant",
    "post_quantum_deadline_missed",
    "findings",
    "findings_unknown",
    "claim_proved",
    "claims",
    "findings_waived",
    "rule_waived",
    "config_changed_timestamp_seconds",
    "cert_changed_timestamp_seconds",
} | {family.name for family in TARGET_FAMILIES}
"""Metrics that the schedule, the history, a label, a claim or a policy sets, not an answer of the endpoint."""

_QUIC: Final = {
    name: Fact(verdict=Verdict.YES, evidence=Evidence(note="made")) for name in QUIC_FACTS
}


def as_a_web_server(target: Target) -> Target:
    """The target with the facts of HTTP, which its port does not suggest."""
    return replace(target, labels={**target.labels, "http": "yes", "http_port": str(target.port)})


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Observation]:
    """One visit of each demo server: modern, legacy, expired, incomplete, mTLS and post-quantum ones; one of SSH and IKE each, and one
    with made facts of QUIC."""

    async def visit_all() -> Sequence[Observation]:
        async with DemoFleet(directory=tmp_path_factory.mktemp("demo")) as fleet:
            engine = Engine(ProbeSettings(), SystemClock())
            visits = [
                await engine.visit(Endpoint(target=as_a_web_server(target), address=target.host))
                for target in fleet.targets
            ]
            over_quic = replace(visits[0], quic=_QUIC)
            return [*visits, ssh_server({}), ike_responder(MODERN), over_quic]

    return asyncio.run(visit_all())


def explained(name: str, seen: Sequence[Observation]) -> list[Explanation]:
    """What explain shows of the fact at any of the endpoints."""
    fact = find_fact(name)
    return [one for observation in seen for one in fact.find(observation)]


def names_in_json(observation: Observation) -> Iterator[str]:
    """The sections, the keys below them, and the keys of chains and certificates."""
    fields = to_json(observation, with_evidence=False)
    for section in SECTIONS:
        value = fields.get(section.name)
        yield section.name
        if isinstance(value, dict):
            yield from (f"{section.name}.{key}" for key in value)
    for chain in fields["certificates"]:
        yield from (f"certificates.{key}" for key in ("trust", "hostname_matches", "chain"))
        yield from chain
        yield from (key for certificate in chain["chain"] for key in certificate)
    for version, found in fields["client_auth"].items():
        yield from (f"client_auth.{version}.{key}" for key in ("mode", "ca_names") if found[key])


def series_of(observation: Observation) -> Iterator[tuple[Family, str]]:
    """Each series of the endpoint, as Prometheus shows it."""
    at = observation.ended_at
    status = EndpointStatus(
        observation=observation,
        last_probe_at=at,
        last_success_at=at,
        consecutive_failures=0,
        interval_seconds=60.0,
    )
    for family in FAMILIES:
        for values, _ in family.samples_at(Detail.ALL)(status):
            labels = {"target": "demo", **dict(zip(family.labels, values, strict=True))}
            pairs = ",".join(f'{name}="{value}"' for name, value in labels.items())
            yield family, f"{PREFIX}{family.name}{{{pairs}}}"


def test_every_key_of_the_json_names_facts(seen: Sequence[Observation]) -> None:
    for observation in seen:
        for name in names_in_json(observation):
            find_fact(name)
    sections = {section.name for section in SECTIONS} - {"not_asked"}
    assert [name for name in sections if not explained(name, seen)] == []


def test_every_fact_is_found_by_its_path(seen: Sequence[Observation]) -> None:
    for observation in seen:
        for fact in facts_of(observation):
            assert fact in find_fact(fact.path).find(observation)


def test_every_change_names_a_fact(seen: Sequence[Observation]) -> None:
    pairs = [
        (one, replace(other, endpoint=one.endpoint))
        for one in seen
        for other in seen
        if one is not other
    ]
    changes = [(change, pair) for pair in pairs for change in differences(*pair)]
    assert len({change.fact for change, _ in changes}) > 20
    missing = {change.fact for change, pair in changes if not explained(change.fact, pair)}
    assert missing == set()


def test_every_series_of_an_endpoint_is_explained(seen: Sequence[Observation]) -> None:
    shown = {
        series: (family, one)
        for one in seen
        for family, series in series_of(one)
        if family.fact is not None
    }
    assert len({family.name for family, _ in shown.values()}) > 25
    assert [series for series, (_, one) in shown.items() if not explained(series, [one])] == []


def test_every_metric_has_facts_or_says_that_none_proves_it() -> None:
    assert {family.name for family in FAMILIES if family.fact is None} <= COMPUTED
    for name in COMPUTED:
        with pytest.raises(ValueError, match=r"not a fact of one endpoint.*metrics\.md"):
            find_fact(PREFIX + name)
    for family in FAMILIES:
        if family.fact is not None:
            assert find_fact(PREFIX + family.name).parts
            assert find_fact(family.name).parts


@pytest.mark.parametrize("check", ["protocol_supported", "cipher_suites", "robot", "revoked"])
def test_an_unknown_fact_is_named_by_the_label_of_its_metric(check: str) -> None:
    series = f'tlsprobe_check_unknown{{check="{check}",protocol="",reason="inconclusive"}}'
    assert find_fact(series).parts == find_fact(check).parts


def test_every_rule_of_a_finding_names_facts(seen: Sequence[Observation]) -> None:
    for rule in RULES:
        assert explained(rule.identifier, seen), rule.identifier
        assert find_fact(rule.name).parts


def test_every_command_of_the_documentation_names_a_fact() -> None:
    commands = [
        (page.name, found[1])
        for page in DOCUMENTATION.rglob("*.md")
        for found in re.finditer(
            r"^ *tlsprobe explain (?:--replay )?\S+ ([\w.\-{}=\"']+)",
            page.read_text(),
            re.MULTILINE,
        )
        if not found[1].startswith("-")
    ]
    assert len(commands) > 10
    for _, name in commands:
        find_fact(name.strip("'"))


def test_what_was_not_asked_says_which_level_it_needs(seen: Sequence[Observation]) -> None:
    modest = replace(seen[0], vulnerabilities={}, not_asked={"robot": Intrusiveness.FULL})
    (one,) = find_fact("robot").find(modest)
    assert (one.verdict, one.evidence and one.evidence.note) == (
        "not asked",
        "needs intrusiveness full",
    )


async def test_a_closed_port_got_no_bytes(closed_port: int) -> None:
    target = Target(host="127.0.0.1", port=closed_port, server_name=None)
    endpoint = Endpoint(target=target, address="127.0.0.1")
    observation = await Engine(ProbeSettings(), SystemClock()).visit(endpoint)
    everything = Explained(
        endpoint=endpoint,
        answered=False,
        reason=observation.reason,
        explanations=tuple(facts_of(observation)),
    )
    lines = list(explanation_lines(everything, "state", is_whole=True))
    assert [one for one in lines if re.match(r"  (sent|received) |.*client_hello", one)] == []
    assert "  0 bytes sent, 0 bytes received" in lines


def test_every_kind_of_section_is_explained() -> None:
    assert {type(section.kind) for section in SECTIONS} == BY_KIND.keys()


@pytest.mark.parametrize(
    "name",
    ["protocols.TLSv1.9", "features.heartbleet", "tlsprobe_protocol_supported{protocol=TLSv1.0}"],
)
def test_a_misspelt_path_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"unknown fact|cannot read the labels"):
        find_fact(name)


PARTS = st.lists(st.sampled_from(["rsa", "TLSv1.0", "trust", "mode", "x"]), min_size=1, max_size=5)


@given(PARTS)
def test_a_path_is_covered_by_itself_and_by_what_leaves_parts_out(parts: list[str]) -> None:
    path = ".".join(parts)
    assert len(tokens(path)) == len(parts)
    for left_out in range(1, len(parts)):
        assert covers(".".join(parts[:left_out] + parts[left_out + 1 :]), path)
    assert covers(path, path)
    assert not covers(f"other.{path}", path)
