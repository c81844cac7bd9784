"""HAProxy: the options of ``bind``; those with a global default go in the global section.

Only ``http-after-response`` (2.2) also sets a header on HAProxy's own responses, such as a redirect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation import openssl_names
from policy.remediation.demands import Demands
from policy.remediation.hsts import hsts_value
from policy.remediation.setting import ServerKind, Setting, Topic

_GLOBAL: Final = "in the global section, and without other values on the bind line"
_BIND: Final = "on the bind line, after ssl"
_FRONTEND: Final = "in the frontend"


def _settings(demands: Demands) -> Iterator[Setting]:
    for topic, place, lines in _lines(demands):
        yield Setting(topic=topic, place=place, lines=lines)


def _lines(demands: Demands) -> Iterator[tuple[Topic, str, tuple[str, ...]]]:
    range_ = f"ssl-min-ver {demands.oldest.label} ssl-max-ver {demands.newest.label}"
    yield Topic.VERSIONS, _GLOBAL, (f"ssl-default-bind-options {range_}",)
    yield Topic.SUITES, _GLOBAL, tuple(_suites(demands))
    yield Topic.GROUPS, _BIND, openssl_names.group_lines(demands, "curves {}")
    schemes = openssl_names.scheme_lines(demands, "sigalgs {}")
    if schemes:
        yield Topic.SCHEMES, _BIND, ("# from HAProxy 2.8 on", *schemes)
    if openssl_names.has_dhe(demands):
        yield Topic.DH, _GLOBAL, (f"tune.ssl.default-dh-param {max(demands.dh_bits, 2048)}",)
    if demands.client_certificates is True:
        yield (
            Topic.CLIENT_CERTIFICATES,
            _BIND,
            ("verify required ca-file /etc/haproxy/client-ca.pem",),
        )
    elif demands.client_certificates is False:
        yield Topic.CLIENT_CERTIFICATES, _BIND, ("verify none",)
    yield (
        Topic.CHAIN,
        _BIND,
        (
            "# the leaf first, then every intermediate certificate, without the root, then the key",
            "crt /etc/haproxy/server.pem",
        ),
    )
    yield (
        Topic.REDIRECT,
        _FRONTEND,
        (f"http-request redirect {_to_https(demands)} code 301 unless {{ ssl_fc }}",),
    )
    if demands.hsts is not None:
        value = hsts_value(demands.hsts)
        yield (
            Topic.HSTS,
            _FRONTEND,
            (f'http-after-response set-header Strict-Transport-Security "{value}"',),
        )
    yield Topic.TICKETS, _GLOBAL, ("ssl-default-bind-options no-tls-tickets",)


def _to_https(demands: Demands) -> str:
    """A change of the scheme would keep the port of plain HTTP."""
    if not demands.https_port_suffix:
        return "scheme https"
    host = "%[req.hdr(host),field(1,:)]"
    return f"prefix https://{host}{demands.https_port_suffix}"


def _suites(demands: Demands) -> Iterator[str]:
    if demands.suites:
        yield f"ssl-default-bind-ciphers {openssl_names.cipher_list(demands)}"
    if listed := openssl_names.ciphersuites(demands):
        yield f"ssl-default-bind-ciphersuites {listed}"
    if demands.server_decides is False:
        yield "ssl-default-bind-options prefer-client-ciphers"


HAPROXY: Final = ServerKind(name="HAProxy", aliases=("haproxy",), write=_settings)
