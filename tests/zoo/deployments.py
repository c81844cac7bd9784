"""One nginx with many chains, each on its own port: the tests' chain faults on a real server.

The chains come from ``tests.pki.certificates.scenarios`` and follow badssl.com's sub-sites.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from model.certificates.certificate import Problem
from tests.pki.certificates.making import (
    DAY,
    NOW,
    SERVER_NAME,
    SERVER_NAMES,
    Hash,
    Made,
    make,
    with_old_hash,
)
from tests.pki.certificates.scenarios import LOWER, ROOT, SCENARIOS, UPPER, Scenario
from tests.pki.revocation.making import REVOKED, response
from tests.probe.programmable.primes import prime
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running

_NOT_SERVED: Final = frozenset({"leaf last"})
"""nginx does not start if the first certificate does not belong to its key."""

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
    issuer: Made = LOWER,
    hash_algorithm: Hash | None = None,
    hints: tuple[x509.ExtensionType, ...] = (),
    server_name: str = SERVER_NAME,
    staple: Mapping[str, Any] | None = None,
) -> Scenario:
    leaf = make(
        common_name,
        issuer=issuer,
        names=names,
        private_key=key,
        hash_algorithm=hash_algorithm,
        hints=hints,
    )
    return Scenario(
        sent=(leaf, LOWER, UPPER),
        anchors=(ROOT,),
        problems=problems,
        server_name=server_name,
        staple=None if staple is None else response(about=leaf, issuer=LOWER, **staple),
    )


def _signed_over_old_hashes() -> dict[str, Scenario]:
    """badssl.com's sha1-2017, sha1-intermediate and md5."""
    lower = make(
        "rsa lower", issuer=ROOT, is_ca=True, private_key=rsa.generate_private_key(65537, 2048)
    )
    leaf = make("server", issuer=lower, names=SERVER_NAMES)
    upper = make(
        "rsa upper", issuer=ROOT, is_ca=True, private_key=rsa.generate_private_key(65537, 2048)
    )
    below = make(
        "rsa below", issuer=upper, is_ca=True, private_key=rsa.generate_private_key(65537, 2048)
    )
    weak = (Problem.WEAK_SIGNATURE,)

    def sent(*chain: Made) -> Scenario:
        return Scenario(sent=chain, anchors=(ROOT,), problems=weak)

    return {
        "sha-1": sent(with_old_hash(leaf, lower, hashes.SHA1()), lower),  # noqa: S303 (it is what is shown)
        "md5": sent(with_old_hash(leaf, lower, hashes.MD5()), lower),  # noqa: S303 (as above)
        "sha-1 in the intermediate": sent(
            make("server", issuer=below, names=SERVER_NAMES),
            with_old_hash(below, upper, hashes.SHA1()),  # noqa: S303 (as above)
            upper,
        ),
    }


def _rsa_of_8192() -> rsa.RSAPrivateKey:
    """A key from two well-known primes, because finding others takes half a minute."""
    p, q = prime("ffdhe4096"), prime("RFC 3526 group 16")
    public = rsa.RSAPublicNumbers(65537, p * q)
    d = pow(public.e, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=public,
    ).private_key(
        unsafe_skip_rsa_key_validation=True
    )  # Checking that the primes are prime would take seconds.


def _like_badssl() -> dict[str, Scenario]:
    mismatch = (Problem.HOSTNAME_MISMATCH,)
    escape = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "\x1b[31mred\x07")])
    many = tuple(x509.DNSName(f"name{number}.test") for number in range(10_000))
    international, long = "xn--n1aae7f7o.test", f"{'long-' * 12}name.test"
    must_staple = (x509.TLSFeature([x509.TLSFeatureType.status_request]),)
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
        "a thousand names": _server(names=(*SERVER_NAMES, *many[:1000])),
        "ten thousand names": _server(names=(*SERVER_NAMES, *many)),
        "international name": _server(
            names=(x509.DNSName(international),), server_name=international
        ),
        "long name": _server(names=(x509.DNSName(long),), server_name=long),
        "revoked": _server(staple={"status": REVOKED}, problems=(Problem.REVOKED,)),
        "not revoked": _server(staple={}, hints=must_staple),
        "staple is stale": _server(
            staple={"next_update": NOW - DAY / 2},
            hints=must_staple,
            problems=(Problem.STAPLE_MISSING,),
        ),
        "staple is demanded": _server(hints=must_staple, problems=(Problem.STAPLE_MISSING,)),
        "sha-384": _server(hash_algorithm=hashes.SHA384()),
        "sha-512": _server(hash_algorithm=hashes.SHA512()),
        **_signed_over_old_hashes(),
        "escape sequence": _server(escape),
        "rsa 1024": _server(
            key=rsa.generate_private_key(65537, 1024),  # noqa: S505 (a weak key is what is shown)
            problems=(Problem.WEAK_KEY,),
        ),
        "rsa 2048": _server(key=rsa.generate_private_key(65537, 2048)),
        "rsa 8192": _server(key=_rsa_of_8192()),
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
            blocks.append(_block(number, ports[name], scenario, directory))
        configuration = directory / "nginx.conf"
        configuration.write_text(_HEAD.format(versions=versions) + "".join(blocks) + "}\n")
        command = Command(
            arguments=["nginx", "-p", str(directory), "-c", str(configuration), "-e", "stderr"],
            ready=r"start worker process \d",
            # nginx inherits the sockets named in NGINX.
            environment={
                **ENVIRONMENT,
                "PATH": _PATH,
                "NGINX": "".join(f"{descriptor};" for descriptor in descriptors),
            },
            inherited_descriptors=descriptors,
        )
        with running(command, directory):
            yield ports


def _block(number: int, port: int, scenario: Scenario, directory: Path) -> str:
    chain, key = directory / f"{number}.pem", directory / f"{number}.key"
    chain.write_bytes(b"".join(made.pem for made in scenario.sent))
    private = scenario.sent[0].key
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    stapling = ""
    if scenario.staple is not None:
        staple = directory / f"{number}.ocsp"
        staple.write_bytes(scenario.staple)
        stapling = f"ssl_stapling on; ssl_stapling_file {staple}; "
    return (
        f"    server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; "
        f"ssl_certificate_key {key}; {stapling}return 200; }}\n"
    )
