"""One nginx with many web sites: each a port with TLS, and usually one with HTTP."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.zoo.certificates import Certificates
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running

_PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
_HEAD: Final = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    ssl_certificate {chain};
    ssl_certificate_key {key};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The TLS port of a site, the port that HTTP uses or would use, and one on which nothing listens."""

    tls: int
    clear: int
    closed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """nginx's directives for both servers; ``{tls}``, ``{clear}`` and ``{closed}`` are the ports.

    Without ``in_plaintext`` the port of HTTP is closed.
    """

    over_tls: str
    in_plaintext: str | None


COOKIE: Final = "c0ffee15900d"
"""The value of each cookie that a site sets."""

SITES: Final[Mapping[str, Site]] = {
    "strict": Site(
        over_tls='add_header Strict-Transport-Security "max-age=63072000; includeSubDomains; preload";'
        f'add_header Set-Cookie "session={COOKIE}; Secure; HttpOnly";'
        "add_header Alt-Svc 'h3=\":443\"; ma=86400'; return 200 ok;",
        in_plaintext="return 301 https://zoo.test:{tls}$request_uri;",
    ),
    "lax": Site(
        over_tls=f'add_header Set-Cookie "session={COOKIE}; HttpOnly"; return 200 ok;',
        in_plaintext=f'add_header Set-Cookie "session={COOKIE}"; return 200 welcome;',
    ),
    "downgrading": Site(
        over_tls='add_header Strict-Transport-Security "max-age=0"; return 302 http://zoo.test/;',
        in_plaintext="return 302 http://127.0.0.1:{clear}/again;",
    ),
    "in two steps": Site(
        over_tls="return 404;",
        in_plaintext="location = / {{ return 302 /next; }} location /next {{ return 308 https://zoo.test:{tls}/; }}",
    ),
    "round and round": Site(
        over_tls="return 200 ok;", in_plaintext="return 302 http://zoo.test:{clear}/;"
    ),
    "elsewhere": Site(
        over_tls='add_header Strict-Transport-Security "max-age=oops"; return 200 ok;',
        in_plaintext="return 302 http://other.test/;",
    ),
    "to a closed port": Site(
        over_tls="return 200 ok;", in_plaintext="return 301 https://zoo.test:{closed}$request_uri;"
    ),
    "closed": Site(over_tls="error_page 497 https://zoo.test/; return 200 ok;", in_plaintext=None),
    "both on one port": Site(
        over_tls="error_page 497 =200 /clear; location /clear {{ return 200 welcome; }}",
        in_plaintext=None,
    ),
}


@contextmanager
def nginx_sites(certificates: Certificates, directory: Path) -> Iterator[Mapping[str, Ports]]:
    """The sites by name, on loopback, while the context lasts."""
    with ExitStack() as stack:
        sockets: dict[int, socket.socket] = {}

        def free_port() -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
            listener.setblocking(False)
            port: int = listener.getsockname()[1]
            sockets[port] = listener
            return port

        # A socket that is bound and does not listen keeps its port closed.
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        places = {
            name: Ports(tls=free_port(), clear=free_port(), closed=closed.getsockname()[1])
            for name in SITES
        }
        servers = [_servers(SITES[name], ports) for name, ports in places.items()]
        for name, ports in places.items():
            if SITES[name].in_plaintext is None:
                sockets.pop(ports.clear).close()
        inherited = [listener.fileno() for listener in sockets.values()]
        with nginx_with("".join(servers), certificates, directory, inherited):
            yield places


@contextmanager
def nginx_with(
    servers: str, certificates: Certificates, directory: Path, inherited: Sequence[int] = ()
) -> Iterator[None]:
    """nginx with these blocks of servers; ``inherited`` are the descriptors of sockets that listen already."""
    head = _HEAD.format(chain=certificates.rsa.chain_file, key=certificates.rsa.key_file)
    configuration = directory / "nginx.conf"
    configuration.write_text(f"{head}{servers}}}\n")
    given = {"NGINX": "".join(f"{number};" for number in inherited)} if inherited else {}
    command = Command(
        arguments=["nginx", "-p", str(directory), "-c", str(configuration), "-e", "stderr"],
        ready=r"start worker process \d",
        environment=ENVIRONMENT | given | {"PATH": _PATH},
        inherited_descriptors=inherited,
    )
    with running(command, directory):
        yield


def _servers(site: Site, ports: Ports) -> str:
    def filled(directives: str) -> str:
        return directives.format(tls=ports.tls, clear=ports.clear, closed=ports.closed)

    over_tls = f"server {{ listen 127.0.0.1:{ports.tls} ssl; {filled(site.over_tls)} }}\n"
    if site.in_plaintext is None:
        return over_tls
    return over_tls + f"server {{ listen 127.0.0.1:{ports.clear}; {filled(site.in_plaintext)} }}\n"
