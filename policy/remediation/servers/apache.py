"""Apache httpd: the directives of mod_ssl, of mod_headers for HSTS and mod_alias for the redirect.

The first virtual host of an address and port begins every handshake, before the server name is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation import openssl_names
from policy.remediation.demands import Demands
from policy.remediation.hsts import hsts_value
from policy.remediation.setting import ServerKind, Setting, Topic

_HOST: Final = "in the virtual host of the HTTPS service"
_FIRST: Final = f"{_HOST}, and in the first one of its address and port"
_SERVER: Final = "outside of all virtual hosts"
_PLACES: Final = {
    Topic.VERSIONS: _FIRST,
    Topic.SUITES: _FIRST,
    Topic.GROUPS: _FIRST,
    Topic.SCHEMES: _FIRST,
    Topic.STAPLING: _SERVER,
    Topic.REDIRECT: _SERVER,
}


def _settings(demands: Demands) -> Iterator[Setting]:
    for topic, lines in _lines(demands):
        yield Setting(topic=topic, place=_PLACES.get(topic, _HOST), lines=lines)


def _lines(demands: Demands) -> Iterator[tuple[Topic, tuple[str, ...]]]:
    versions = " ".join(f"+{label}" for label in openssl_names.version_labels(demands))
    yield Topic.VERSIONS, (f"SSLProtocol -all {versions}",)
    yield Topic.SUITES, tuple(_suites(demands))
    yield Topic.GROUPS, openssl_names.group_lines(demands, "SSLOpenSSLConfCmd Groups {}")
    schemes = openssl_names.scheme_lines(demands, "SSLOpenSSLConfCmd SignatureAlgorithms {}")
    yield Topic.SCHEMES, schemes
    yield (
        Topic.DH,
        openssl_names.dh_lines(demands, "SSLOpenSSLConfCmd DHParameters {}", "/etc/apache2/dh.pem"),
    )
    if demands.client_certificates is True:
        yield (
            Topic.CLIENT_CERTIFICATES,
            (
                "SSLCACertificateFile /etc/apache2/client-ca.pem",
                "SSLVerifyClient require",
            ),
        )
    elif demands.client_certificates is False:
        yield Topic.CLIENT_CERTIFICATES, ("SSLVerifyClient none",)
    yield from _lines_of_the_site(demands)


def _lines_of_the_site(demands: Demands) -> Iterator[tuple[Topic, tuple[str, ...]]]:
    yield (
        Topic.CHAIN,
        (
            "# the leaf first, then every intermediate certificate, without the root",
            "SSLCertificateFile /etc/apache2/chain.pem",
            "SSLCertificateKeyFile /etc/apache2/key.pem",
        ),
    )
    yield (
        Topic.STAPLING,
        (
            'SSLStaplingCache "shmcb:${APACHE_RUN_DIR}/stapling(128000)"',
            "SSLUseStapling on",
        ),
    )
    yield (
        Topic.REDIRECT,
        (
            f"<VirtualHost *:{demands.http_port}>",
            f"    RedirectMatch permanent ^(.*)$ https://www.example.com{demands.https_port_suffix}$1",
            "</VirtualHost>",
        ),
    )
    if demands.hsts is not None:
        value = hsts_value(demands.hsts)
        yield Topic.HSTS, (f'Header always set Strict-Transport-Security "{value}"',)
    yield Topic.TICKETS, ("SSLSessionTickets off",)
    yield Topic.COMPRESSION, ("SSLCompression off",)
    yield Topic.RENEGOTIATION, ("SSLInsecureRenegotiation off",)


def _suites(demands: Demands) -> Iterator[str]:
    if demands.suites:
        yield f"SSLCipherSuite {openssl_names.cipher_list(demands)}"
    if listed := openssl_names.ciphersuites(demands):
        yield f"SSLCipherSuite TLSv1.3 {listed}"
    if demands.server_decides is not None:
        yield f"SSLHonorCipherOrder {'on' if demands.server_decides else 'off'}"


APACHE: Final = ServerKind(
    name="Apache httpd",
    aliases=("apache", "apache2", "httpd"),
    write=_settings,
    banners=("apache",),
)
