"""Caddy 2: the ``tls`` directive of the Caddyfile. It redirects to HTTPS and staples OCSP by default."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.protocol_version import ProtocolVersion
from policy.remediation.demands import Demands
from policy.remediation.go_names import go_suites
from policy.remediation.hsts import hsts_value
from policy.remediation.setting import ServerKind, Setting, Topic

_TLS: Final = "in the site's block, inside tls { }"
_SITE: Final = "in the site's block"
_CURVES: Final = {
    "x25519": "x25519",
    "secp256r1": "secp256r1",
    "secp384r1": "secp384r1",
    "secp521r1": "secp521r1",
    "X25519MLKEM768": "x25519mlkem768",
}


def _settings(demands: Demands) -> Iterator[Setting]:
    # Caddy supports only TLS 1.2 and 1.3.
    oldest = max(demands.oldest, ProtocolVersion.TLSV1_2)
    newest = max(demands.newest, ProtocolVersion.TLSV1_2)
    words = f"protocols {_word(oldest)} {_word(newest)}"
    yield Setting(topic=Topic.VERSIONS, place=_TLS, lines=(words,))
    if suites := [name for name in go_suites(demands) if _is_known(name)]:
        lines = (f"ciphers {' '.join(suites)}",)
        yield Setting(topic=Topic.SUITES, place=_TLS, lines=lines)
    yield Setting(topic=Topic.GROUPS, place=_TLS, lines=tuple(_curves(demands)))
    if demands.client_certificates is True:
        yield Setting(
            topic=Topic.CLIENT_CERTIFICATES,
            place=_TLS,
            lines=(
                "client_auth {",
                "    mode require_and_verify",
                "    trusted_ca_cert_file /etc/caddy/client-ca.pem",
                "}",
            ),
        )
    yield Setting(
        topic=Topic.CHAIN,
        place=_SITE,
        lines=("tls /etc/caddy/chain.pem /etc/caddy/key.pem",),
    )
    if demands.hsts is not None:
        lines = (f'header Strict-Transport-Security "{hsts_value(demands.hsts)}"',)
        yield Setting(topic=Topic.HSTS, place=_SITE, lines=lines)


def _curves(demands: Demands) -> Iterator[str]:
    names = demands.groups if demands.needs_post_quantum else demands.classical_groups
    known = [_CURVES[name] for name in names if name in _CURVES]
    if known:
        yield f"curves {' '.join(known)}"
    if known and not demands.needs_post_quantum and "X25519MLKEM768" in demands.groups:
        yield "# from Caddy 2.10 on, put x25519mlkem768 first"


def _is_known(suite: str) -> bool:
    """Caddy has Go's suites except those that Go calls insecure."""
    return suite.startswith("TLS_ECDHE_") and not suite.endswith("_CBC_SHA256")


def _word(version: ProtocolVersion) -> str:
    return version.label.replace("TLSv", "tls")


CADDY: Final = ServerKind(name="Caddy", aliases=("caddy",), write=_settings, banners=("caddy",))
