"""Mail domains of every kind on real servers: Knot DNS, Unbound, Postfix and nginx, all on loopback.

The root zone and ``signed`` are signed, ``plain`` is not. Unbound validates from the keys of both. Each MX host is an
address of its own, at which Postfix listens at one port. nginx serves the policies at another address.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.pki.certificates.making import DAY, Made, make
from tests.pki.dns.name_servers import ENVIRONMENT
from tests.probe.starttls.home import Home, home
from tests.probe.starttls.servers.postfix import postfix
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates
from tests.zoo.process import Command, running

SIGNED, PLAIN = "signed", "plain"
_POLICY_HOST: Final = "127.0.0.40"
_SILENT_HOST: Final = "127.0.0.41"

_KNOT: Final = """\
server:
    rundir: "{directory}"
    listen: 127.0.0.1@{port}
database:
    storage: "{directory}"
log:
  - target: stderr
    any: info
template:
  - id: default
    storage: "{directory}"
zone:
  - domain: "."
    file: root.zone
    dnssec-signing: on
  - domain: signed
    file: signed.zone
    dnssec-signing: on
  - domain: plain
    file: plain.zone
"""
_UNBOUND: Final = """\
server:
    interface: 127.0.0.1
    port: {port}
    do-ip6: no
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{directory}"
    pidfile: ""
    use-syslog: no
    logfile: ""
    verbosity: 1
    do-not-query-localhost: no
    trust-anchor: "{root}"
    trust-anchor: "{signed}"
    # No key of the zone has this digest: the answer is bogus, and becomes SERVFAIL.
    trust-anchor: "_mta-sts.failing.signed. DS 1 13 2 {wrong}"
remote-control:
    control-enable: no
stub-zone:
    name: "."
    stub-addr: 127.0.0.1@{authority}
"""
_ROOT_ZONE: Final = """\
$ORIGIN .
$TTL 60
@ SOA ns.root-servers. hostmaster. 1 3600 600 86400 60
@ NS ns.root-servers.
ns.root-servers. A 127.0.0.1
signed. NS ns.signed.
ns.signed. A 127.0.0.1
plain. NS ns.plain.
ns.plain. A 127.0.0.1
"""
_ZONE: Final = """\
$ORIGIN {zone}.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
"""
_NGINX: Final = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 128; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    types {{ text/plain txt; text/html html; }}
{servers}}}
"""
_NGINX_SERVER: Final = """\
    server {{
        listen {address}:{port} ssl;
        server_name mta-sts.{domain};
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        {location}
    }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ports of the servers, and the certificates that they serve."""

    resolver: int
    authority: int
    smtp: int
    https: int
    root_file: Path
    served: Mapping[str, Made]
    policies: Mapping[str, bytes]


