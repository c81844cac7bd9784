"""Envoy: a listener's DownstreamTlsContext in YAML. Envoy uses BoringSSL, which has fewer suites.

BoringSSL's suites of TLS 1.3 are fixed, and the server's order always decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_name
from policy.remediation.demands import Demands
from policy.remediation.hsts import hsts_value
from policy.remediation.setting import ServerKind, Setting, Topic

_PARAMS: Final = "under common_tls_context.tls_params of the DownstreamTlsContext"
_CONTEXT: Final = "in the DownstreamTlsContext"
_VERSIONS: Final = {
    ProtocolVersion.TLSV1_0: "TLSv1_0",
    ProtocolVersion.TLSV1_1: "TLSv1_1",
    ProtocolVersion.TLSV1_2: "TLSv1_2",
    ProtocolVersion.TLSV1_3: "TLSv1_3",
}
_GROUPS: Final = {
    "x25519": "X25519",
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
    "X25519MLKEM768": "X25519MLKEM768",
}
_KNOWN: Final = frozenset(
    f"{exchange}{cipher}"
    for exchange in ("ECDHE-ECDSA-", "ECDHE-RSA-", "")
    for cipher in (
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-SHA",
        "AES256-SHA",
    )
) | {"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"}


def _settings(demands: Demands) -> Iterator[Setting]:
    yield _parameter(
        Topic.VERSIONS,
        f"tls_minimum_protocol_version: {_VERSIONS[demands.oldest]}",
        f"tls_maximum_protocol_version: {_VERSIONS[demands.newest]}",
    )
    groups = [_GROUPS[name] for name in demands.groups if name in _GROUPS]
    for topic, parameter, names in (
        (Topic.SUITES, "cipher_suites", list(_suites(demands))),
        (Topic.GROUPS, "ecdh_curves", groups),
        (Topic.SCHEMES, "signature_algorithms", demands.schemes),
    ):
        if names:
            yield _parameter(topic, f"{parameter}:", *(f"  - {name}" for name in names))
    if demands.client_certificates is not None:
        yield Setting(
            topic=Topic.CLIENT_CERTIFICATES,
            place=_CONTEXT,
            lines=tuple(_client_certificates(is_required=demands.client_certificates)),
        )
    yield Setting(
        topic=Topic.REDIRECT,
        place="in the virtual host of the plain listener",
        lines=(
            "routes:",
            "  - match: { prefix: / }",
            f"    redirect: {{ https_redirect: true, port_redirect: {demands.https_port} }}",
        ),
    )
    if demands.hsts is not None:
        yield Setting(
            topic=Topic.HSTS,
            place="in the route configuration",
            lines=(
                "response_headers_to_add:",
                "  - header:",
                "      key: strict-transport-security",
                f'      value: "{hsts_value(demands.hsts)}"',
            ),
        )
    yield Setting(
        topic=Topic.TICKETS, place=_CONTEXT, lines=("disable_stateless_session_resumption: true",)
    )


def _client_certificates(*, is_required: bool) -> Iterator[str]:
    yield f"require_client_certificate: {str(is_required).lower()}"
    if is_required:
        yield "common_tls_context:"
        yield "  validation_context:"
        yield "    trusted_ca: { filename: /etc/envoy/client-ca.pem }"


def _suites(demands: Demands) -> Iterator[str]:
    for name in demands.suites:
        suite = cipher_suite_by_name(name)
        if suite is not None and suite.openssl_name in _KNOWN:
            yield suite.openssl_name


def _parameter(topic: Topic, *lines: str) -> Setting:
    return Setting(topic=topic, place=_PARAMS, lines=lines)


ENVOY: Final = ServerKind(
    name="Envoy", aliases=("envoy", "istio"), write=_settings, banners=("envoy", "istio-envoy")
)
