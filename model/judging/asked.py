"""Whether the visit asked about an absent fact: the fact either does not apply or is unknown.
from model.judging.spoken import has_no_certificates, suite_gaps

A check that ran yields certain facts on every server. If those are present, and all versions and suites are
known, another fact of the same check is absent because it does not apply. Otherwise it is unknown.
"""

from __future__ import annotations

from typing import Final

from model.application_protocol import USUAL_HTTPS_PORTS, speaks_tls_first
from model.dns.service_bindings import service_query
from model.judging.spoken import has_no_certificates, suite_gaps
from model.observation import Observation
from model.target_labels import HTTP
from model.verdict import Verdict

_OF_STAPLING: Final = frozenset({"ocsp_stapling", "sct_in_tls"})
_OF_SIGNATURES: Final = frozenset(
    {"ignores_signature_algorithms", "signs_with_md5", "signs_with_sha1"}
)
_OF_GROUPS: Final = frozenset({"ignores_supported_groups", "post_quantum_handshake"})
_OF_DH: Final = frozenset({"dh_public_value_reused", "ecdhe_public_value_reused"})
_OF_SERVICE_BINDINGS: Final = frozenset(
    {"ech_key_accepted", "ech_published", "service_binding", "service_binding_alpn"}
    | {"service_binding_hints", "service_binding_port"}
)
_OF_FEATURES_PART: Final = frozenset(
    {"crime", "client_renegotiation_dos", "insecure_renegotiation", "ticketbleed"}
)
_HTTP_IDS: Final = frozenset({"h2", "http/1.1", "http/1.0", "h3"})
_TOLERANCE, _LOGJAM, _DROWN = "grease_tolerance", "logjam", "drown"


def feature_does_not_apply(observation: Observation, name: str) -> bool:
    """Whether the feature is absent because it does not apply to the server."""
    if name in _OF_STAPLING:
        return has_no_certificates(observation)
    if name in _OF_SIGNATURES:
        was_asked = bool(observation.signature_schemes) or _asked_features(observation)
    elif name in _OF_GROUPS:
        was_asked = bool(observation.groups)
    elif name in _OF_SERVICE_BINDINGS:
        return _asked_service_bindings(observation)
    elif name in _OF_DH:
        was_asked = _LOGJAM in observation.vulnerabilities
    else:
        was_asked = _asked_features(observation)
    return was_asked and not suite_gaps(observation)


def _asked_service_bindings(observation: Observation) -> bool:
    """Whether the records were found or not found, or the protocol has none."""
    fact = observation.features.get("service_binding")
    if fact is None:
        return service_query(observation.endpoint.target) is None
    return fact.verdict is not Verdict.UNKNOWN


def vulnerability_does_not_apply(observation: Observation, name: str) -> bool:
    """Whether the vulnerability is absent because it does not apply to the server."""
    if name == "starttls_injection":
        return speaks_tls_first(observation.endpoint.target.protocol)
    if name in _OF_FEATURES_PART:
        was_asked = _asked_features(observation)
    else:
        was_asked = _DROWN in observation.vulnerabilities
    return was_asked and not suite_gaps(observation)


def _asked_features(observation: Observation) -> bool:
    return _TOLERANCE in observation.features


def may_be_http(observation: Observation) -> bool:
    """Whether the endpoint answered as HTTP, or its label, ALPN or port says that it speaks HTTP."""
    target = observation.endpoint.target
    if (said := target.labels.get(HTTP)) in ("yes", "no"):
        return said == "yes"
    return (
        bool(observation.http)
        or not _HTTP_IDS.isdisjoint(observation.alpn)
        or target.port in USUAL_HTTPS_PORTS
    )
