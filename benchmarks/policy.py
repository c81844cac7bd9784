"""How long does it take to evaluate a fleet: 10,000 endpoints, three policies, one core?

``python -m benchmarks.policy`` generates distinct endpoints (versions, suites, groups, features, vulnerabilities,
certificates) from a seed, and evaluates each once, as at the end of a visit. It measures CPU time, which other
load on the machine does not affect.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from benchmarks.support.results import Figure, save
from model.certificates.certificate import Certificate, KeyType, ServedChain, TrustVerdict
from model.observation import AcceptedSet, Cost, Mode, Observation, State
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import NAMED_GROUPS, cipher_suites_for
from model.target import Endpoint, Target
from model.verdict import Evidence, Fact, Preference, Verdict
from model.version import TOOL_VERSION
from policy import assess, profile
from policy.fact_names import FEATURES, VULNERABILITIES

_POLICIES: Final = ("mozilla-intermediate", "rfc9325", "known-vulnerabilities")
_PROOF: Final = Evidence(offer=b"\x16\x03\x01", answer=b"\x15\x03\x03", note="as heard")
_NOW: Final = datetime(2026, 11, 25, tzinfo=UTC)
_SEED: Final = 20261125


def main() -> None:
    """Prints the number of endpoints and results, and the CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=10_000, help="how many to evaluate")
    count = parser.parse_args().endpoints
    policies = [profile(name) for name in _POLICIES]
    fleet = _fleet(count)
    began = time.process_time()
    results = sum(len(assess(one, policies, _NOW).results) for one in fleet)
    seconds = time.process_time() - began
    print(f"{count} endpoints by {', '.join(_POLICIES)}: {results} results")
    print(f"{seconds:.2f} s of one core, {1e6 * seconds / results:.1f} microseconds per result")
    save("policy", {"a result": Figure(runs=(1e6 * seconds / results,), unit="µs")})


def _fleet(count: int) -> list[Observation]:
    chance = random.Random(_SEED)
    return [_endpoint(number, chance) for number in range(count)]


def _endpoint(number: int, chance: random.Random) -> Observation:
    oldest = chance.choices(STREAM_VERSIONS[1:], (1, 4, 4, 60, 31))[0]
    spoken = [version for version in STREAM_VERSIONS[1:] if version >= oldest]
    host = f"host-{number}.example"
    return Observation(
        tool_version=TOOL_VERSION,
        mode=Mode.ENUMERATE,
        endpoint=Endpoint(
            target=Target(host=host, port=443, server_name=host), address="192.0.2.1"
        ),
        started_at=_NOW,
        cost=Cost(duration_seconds=0.5, connections=30),
        state=State.TLS,
        protocols={version: _fact(version in spoken) for version in STREAM_VERSIONS},
        cipher_suites={version: _suites(version, chance) for version in spoken},
        groups={version: _groups(chance) for version in spoken[-2:]},
        certificates=(_chain(number, chance),),
        features={name: _fact(chance.random() < 0.5) for name in FEATURES},
        vulnerabilities={name: _fact(chance.random() < 0.05) for name in VULNERABILITIES},
    )


def _fact(is_so: bool) -> Fact:
    return Fact(verdict=Verdict.YES if is_so else Verdict.NO, evidence=_PROOF)


def _suites(version: ProtocolVersion, chance: random.Random) -> AcceptedSet:
    every = [suite.name for suite in cipher_suites_for(version)]
    return _accepted(chance.sample(every, chance.randint(1, min(len(every), 20))), chance)


def _groups(chance: random.Random) -> AcceptedSet:
    every = [group.name for group in NAMED_GROUPS]
    return _accepted(chance.sample(every, chance.randint(1, 8)), chance)


def _accepted(names: list[str], chance: random.Random) -> AcceptedSet:
    return AcceptedSet(
        accepted=tuple(names),
        complete=chance.random() < 0.95,
        preference=chance.choice(list(Preference)),
        evidence=dict.fromkeys(names, _PROOF),
        refusal=_PROOF,
    )


def _chain(number: int, chance: random.Random) -> ServedChain:
    key_type, bits = chance.choice([(KeyType.RSA, 2048), (KeyType.RSA, 4096), (KeyType.ECDSA, 256)])
    begin = _NOW - timedelta(days=chance.randint(0, 90))
    leaf = Certificate(
        sha256=f"{number:064x}",
        subject=f"CN=host-{number}.example",
        issuer="CN=Some CA",
        dns_names=(f"host-{number}.example",),
        not_before=begin,
        not_after=begin + timedelta(days=90),
        key_type=key_type,
        key_bits=bits,
        signature_algorithm="sha256WithRSAEncryption",
        extended_key_usage=("serverAuth",),
    )
    return ServedChain(
        key_type=key_type,
        chain=(leaf, replace(leaf, sha256="0" * 64, subject="CN=Some CA", issuer="CN=Some root")),
        versions=(ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3),
        served_with_server_name=True,
        problems=(),
        trust={"mozilla": TrustVerdict(verdict=Verdict.YES, path_not_after=leaf.not_after)},
        hostname_matches=Verdict.YES,
    )


if __name__ == "__main__":
    main()
