"""The real servers of the planted differences: one HAProxy for all HTTPS, and PostgreSQL, Redis and vsftpd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from model.frozen import frozen
from tests.probe.starttls.servers.postgresql import POSTGRESQL
from tests.probe.starttls.servers.stores import REDIS
from tests.probe.starttls.servers.vsftpd import VSFTPD
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates
from tests.zoo.front_servers import FRONT_ENVIRONMENT
from tests.zoo.process import Command, running

GCM: Final = ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384")
TLS13_SUITES: Final = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
)
REDIRECT: Final = "redirect scheme https code 301"
WELCOME: Final = "return status 200"
VERIFIED: Final = "ca-file {client_ca} verify required"
UNVERIFIED: Final = f"{VERIFIED} crt-ignore-err all ca-ignore-err all"

_DEFAULTS: Final = """\
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
"""
_HTTPS: Final = """\
frontend tls{at}
    bind 127.0.0.1:{port} ssl crt {pem} ssl-min-ver {oldest} ssl-max-ver {newest} ciphers {suites} {clients}
    http-request return status 200
"""
_HTTP: Final = """\
frontend http{at}
    bind 127.0.0.1:{port}
    http-request {answer}
"""


@frozen
class Site:
    """How an HTTPS server really is: ``clients`` are HAProxy's words on client certificates, ``http`` on HTTP."""

    oldest: str = "TLSv1.2"
    newest: str = "TLSv1.3"
    suites: str = ":".join(GCM)
    certificate: str = "rsa"
    clients: str = ""
    http: str = REDIRECT


@frozen
class Ports:
    """The port of TLS, and that of HTTP, on which nothing listens if a site has no HTTP."""

    tls: int
    http: int = 0


@contextmanager
def https_sites(
    sites: Sequence[Site], certificates: Certificates, directory: Path
) -> Iterator[Sequence[Ports]]:
    """One HAProxy with all of these sites; their ports, in that order."""
    numbers = iter(free_ports(2 * len(sites)))
    ports = [Ports(tls=next(numbers), http=next(numbers)) for _ in sites]
    parts = [_DEFAULTS]
    for at, (site, own) in enumerate(zip(sites, ports, strict=True)):
        parts.append(
            _HTTPS.format(
                at=at,
                port=own.tls,
                pem=_pem(site, certificates, directory),
                oldest=site.oldest,
                newest=site.newest,
                suites=site.suites,
                clients=site.clients.format(client_ca=certificates.client_ca_file),
            )
        )
        if site.http:
            parts.append(_HTTP.format(at=at, port=own.http, answer=site.http))
    configuration = directory / "haproxy.cfg"
    configuration.write_text("".join(parts))
    command = Command(
        arguments=["haproxy", "-db", "-V", "-f", str(configuration)],
        ready=r"^Using \w+\(\) as the polling mechanism",
        environment=FRONT_ENVIRONMENT,
    )
    with running(command, directory):
        yield ports


def _pem(site: Site, certificates: Certificates, directory: Path) -> Path:
    identity = getattr(certificates, site.certificate)
    both = directory / f"{site.certificate}.pem"
    both.write_bytes(identity.chain_file.read_bytes() + identity.key_file.read_bytes())
    return both


@contextmanager
def other_servers(certificates: Certificates) -> Iterator[Mapping[str, Ports]]:
    """The ports of PostgreSQL, Redis and vsftpd by server and configuration, such as ``redis on``."""
    with ExitStack() as stack:
        yield {
            f"{server.name} {configuration}": Ports(tls=port)
            for server in (POSTGRESQL, REDIS, VSFTPD)
            for configuration, port in stack.enter_context(server.start(certificates)).items()
        }
