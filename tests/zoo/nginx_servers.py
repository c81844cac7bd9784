"""nginx in ten configurations; its defaults are those in the documentation of ngx_http_ssl_module.

nginx uses OpenSSL's order only with ``ssl_prefer_server_ciphers on``, has no Diffie-Hellman parameters
without ``ssl_dhparam``, and its ``ssl_ecdh_curve auto`` is OpenSSL's default list of groups. With
``ssl_verify_client on`` it completes the handshake without a certificate and then answers HTTP 400: at the
TLS level, the certificate is requested. It does the same with a certificate that does not verify, unless
``optional_no_ca`` is set.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.certificates.certificate import KeyType
from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict
from tests.zoo.certificates import CLIENT_CA_NAME, Certificates, Identity
from tests.zoo.choice import Choice
from tests.zoo.key_exchanges import KeyExchanges, curves_and_fields, signatures
from tests.zoo.openssl_words import (
    ENVIRONMENT,
    GROUP_PREFERENCE,
    TLS13_GROUPS,
    TLS13_SUITES,
    signature_schemes,
    suites,
)
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer
from tests.zoo.truth import Truth

TLSV1_0, TLSV1_1, TLSV1_2, TLSV1_3 = (
    ProtocolVersion.TLSV1_0,
    ProtocolVersion.TLSV1_1,
    ProtocolVersion.TLSV1_2,
    ProtocolVersion.TLSV1_3,
)
SIX_ECDHE_SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
OLD_SUITES = "ALL:eNULL:!aNULL:@SECLEVEL=0"
RSA_SUITES = "ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA:ECDHE-RSA-CHACHA20-POLY1305:AES256-GCM-SHA384"

_CONFIGURATION = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 512; }}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port} ssl backlog=512;
        return 200 "zoo";
        {directives}
    }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    """One configuration: nginx's keys, and its directives about TLS."""

    identities: Callable[[Certificates], tuple[Identity, ...]]
    directives: tuple[str, ...]

    @contextmanager
    def start(self, certificates: Certificates, directory: Path) -> Iterator[int]:
        """Runs nginx on a free loopback port while the context lasts; yields the port."""
        _make_dh_parameters(directory / "dh.pem")
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            port: int = listener.getsockname()[1]
            configuration = directory / "nginx.conf"
            configuration.write_text(
                _CONFIGURATION.format(port=port, directives=self._directives(certificates))
            )
            # nginx inherits the sockets named in NGINX if they do not block, so the port is
            # never free for another process in between.
            listener.setblocking(False)
            descriptor = os.dup(listener.fileno())
        arguments = ["nginx", "-p", str(directory), "-c", str(configuration), "-e", "stderr"]
        environment = ENVIRONMENT | {"NGINX": f"{descriptor};", "PATH": _path_with_sbin()}
        command = Command(
            arguments=arguments,
            ready=r"start worker process \d",
            environment=environment,
            inherited_descriptors=[descriptor],
        )
        try:
            with running(command, directory):
                os.close(descriptor)
                descriptor = -1
                yield port
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _directives(self, certificates: Certificates) -> str:
        lines = []
        for identity in self.identities(certificates):
            lines.append(f"ssl_certificate {identity.chain_file};")
            lines.append(f"ssl_certificate_key {identity.key_file};")
        lines += [
            line.format(client_ca=certificates.client_ca_file, staple=certificates.staple_file)
            for line in self.directives
        ]
        return "\n        ".join(lines)


def _path_with_sbin() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"


def _make_dh_parameters(path: Path) -> None:
    subprocess.run(
        [
            "openssl",
            "genpkey",
            "-genparam",
            "-algorithm",
            "DH",
            "-pkeyopt",
            "group:ffdhe2048",
            "-out",
            str(path),
        ],
        check=True,
        capture_output=True,
    )


def _rsa(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.rsa,)


def _rsa_and_ecdsa(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.rsa, certificates.ecdsa)


def _ecdsa(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.ecdsa,)


def _expired(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.expired,)


