"""One nginx that serves many chains, each on a port of its own: the chain faults of the tests, for real.

The chains of ``tests.certificates.scenarios`` and those that follow badssl.com's sub-sites.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from model.certificate import Problem
from tests.certificates.making import DAY, NOW, SERVER_NAMES, Made, make
from tests.certificates.scenarios import LOWER, ROOT, SCENARIOS, UPPER, Scenario
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running

_NOT_SERVED: Final = frozenset({"leaf last"})
"""nginx does not start where the first certificate is not that of its key."""

_PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
_HEAD: Final = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    ssl_protocols {versions};
    ssl_ciphers ALL:@SECLEVEL=0;
    ssl_ecdh_curve X25519:P-256:prime192v1;
    ssl_dhparam dh.pem;
"""


def _server(
    common_name: str | x509.Name = "server",
    *,
    names: tuple[x509.GeneralName, ...] = SERVER_NAMES,
    problems: tuple[Problem, ...] = (),
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
) -> Scenario:
    leaf = make(common_name, issuer=LOWER, names=names, private_key=key)
    return Scenario(sent=(leaf, LOWER, UPPER), anchors=(ROOT,), problems=problems)


def _like_badssl() -> dict[str, Scenario]:
    mismatch = (Problem.HOSTNAME_MISMATCH,)
    escape = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "\x1b[31mred\x07")])
    many = tuple(x509.DNSName(f"name{number}.test") for number in range(1000))
    return {
        "wrong host": _server(names=(x509.DNSName("other.test"),), problems=mismatch),
        "common name only": _server("server.test", names=(), problems=mismatch),
        "no subject": _server(x509.Name([])),
        "no common name": _server(
            x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Zoo")])
        ),
        "wildcard of the domain": _server(names=(x509.DNSName("*.test"),)),
        "wildcard too deep": _server(names=(x509.DNSName("*.server.test"),), problems=mismatch),
        "wildcard in the middle": _server(names=(x509.DNSName("se*er.test"),), problems=mismatch),
        "address only": _server(
            names=(x509.IPAddress(ip_address("127.0.0.1")),), problems=mismatch
        ),
        "a thousand names": _server(names=(*SERVER_NAMES, *many)),
        "escape sequence": _server(escape),
        "rsa 1024": _server(
            key=rsa.generate_private_key(65537, 1024),  # noqa: S505 (a weak key is what is shown)
            problems=(Problem.WEAK_KEY,),
        ),
        "rsa 4096": _server(key=rsa.generate_private_key(65537, 4096)),
        "p-384": _server(key=ec.generate_private_key(ec.SECP384R1())),
        "p-521": _server(key=ec.generate_private_key(ec.SECP521R1())),
        "ed25519": _server(key=ed25519.Ed25519PrivateKey.generate()),
        "a day left": Scenario(
            sent=(
                make("server", issuer=LOWER, names=SERVER_NAMES, valid_to=NOW + DAY),
                LOWER,
                UPPER,
            ),
            anchors=(ROOT,),
        ),
    }


DEPLOYMENTS: Final[Mapping[str, Scenario]] = {
    **{name: one for name, one in SCENARIOS.items() if name not in _NOT_SERVED},
    **_like_badssl(),
}


@contextmanager
def served(
    directory: Path,
    scenarios: Mapping[str, Scenario] = DEPLOYMENTS,
    versions: str = "TLSv1.2 TLSv1.3",
) -> Iterator[Mapping[str, int]]:
    """The loopback port of each deployment, while the context lasts."""
    subprocess.run(
        [
            *("openssl", "genpkey", "-genparam", "-algorithm", "DH"),
            *("-pkeyopt", "group:ffdhe2048", "-out", str(directory / "dh.pem")),
        ],
        check=True,
        capture_output=True,
    )
    with ExitStack() as stack:
        ports, descriptors, blocks = {}, [], []
        for number, (name, scenario) in enumerate(scenarios.items()):
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
            listener.setblocking(False)
            descriptors.append(listener.fileno())
            ports[name] = listener.getsockname()[1]
            blocks.append(_block(number, ports[name], scenario.sent, directory))
        configuration = directory / "nginx.conf"
        configuration.write_text(_HEAD.format(versions=versions) + "".join(blocks) + "}\n")
        command = Command(
            arguments=["nginx", "-p", str(directory), "-c", str(configuration), "-e", "stderr"],
            ready=r"start worker process \d",
            # nginx takes over the sockets named in NGINX.
            environment={
                **ENVIRONMENT,
                "PATH": _PATH,
                "NGINX": "".join(f"{descriptor};" for descriptor in descriptors),
            },
            inherited_descriptors=descriptors,
        )
        with running(command, directory):
            yield ports


def _block(number: int, port: int, sent: tuple[Made, ...], directory: Path) -> str:
    chain, key = directory / f"{number}.pem", directory / f"{number}.key"
    chain.write_bytes(b"".join(made.pem for made in sent))
    key.write_bytes(sent[0].key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return (
        f"    server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; "
        f"ssl_certificate_key {key}; return 200; }}\n"
    )
