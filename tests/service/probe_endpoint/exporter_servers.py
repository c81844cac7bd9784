"""Twenty-five servers that a monitoring program may meet: one nginx with many sites, and listeners of our own."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeAlias

from tests.support.ports import free_port, free_ports
from tests.zoo.certificates import Certificates, Identity
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running

Talk: TypeAlias = Callable[[socket.socket], None]

_HEAD: Final = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    default_type text/plain;
"""
_MODERN: Final = "ssl_protocols TLSv1.2 TLSv1.3;"
_OLD: Final = "ssl_ciphers ALL:@SECLEVEL=0; ssl_protocols TLSv1;"
_HTTP_1_0: Final = b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nhello"
_CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
_WITHOUT_LOCATION: Final = b"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nhi"
_EARLY_HINTS: Final = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
_SHORT: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"


def _sites(certificates: Certificates, ports: Mapping[str, int]) -> Mapping[str, tuple[str, str]]:
    """For each nginx site by its name: the options of ``listen``, and its directives."""

    def over_tls(identity: Identity, directives: str, options: str = "ssl") -> tuple[str, str]:
        files = f"ssl_certificate {identity.chain_file}; ssl_certificate_key {identity.key_file};"
        return options, f"{files} {directives}"

    usual, page = certificates.rsa, 'location / { add_header X-A b; return 200 "zoo"; }'
    elsewhere = f"https://127.0.0.1:{ports['modern']}/there"
    return {
        "modern": over_tls(usual, f"{_MODERN} {page}"),
        "http2": over_tls(usual, page, "ssl http2"),
        "http2_404": over_tls(usual, "return 404;", "ssl http2"),
        "http2_file": over_tls(usual, "root files;", "ssl http2"),
        "ecdsa_tls12": over_tls(certificates.ecdsa, f"ssl_protocols TLSv1.2; {page}"),
        "stapling": over_tls(usual, f"ssl_stapling on; ssl_stapling_file staple.der; {page}"),
        "expired": over_tls(certificates.expired, page),
        "incomplete": over_tls(certificates.without_intermediate, page),
        "tls10_only": over_tls(usual, f"{_OLD} {page}"),
        "file": over_tls(usual, "root files;"),
        "gone": over_tls(usual, "return 410;"),
        "no_content": over_tls(usual, "return 204;"),
        "relative_redirect": over_tls(
            usual, f"absolute_redirect off; location = / {{ return 302 /there; }} {page}"
        ),
        "redirect_elsewhere": over_tls(usual, f"return 301 {elsewhere};"),
        "redirect_to_plaintext": over_tls(
            usual, f"return 307 http://127.0.0.1:{ports['plaintext']}/;"
        ),
        "redirect_to_closed": over_tls(usual, f"return 308 https://127.0.0.1:{ports['closed']}/;"),
        "redirect_loop": over_tls(usual, "absolute_redirect off; return 302 /again;"),
        "redirect_to_ftp": over_tls(usual, "return 302 ftp://127.0.0.1/;"),
        "wants_certificate": over_tls(
            usual,
            f"ssl_client_certificate {certificates.client_ca_file}; ssl_verify_client on; {page}",
        ),
        "plaintext": ("", page),
        "plaintext_redirect": ("", f"return 301 {elsewhere};"),
    }


def _configuration(certificates: Certificates, ports: Mapping[str, int]) -> str:
    servers = [
        f"server {{ listen 127.0.0.1:{ports[name]} {options}; {directives} }}"
        for name, (options, directives) in _sites(certificates, ports).items()
    ]
    return _HEAD + "\n".join(servers) + "\n}\n"


_NGINX: Final = (
    "modern", "http2", "http2_404", "http2_file", "ecdsa_tls12", "stapling", "expired", "incomplete",
    "tls10_only", "file", "gone", "no_content", "relative_redirect", "redirect_elsewhere",
    "redirect_to_plaintext", "redirect_to_closed", "redirect_loop", "redirect_to_ftp",
    "wants_certificate", "plaintext", "plaintext_redirect",
)  # fmt: skip


