"""Does an endpoint serve what its owner's configuration declares?

Two labels of the target hold the declaration: the SHA-256 hashes of the certificates that may be served, and
the protocol versions, both separated by commas. Discovery sets them from server configuration files or
cluster secrets, and a user may set them too. This reveals a renewed file that the server has not loaded yet.
"""

from __future__ import annotations

from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.target_labels import EXPECTED_CERTIFICATE, EXPECTED_PROTOCOLS
from model.verdict import Verdict


def serves_declared_certificate(observation: Observation) -> Verdict | None:
    """Whether every leaf that was seen is a declared one; None if none is declared.

    Colons and upper case in a hash are allowed.
    """
    declared = _declared(observation, EXPECTED_CERTIFICATE)
    if not declared:
        return None
    hashes = {text.replace(":", "").lower() for text in declared}
    seen = [deployment.leaf.sha256 for deployment in observation.own_certificates]
    if not seen:
        return Verdict.UNKNOWN
    return Verdict.YES if hashes.issuperset(seen) else Verdict.NO


def speaks_declared_protocols(observation: Observation) -> Verdict | None:
    """Whether exactly the declared versions are accepted; None if none is declared."""
    declared = _declared(observation, EXPECTED_PROTOCOLS)
    if not declared:
        return None
    verdicts = {
        _as_declared(version, version.label in declared, observation) for version in ProtocolVersion
    }
    return next(one for one in (Verdict.NO, Verdict.UNKNOWN, Verdict.YES) if one in verdicts)


def _as_declared(version: ProtocolVersion, is_declared: bool, observation: Observation) -> Verdict:
    fact = observation.protocols.get(version)
    if fact is None or fact.verdict is Verdict.UNKNOWN:
        return Verdict.UNKNOWN if is_declared else Verdict.YES
    is_accepted = fact.verdict is Verdict.YES
    return Verdict.YES if is_accepted == is_declared else Verdict.NO


def _declared(observation: Observation, label: str) -> set[str]:
    text = observation.endpoint.target.labels.get(label, "")
    return {one.strip() for one in text.split(",") if one.strip()}
