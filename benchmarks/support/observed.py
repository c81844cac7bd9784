"""Any number of realistic visits: one real visit, copied for other endpoints.

The visit is to the benchmarks' nginx, evaluated by a real profile. Whatever makes endpoints differ on disk (host,
leaf, times) is generated for each copy; random bytes in proofs stay random in the copies.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.support.nginx import HOST, SERVER_NAME, running_nginx
from model.certificates.certificate import ServedChain
from model.clock import SystemClock
from model.encoding.proofs import proofs_of, with_proofs
from model.endpoint_state.schedule import Schedule
from model.findings.finding import Assessment
from model.observation import Observation
from model.target import Endpoint, Target
from model.verdict import Evidence
from policy import Policy, assess, profile
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings

PROFILE: Final = "mozilla-intermediate"
BEGAN: Final = datetime(2026, 8, 1, tzinfo=UTC)
INTERVAL: Final = timedelta(hours=1)
TEAMS: Final = 20


async def visit_nginx() -> Observation:
    """The complete facts of the benchmarks' nginx, from one visit."""
    with running_nginx() as port:
        target = Target(host=HOST, port=port, server_name=SERVER_NAME)
        engine = Engine(ProbeSettings(deadline_seconds=120.0), SystemClock())
        return await engine.visit(Endpoint(target=target, address=HOST))


class Fleet:
    """An endless series of endpoints, copies of one visit; ``judged`` returns the policy's results."""

    def __init__(self, template: Observation) -> None:
        self._template = template
        self._policies: tuple[Policy, ...] = (profile(PROFILE),)
        self._judged: dict[int, Assessment] = {}

    def visit(self, number: int, at: datetime, generation: int = 0) -> Observation:
        """Endpoint ``number`` at that time; each ``generation`` has its own leaf and suites."""
        target = Target(
            host=f"host{number}.fleet.test",
            port=443,
            server_name=f"host{number}.fleet.test",
            labels={"team": f"team{number % TEAMS}", "env": "prod"},
            source="file:fleet.yml",
        )
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        suites = self._template.cipher_suites
        if generation % 2:
            suites = {
                version: replace(found, accepted=found.accepted[:-1])
                for version, found in suites.items()
            }
        served = tuple(
            _with_leaf(deployment, random.Random(f"{number}/{generation}"))
            for deployment in self._template.certificates
        )
        proved = with_proofs(self._template, _proving(self._template, served))
        return replace(
            proved,
            endpoint=Endpoint(target=target, address=address),
            started_at=at,
            cipher_suites=suites,
            certificates=served,
        )

    def judged(self, visit: Observation, generation: int = 0) -> Assessment:
        """The profile's results for ``visit``; the rules are evaluated once per generation."""
        kind = generation % 2
        if kind not in self._judged:
            self._judged[kind] = assess(visit, self._policies, visit.started_at)
        return replace(
            self._judged[kind], endpoint_key=visit.endpoint.key, assessed_at=visit.started_at
        )


def scheduled(visit: Observation) -> Schedule:
    """Due in an hour."""
    return Schedule(
        endpoint_key=visit.endpoint.key,
        due_at=visit.started_at + INTERVAL,
        interval_seconds=INTERVAL.total_seconds(),
        consecutive_failures=0,
        enumerated_at=visit.started_at,
    )


def _with_leaf(deployment: ServedChain, dice: random.Random) -> ServedChain:
    leaf = deployment.leaf
    der = _reissued(leaf.der or b"", dice)
    new = replace(
        leaf,
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        serial_number=f"{dice.getrandbits(120):x}",
        not_after=BEGAN + timedelta(days=dice.randrange(1, 180)),
    )
    return replace(deployment, chain=(new, *deployment.chain[1:]))


def _reissued(der: bytes, dice: random.Random) -> bytes:
    """The certificate with a random serial number, key and signature."""
    certificate = x509.load_der_x509_certificate(der)
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    serial = certificate.serial_number.to_bytes(20, "big").lstrip(b"\0")
    # The key's parameters precede it, and the constant part of the signature precedes that.
    for old in (serial, key[-64:] if len(key) < 100 else key[33:-5], certificate.signature[8:]):
        der = der.replace(old, dice.randbytes(len(old)))
    return der


def _proving(template: Observation, served: tuple[ServedChain, ...]) -> Iterator[Evidence | None]:
    """The template's proofs, with these certificates in them."""
    for proof in proofs_of(template):
        answer = proof.answer if proof is not None else None
        if proof is None or answer is None:
            yield proof
            continue
        for old, new in zip(template.certificates, served, strict=True):
            answer = answer.replace(old.leaf.der or b"", new.leaf.der or b"")
        yield replace(proof, answer=answer)