@contextmanager
def servers(certificates: Certificates, directory: Path) -> Iterator[Mapping[str, int]]:
    """All servers; yields the port of each by its name. Nothing listens at ``closed``."""
    names = (*_NGINX, "closed")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    (directory / "staple.der").write_bytes(certificates.staple_file.read_bytes())
    (directory / "files").mkdir()
    (directory / "files" / "index.html").write_text("a page\n" * 20_000)
    (directory / "nginx.conf").write_text(_configuration(certificates, ports))
    command = Command(
        arguments=["nginx", "-p", str(directory), "-c", "nginx.conf"],
        ready="start worker process ",
        environment=ENVIRONMENT,
    )
    with ExitStack() as stack:
        stack.enter_context(running(command, directory))
        for name, (talk, context) in _listeners(certificates).items():
            ports[name] = stack.enter_context(listening(talk, context))
        yield ports


def _listeners(certificates: Certificates) -> Mapping[str, tuple[Talk, ssl.SSLContext | None]]:
    tls = _server_context(certificates.rsa)
    demanding = _server_context(certificates.rsa)
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_verify_locations(certificates.client_ca_file)
    return {
        "http10": (_answering(_HTTP_1_0), tls),
        "http10_plaintext": (_answering(_HTTP_1_0), None),
        "cut_off": (_answering(_HTTP_1_0, says_goodbye=False), tls),
        "chunked": (_answering(_CHUNKED), tls),
        "short": (_answering(_SHORT), tls),
        "early_hints": (_answering(_EARLY_HINTS + _CHUNKED), tls),
        "without_location": (_answering(_WITHOUT_LOCATION), tls),
        "not_http": (_answering(b"220 mail ESMTP\r\n"), tls),
        "closes_at_once": (_answering(b""), tls),
        "demands_certificate": (_answering(_CHUNKED), demanding),
        "smtp": (_smtp(tls), None),
        "imap": (_imap(tls), None),
        "silent": (_silent, None),
    }


def _server_context(identity: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.chain_file, identity.key_file)
    return context


def _answering(answer: bytes, *, says_goodbye: bool = True) -> Talk:
    """Reads a request, and answers it with these bytes; over TLS with close_notify, if it says goodbye."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)
        if says_goodbye and isinstance(connection, ssl.SSLSocket):
            connection.unwrap()

    return talk


def _smtp(context: ssl.SSLContext) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 zoo.test ESMTP zoo\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                if line.upper().startswith(b"EHLO"):
                    connection.sendall(b"250-zoo.test\r\n250-STARTTLS\r\n250 8BITMIME\r\n")
                elif line.upper().startswith(b"STARTTLS"):
                    connection.sendall(b"220 go ahead\r\n")
                    _until_closed(context, connection)
                    return

    return talk


def _imap(context: ssl.SSLContext) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] zoo\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                tag, _, command = line.strip().partition(b" ")
                if command.upper() == b"CAPABILITY":
                    connection.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n")
                connection.sendall(tag + b" OK done\r\n")
                if command.upper() == b"STARTTLS":
                    _until_closed(context, connection)
                    return

    return talk


def _until_closed(context: ssl.SSLContext, connection: socket.socket) -> None:
    with context.wrap_socket(connection, server_side=True) as secured:
        _silent(secured)


def _silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


@contextmanager
def listening(
    talk: Talk, context: ssl.SSLContext | None, address: str = "127.0.0.1", port: int | None = None
) -> Iterator[int]:
    """A listener that talks to each client in a thread of its own; yields its port."""
    port = port or free_port()
    with socket.create_server((address, port), backlog=128) as listener:
        threading.Thread(target=_accept, args=(listener, talk, context), daemon=True).start()
        yield port
        # A blocked accept() ends only when the socket is shut down.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, talk: Talk, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, talk, context), daemon=True).start()


def _serve(connection: socket.socket, talk: Talk, context: ssl.SSLContext | None) -> None:
    with connection, suppress(OSError):
        if context is None:
            talk(connection)
            return
        with context.wrap_socket(connection, server_side=True) as secured:
            talk(secured)