def _without_intermediate(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.without_intermediate,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """The part of a configuration from which its truth follows."""

    versions: tuple[ProtocolVersion, ...] = (TLSV1_2, TLSV1_3)
    ciphers: str = SIX_ECDHE_SUITES
    preference: Preference = Preference.CLIENT
    with_dhe: bool = False
    groups: tuple[str, ...] = TLS13_GROUPS
    client_auth: ClientAuthMode = ClientAuthMode.NONE
    verifies_clients: Verdict | None = None


def _nginx(
    name: str,
    identities: Callable[[Certificates], tuple[Identity, ...]],
    word: _Word,
    *more: str,
) -> ZooServer:
    labels = " ".join(version.label.removesuffix(".0") for version in word.versions)
    prefer = "on" if word.preference is Preference.SERVER else "off"
    nginx = Nginx(
        identities=identities,
        directives=(
            f"ssl_protocols {labels};",
            f"ssl_ciphers {word.ciphers};",
            f"ssl_prefer_server_ciphers {prefer};",
            *more,
        ),
    )

    def truth(certificates: Certificates) -> Truth:
        keys = identities(certificates)
        has_tls13 = TLSV1_3 in word.versions
        accepted = suites(
            tuple(version for version in word.versions if version < TLSV1_3),
            word.ciphers,
            authentication=frozenset(str(identity.key_type).upper() for identity in keys),
            preference=word.preference,
            with_dhe=word.with_dhe,
            tls13=TLS13_SUITES if has_tls13 else (),
        )
        return Truth(
            cipher_suites=accepted,
            groups=Choice.of(word.groups, GROUP_PREFERENCE) if has_tls13 else None,
            chains={identity.key_type: identity.chain for identity in keys},
            client_auth=word.client_auth,
            verifies_clients=word.verifies_clients,
            ca_names=() if word.client_auth is ClientAuthMode.NONE else (CLIENT_CA_NAME,),
            key_exchanges=_key_exchanges(word, accepted, [one.key_type for one in keys]),
        )

    return ZooServer(name=name, start=nginx.start, truth=truth)


def _key_exchanges(
    word: _Word, accepted: Mapping[ProtocolVersion, Choice], keys: Sequence[KeyType]
) -> KeyExchanges:
    """``dh.pem`` contains ffdhe2048, which counts wherever it is used."""
    return KeyExchanges(
        groups=curves_and_fields(
            accepted, word.groups, preference=word.preference, ffdhe=("ffdhe2048",)
        ),
        fields=frozenset({"ffdhe2048"}) if word.with_dhe else frozenset(),
        schemes=signatures(accepted, keys, signature_schemes(word.ciphers), word.preference),
    )


NGINX_MODERN = _nginx("nginx-rsa-and-ecdsa", _rsa_and_ecdsa, _Word())
"""TLS 1.2 with six ECDHE suites, TLS 1.3 with three: the server for the connection budget."""

NGINX_SERVERS = (
    NGINX_MODERN,
    _nginx(
        "nginx-rsa-server-preference",
        _rsa,
        _Word(ciphers=RSA_SUITES, preference=Preference.SERVER),
    ),
    _nginx("nginx-rsa-client-preference", _rsa, _Word(ciphers=RSA_SUITES)),
    _nginx(
        "nginx-old",
        _rsa,
        _Word(versions=(TLSV1_0, TLSV1_1, TLSV1_2), ciphers=OLD_SUITES, with_dhe=True),
        "ssl_dhparam dh.pem;",
    ),
    _nginx("nginx-tls12-only", _rsa_and_ecdsa, _Word(versions=(TLSV1_2,))),
    _nginx("nginx-ecdsa-only", _ecdsa, _Word()),
    _nginx("nginx-two-keys-server-preference", _rsa_and_ecdsa, _Word(preference=Preference.SERVER)),
    _nginx("nginx-tls13-rsa-only", _rsa, _Word(versions=(TLSV1_3,))),
    _nginx("nginx-tls13-only", _rsa_and_ecdsa, _Word(versions=(TLSV1_3,))),
    _nginx(
        "nginx-verify-client-on",
        _rsa,
        _Word(client_auth=ClientAuthMode.REQUESTED, verifies_clients=Verdict.YES),
        "ssl_verify_client on;",
        "ssl_client_certificate {client_ca};",
    ),
    _nginx(
        "nginx-verify-client-optional",
        _ecdsa,
        _Word(client_auth=ClientAuthMode.REQUESTED, verifies_clients=Verdict.YES),
        "ssl_verify_client optional;",
        "ssl_client_certificate {client_ca};",
    ),
    _nginx(
        "nginx-verify-client-optional-no-ca",
        _ecdsa,
        _Word(client_auth=ClientAuthMode.REQUESTED, verifies_clients=Verdict.NO),
        "ssl_verify_client optional_no_ca;",
        "ssl_client_certificate {client_ca};",
    ),
    _nginx(
        "nginx-two-curves",
        _rsa,
        _Word(groups=("secp384r1", "x25519")),
        "ssl_ecdh_curve secp384r1:X25519;",
    ),
    _nginx(
        "nginx-stapling",
        _rsa,
        _Word(),
        "ssl_stapling on;",
        "ssl_stapling_file {staple};",
    ),
    _nginx(
        "nginx-stapling-tls13-only",
        _rsa,
        _Word(versions=(TLSV1_3,)),
        "ssl_stapling on;",
        "ssl_stapling_file {staple};",
    ),
    _nginx("nginx-expired", _expired, _Word()),
    _nginx("nginx-without-intermediate", _without_intermediate, _Word()),
)
