"""nginx: the directives of ngx_http_ssl_module; settings that only OpenSSL has use ``ssl_conf_command``.

The block that is the port's ``default_server`` begins every handshake, so its settings may apply to all names. A
location with an ``add_header`` of its own inherits none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation import openssl_names
from policy.remediation.demands import Demands
from policy.remediation.hsts import hsts_value
from policy.remediation.setting import ServerKind, Setting, Topic

_PLACE: Final = "in the server block"
_OF_THE_PORT: Final = f"{_PLACE}, and in the default_server block of its port"
_INHERITED: Final = f"{_PLACE}, and in each location that has an add_header of its own"
_PLACES: Final = {
    Topic.VERSIONS: _OF_THE_PORT,
    Topic.SUITES: _OF_THE_PORT,
    Topic.GROUPS: _OF_THE_PORT,
    Topic.SCHEMES: _OF_THE_PORT,
    Topic.HSTS: _INHERITED,
}


def _settings(demands: Demands) -> Iterator[Setting]:
    redirecting = f"instead of other server blocks on port {demands.http_port}"
    places = {**_PLACES, Topic.REDIRECT: redirecting}
    for topic, lines in _lines(demands):
        yield Setting(topic=topic, place=places.get(topic, _PLACE), lines=lines)


def _lines(demands: Demands) -> Iterator[tuple[Topic, tuple[str, ...]]]:
    yield Topic.VERSIONS, (f"ssl_protocols {' '.join(openssl_names.version_labels(demands))};",)
    yield Topic.SUITES, tuple(_suites(demands))
    yield Topic.GROUPS, openssl_names.group_lines(demands, "ssl_ecdh_curve {};")
    schemes = openssl_names.scheme_lines(demands, "ssl_conf_command SignatureAlgorithms {};")
    yield Topic.SCHEMES, schemes
    yield Topic.DH, openssl_names.dh_lines(demands, "ssl_dhparam {};", "/etc/nginx/dh.pem")
    if demands.client_certificates is True:
        yield (
            Topic.CLIENT_CERTIFICATES,
            (
                "ssl_client_certificate /etc/nginx/client-ca.pem;",
                "ssl_verify_client on;",
            ),
        )
    elif demands.client_certificates is False:
        yield Topic.CLIENT_CERTIFICATES, ("ssl_verify_client off;",)
    yield from _lines_of_the_site(demands)


def _lines_of_the_site(demands: Demands) -> Iterator[tuple[Topic, tuple[str, ...]]]:
    yield (
        Topic.CHAIN,
        (
            "# the leaf first, then every intermediate certificate, without the root",
            "ssl_certificate /etc/nginx/chain.pem;",
            "ssl_certificate_key /etc/nginx/key.pem;",
        ),
    )
    yield (
        Topic.STAPLING,
        (
            "ssl_stapling on;",
            "ssl_stapling_verify on;",
            "ssl_trusted_certificate /etc/nginx/chain.pem;",
            "# and a resolver, so that nginx finds the responder",
        ),
    )
    yield (
        Topic.REDIRECT,
        (
            "server {",
            f"    listen {demands.http_port};",
            f"    return 301 https://$host{demands.https_port_suffix}$request_uri;",
            "}",
        ),
    )
    if demands.hsts is not None:
        value = hsts_value(demands.hsts)
        yield Topic.HSTS, (f'add_header Strict-Transport-Security "{value}" always;',)
    yield Topic.EARLY_DATA, ("ssl_early_data off;",)
    yield Topic.TICKETS, ("ssl_session_tickets off;",)


def _suites(demands: Demands) -> Iterator[str]:
    if demands.suites:
        yield f"ssl_ciphers {openssl_names.cipher_list(demands)};"
    if listed := openssl_names.ciphersuites(demands):
        yield f"ssl_conf_command Ciphersuites {listed};"
    if demands.server_decides is not None:
        yield f"ssl_prefer_server_ciphers {'on' if demands.server_decides else 'off'};"


NGINX: Final = ServerKind(
    name="nginx",
    aliases=("nginx", "openresty", "tengine"),
    write=_settings,
    banners=("nginx", "openresty"),
)