def policy(mode: str, *mx: str, max_age: int = 604_800) -> bytes:
    """The text of a policy, in the form of RFC 8461, section 3.2."""
    lines = [
        "version: STSv1",
        f"mode: {mode}",
        *(f"mx: {one}" for one in mx),
        f"max_age: {max_age}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def tlsa(usage: int, selector: int, made: Made) -> str:
    """The data of a TLSA record with SHA-256 for this certificate."""
    key = made.certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return f"{usage} {selector} 1 {hashlib.sha256(key if selector else made.der).hexdigest()}"


NOW: Final = datetime.now(UTC)
SINCE, UNTIL = NOW - 30 * DAY, NOW + 30 * DAY
ROOT: Final = make("mail root", is_ca=True, valid_from=SINCE, valid_to=UNTIL)
STRANGER: Final = make("mail root", is_ca=True, valid_from=SINCE, valid_to=UNTIL)


def _leaf(*names: str, issuer: Made = ROOT) -> Made:
    return make(
        names[0],
        issuer=issuer,
        names=tuple(map(x509.DNSName, names)),
        valid_from=SINCE,
        valid_to=UNTIL,
    )


HOSTS: Final[Mapping[str, str]] = {
    "mx.dane.signed": "127.0.0.11",
    "mx.rolled.signed": "127.0.0.12",
    "mx.ca.signed": "127.0.0.13",
    "mx.next.signed": "127.0.0.14",
    "mx.pkix.signed": "127.0.0.15",
    "mx.sts.plain": "127.0.0.16",
    "mx.cleartext.plain": "127.0.0.17",
    "mx.expired.plain": "127.0.0.18",
    "implicit.plain": "127.0.0.19",
}
"""The address of each MX host."""

WITHOUT_TLS: Final = frozenset({"mx.cleartext.plain"})
POLICIES: Final[Mapping[str, bytes]] = {
    "sts.plain": policy("enforce", "mx.sts.plain"),
    "wildcard.plain": policy("enforce", "*.sts.plain"),
    "mismatch.plain": policy("enforce", "mail.elsewhere.plain", "*.mx.sts.plain"),
    "untrusted-mx.plain": policy("enforce", "mx.expired.plain"),
    "testing.plain": policy("testing", "mx.sts.plain"),
    "invalid.plain": b"version: STSv1\nmode: enforced\nmax_age: 86400\nmx: mx.sts.plain\n",
    "untrusted.plain": policy("enforce", "mx.sts.plain"),
    "redirected.plain": policy("enforce", "mx.sts.plain"),
    "html.plain": policy("enforce", "mx.sts.plain"),
    "big.plain": policy("enforce", "mx.sts.plain") + b"note: x\n" * 9_000,
    "failing.signed": policy("enforce", "mx.sts.plain"),
    "missing.plain": b"",
}
"""What is served for each domain."""


def _records(port: int, served: Mapping[str, Made]) -> Mapping[str, Sequence[str]]:
    at = f"_{port}._tcp.mx"
    old = _leaf("mx.rolled.signed")
    signed = [
        *(f"{host}. A {address}" for host, address in HOSTS.items() if host.endswith(SIGNED)),
        *(f"{name} MX 10 mx.{name}" for name in ("dane", "rolled", "ca", "next", "pkix")),
        f"{at}.dane TLSA {tlsa(3, 1, served['mx.dane.signed'])}",
        f"{at}.rolled TLSA {tlsa(3, 1, old)}",
        f"{at}.ca TLSA {tlsa(2, 0, ROOT)}",
        f"{at}.next TLSA {tlsa(3, 1, served['mx.next.signed'])}",
        f"{at}.next TLSA {tlsa(3, 1, old)}",
        f"{at}.pkix TLSA {tlsa(1, 1, served['mx.pkix.signed'])}",
        "failing MX 10 mx.sts.plain.",
        '_mta-sts.failing TXT "v=STSv1; id=1"',
        '_smtp._tls.dane TXT "v=TLSRPTv1; rua=mailto:reports@dane.signed"',
    ]
    names = [name.removesuffix(f".{PLAIN}") for name in POLICIES if name.endswith(PLAIN)]
    own = {"untrusted-mx": "mx.expired"}
    plain = [
        *(f"{host}. A {address}" for host, address in HOSTS.items() if host.endswith(PLAIN)),
        *(f"{name} MX 10 {own.get(name, 'mx.sts')}" for name in names),
        *(f'_mta-sts.{name} TXT "v=STSv1; id=20261201;"' for name in names),
        *(f"mta-sts.{name} A {_POLICY_HOST}" for name in names),
        "opportunistic MX 10 mx.sts",
        "cleartext MX 10 mx.cleartext",
        "null MX 0 .",
        "unsigned-mx MX 10 mx.dane.signed.",
        "two MX 10 mx.dane.signed.",
        "two MX 20 mx.sts",
        "silent MX 10 mx.sts",
        '_mta-sts.silent TXT "v=STSv1; id=1"',
        f"mta-sts.silent A {_SILENT_HOST}",
        "twice MX 10 mx.sts",
        '_mta-sts.twice TXT "v=STSv1; id=1"',
        '_mta-sts.twice TXT "v=STSv1; id=2"',
    ]
    return {SIGNED: signed, PLAIN: plain}


def _write_pem(directory: Path, name: str, made: Made, *above: Made) -> tuple[Path, Path]:
    key, chain = directory / f"{name}.key", directory / f"{name}.pem"
    key.write_bytes(made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    chain.write_bytes(b"".join(one.pem for one in (made, *above)))
    return key, chain


@contextmanager
def mail_world(certificates: Certificates, directory: Path) -> Iterator[World]:
    """All servers while the context lasts."""
    authority, resolver, smtp, https = free_ports(4)
    served = {host: _leaf(host, issuer=_issuer(host)) for host in HOSTS}
    root_file = directory / "root.pem"
    root_file.write_bytes(ROOT.pem)
    with ExitStack() as stack:
        stack.enter_context(_dns(directory, authority, resolver, _records(smtp, served)))
        own = stack.enter_context(home(certificates, as_ourselves=True))
        stack.enter_context(postfix(own, _services(own, smtp, served)))
        stack.enter_context(_web(directory, https))
        yield World(
            resolver=resolver,
            authority=authority,
            smtp=smtp,
            https=https,
            root_file=root_file,
            served=served,
            policies=POLICIES,
        )


def _issuer(host: str) -> Made:
    return STRANGER if host == "mx.expired.plain" else ROOT


def _services(own: Home, port: int, served: Mapping[str, Made]) -> dict[str, str]:
    found: dict[str, str] = {}
    for host, address in HOSTS.items():
        key, chain = _write_pem(own.directory, host, served[host], _issuer(host))
        level = "none" if host in WITHOUT_TLS else "may"
        found[f"{address}:{port}"] = (
            f"smtpd_tls_chain_files={key},{chain} smtpd_tls_security_level={level}"
        )
    return found


@contextmanager
def _dns(
    directory: Path, authority: int, resolver: int, records: Mapping[str, Sequence[str]]
) -> Iterator[None]:
    folder = directory / "dns"
    folder.mkdir()
    (folder / "root.zone").write_text(_ROOT_ZONE)
    for zone, lines in records.items():
        text = _ZONE.format(zone=zone) + "".join(f"{line}\n" for line in lines)
        (folder / f"{zone}.zone").write_text(text)
    knot = folder / "knot.conf"
    knot.write_text(_KNOT.format(directory=folder, port=authority))
    with ExitStack() as stack:
        serving = Command(
            arguments=["knotd", "-c", str(knot)],
            ready=r"server started",
            environment=ENVIRONMENT,
        )
        stack.enter_context(running(serving, folder))
        unbound = folder / "unbound.conf"
        anchors = {name: _anchor(knot, zone) for name, zone in (("root", "."), (SIGNED, SIGNED))}
        text = _UNBOUND.format(
            directory=folder, port=resolver, authority=authority, wrong="00" * 32, **anchors
        )
        unbound.write_text(text)
        resolving = Command(
            arguments=["unbound", "-d", "-c", str(unbound)],
            ready="start of service",
            environment=ENVIRONMENT,
        )
        stack.enter_context(running(resolving, folder))
        yield


def _anchor(knot: Path, zone: str) -> str:
    """The DS record of the zone's key, with SHA-256."""
    said = subprocess.run(
        ["keymgr", "-c", str(knot), zone, "ds"],
        check=True,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    return next(line for line in said.stdout.splitlines() if line.split()[4] == "2")


@contextmanager
def _web(directory: Path, port: int) -> Iterator[None]:
    folder = directory / "web"
    folder.mkdir()
    servers = []
    for domain, text in POLICIES.items():
        host = f"mta-sts.{domain}"
        issuer = STRANGER if domain == "untrusted.plain" else ROOT
        key, chain = _write_pem(folder, host, _leaf(host, issuer=issuer), issuer)
        root = folder / domain / ".well-known"
        root.mkdir(parents=True)
        if text:
            (root / "mta-sts.txt").write_bytes(text)
        location = f"root {root.parent};"
        if domain == "redirected.plain":
            location = "return 301 https://mta-sts.sts.plain/.well-known/mta-sts.txt;"
        if domain == "html.plain":
            location += " types { } default_type text/html;"
        servers.append(
            _NGINX_SERVER.format(
                address=_POLICY_HOST,
                port=port,
                domain=domain,
                certificate=chain,
                key=key,
                location=location,
            )
        )
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(servers="".join(servers)))
    serving = Command(
        arguments=["nginx", "-p", str(folder), "-c", str(configuration), "-e", "stderr"],
        ready="start worker process ",
        environment={"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"},
    )
    with running(serving, folder):
        yield
