"""Post-quantum key exchange as a verdict, when it was first proved and lost, and the days that authorities name for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from model.certificates.certificate import Certificate, KeyType
from model.frozen import frozen
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict


def post_quantum_key_exchange(observation: Observation) -> Verdict:
    """Whether a handshake finished with such a group; no also if TLS 1.3 is off, which alone has these groups."""
    finished = observation.features.get("post_quantum_handshake")
    tls13 = observation.protocols.get(ProtocolVersion.TLSV1_3)
    if finished is not None and finished.verdict is not Verdict.UNKNOWN:
        return finished.verdict
    if tls13 is not None and tls13.verdict is Verdict.NO:
        return Verdict.NO
    return Verdict.UNKNOWN


def post_quantum_establishment(observation: Observation) -> Verdict:
    """The same for every protocol: of an SSH server or IKE responder, its own fact; TLS as above.

    An SSH server has signed a finished exchange. An IKE responder has accepted a key exchange with ML-KEM (RFC 9370).
    """
    if observation.is_ssh or observation.is_ike:
        facts = observation.ssh if observation.is_ssh else observation.ike
        found = facts.get("post_quantum_key_exchange")
        return Verdict.UNKNOWN if found is None else found.verdict
    return post_quantum_key_exchange(observation)


def has_post_quantum_key(certificate: Certificate) -> bool:
    """Whether its key is of ML-DSA (FIPS 204): it authenticates a server also against a quantum computer."""
    return certificate.key_type is KeyType.MLDSA


def has_post_quantum_signature(certificate: Certificate) -> bool:
    """Whether its issuer signed it with ML-DSA."""
    return (certificate.signature_algorithm or "").startswith("ML-DSA-")


@frozen
class QuantumHistory:
    """When visits first proved post-quantum key exchange of an endpoint, and when it was lost again.

    ``lost_at`` is the first visit after the newest proof that proves the opposite; None if there is none. A visit
    without an answer proves neither. Both are aware, and start times of visits.
    """

    first_proved_at: datetime | None = None
    lost_at: datetime | None = None


NEVER_PROVED: Final = QuantumHistory()


@frozen
class Deadline:
    """The last day on which an authority accepts classical key exchange; the end of a year if it names only that.

    ``name`` identifies it, and ``title`` is for people.
    """

    name: str
    title: str
    last_day: date


@frozen
class QuantumDay:
    """A day that an authority names: a date or a year, what ends or begins, and the document.

    ``deadline`` is None if it is about something else than key exchange.
    """

    day: str
    says: str
    source: str
    deadline: Deadline | None = None


_CNSA: Final = "NSA, CNSA 2.0 FAQ, version 2.1 of December 2024"
_ORDER: Final = "executive order of 2026-06-22"
_DRAFT: Final = "initial public draft of November 2024"

QUANTUM_DAYS: Final = (
    QuantumDay(
        day="2027-01-01",
        says="new acquisitions for US national security systems must support CNSA 2.0",
        source=_CNSA,
    ),
    QuantumDay(
        day="2027-03-19",
        says="the minimum elements of a cryptographic bill of materials are due",
        source=_ORDER,
    ),
    QuantumDay(
        day="2030-12-31",
        says="US federal high-value assets and high-impact systems use post-quantum key establishment",
        source=_ORDER,
        deadline=Deadline(
            name="us-order-2026", title="US order of 2026-06-22", last_day=date(2030, 12, 31)
        ),
    ),
    QuantumDay(
        day="2030-12-31",
        says="after this year, RSA, ECDH and finite-field DH with 112 bits of security are deprecated",
        source=f"NIST IR 8547, {_DRAFT}",
    ),
    QuantumDay(
        day="2031-12-31", says="the same systems use post-quantum signatures", source=_ORDER
    ),
    QuantumDay(
        day="2033",
        says="web servers and cloud services of US national security systems use CNSA 2.0 only; "
        "network equipment from 2030",
        source=_CNSA,
        deadline=Deadline(name="cnsa-2.0", title="CNSA 2.0", last_day=date(2033, 12, 31)),
    ),
    QuantumDay(
        day="2035-12-31",
        says="after this year, RSA, ECDH, ECDSA and finite-field DH of any size are disallowed",
        source=f"NIST IR 8547, {_DRAFT}",
        deadline=Deadline(name="nist-ir-8547", title="NIST IR 8547", last_day=date(2035, 12, 31)),
    ),
)
"""In order; all are from secondary sources, which ``docs/reference/policy.md`` says too."""

DEADLINES: Final = tuple(one.deadline for one in QUANTUM_DAYS if one.deadline is not None)
"""In order."""


def deadline_named(name: str) -> Deadline:
    """The one of ``DEADLINES`` with this name.

    Raises:
        KeyError: if there is none.
    """
    return {one.name: one for one in DEADLINES}[name]
