"""Whether a module's assertions hold for the results; an unknown result does not meet an assertion."""

from __future__ import annotations

from collections.abc import Sequence

from model.certificates.certificate import Certificate
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from pki.certificates import matches
from probe.dialogue.handshake import Handshake
from probe.visit.simple_client import is_connected
from probe.web.status_line import http_status
from service.config.modules import Expectations, ModuleSettings


def holds(expect: Expectations, observation: Observation, *, verifies: bool) -> bool:
    """Whether a visit meets the expectations of one of tlsprobe's own modules."""
    if not observation.answered_as_tls:
        return False
    return (
        not (expect.trusted and verifies and not _is_trusted(observation))
        and all(_refuses(observation, label) for label in expect.refused_versions)
        and _asks_for_certificates(observation, expect)
    )


def is_as_asserted(
    module: ModuleSettings,
    handshake: Handshake | None,
    chain: Sequence[Certificate],
    host: str,
    *,
    is_verified: bool,
) -> bool:
    """Whether a plain client's result meets the assertions of a module of another exporter."""
    if handshake is None or not is_connected(handshake):
        return False
    if not module.tls.insecure_skip_verify:
        is_for_host = bool(chain) and matches(chain[0], host) is Verdict.YES
        if not (is_verified and is_for_host):
            return False
    if not module.asks_http:
        return True
    status = http_status(handshake.reply)
    versions = module.http.valid_http_versions
    return (
        status is not None
        and module.http.accepts(status)
        and not module.http.fail_if_ssl
        and (not versions or "HTTP/1.1" in versions)
    )


def _is_trusted(observation: Observation) -> bool:
    """Whether every chain of the endpoint is trusted by at least one store and matches the host name."""
    own = observation.own_certificates
    return bool(own) and all(
        deployment.hostname_matches is Verdict.YES
        and any(trust.verdict is Verdict.YES for trust in deployment.trust.values())
        for deployment in own
    )


def _refuses(observation: Observation, label: str) -> bool:
    fact = observation.protocols.get(ProtocolVersion.from_label(label))
    return fact is not None and fact.verdict is Verdict.NO


def _asks_for_certificates(observation: Observation, expect: Expectations) -> bool:
    if expect.client_auth is None:
        return True
    found = observation.client_auth.values()
    return bool(found) and all(one.mode is expect.client_auth for one in found)
