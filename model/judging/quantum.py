"""Post-quantum key exchange as a verdict, and the days that authorities name for it."""

from __future__ import annotations

from typing import Final

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


@frozen
class QuantumDay:
    """A day that an authority names: a date or a year, what ends or begins, and the document."""

    day: str
    says: str
    source: str


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
        day="2030-12-31",
        says="US federal high-value assets and high-impact systems use post-quantum key establishment",
        source=_ORDER,
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
    ),
    QuantumDay(
        day="2035-12-31",
        says="after this year, RSA, ECDH, ECDSA and finite-field DH of any size are disallowed",
        source=f"NIST IR 8547, {_DRAFT}",
    ),
)
"""In order; all are from secondary sources, which ``docs/reference/policy.md`` says too."""
