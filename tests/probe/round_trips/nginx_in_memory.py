"""The TLS of nginx in memory: Python's ssl is the same OpenSSL, in the configuration of the benchmarks.

TLS 1.2 and 1.3, nine suites in the server's order, a certificate with an ECDSA and one with an RSA key.
"""

from __future__ import annotations

import ssl
from typing import Final

from tests.zoo.certificates import Certificates

_SUITES: Final = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
_REPLY: Final = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
_PLAIN_REPLY: Final = _REPLY.replace(b"200 OK", b"400 Bad Request")
_TLS_BEGINS: Final = (0x16, 0x80)
"""How nginx recognizes TLS in the first byte: a handshake record, or SSL 2.0's length."""


def nginx_context(certificates: Certificates) -> ssl.SSLContext:
    """The context of a server with both certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(_SUITES)
    context.set_alpn_protocols(["http/1.1", "http/1.0", "http/0.9"])
    for identity in (certificates.ecdsa, certificates.rsa):
        context.load_cert_chain(identity.chain_file, identity.key_file)
    return context


class NginxPeer:
    """The server's end of one connection."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._heard = b""
        self._is_greeted = False
        self.is_over = False

    def answer(self, heard: bytes) -> bytes:
        """The next flight, an answer to a request, or an alert and the end."""
        if not self._is_greeted and heard[0] not in _TLS_BEGINS:
            self.is_over = True
            return _PLAIN_REPLY
        self._is_greeted = True
        self._incoming.write(heard)
        try:
            self._tls.do_handshake()
            self._serve()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.is_over = True
        return self._outgoing.read()

    def _serve(self) -> None:
        """One answer to one request, and ``close_notify`` after it or after the client's."""
        while b"\r\n\r\n" not in self._heard:
            some = self._tls.read(65536)
            if not some:
                break
            self._heard += some
        else:
            self._tls.write(_REPLY)
        self.is_over = True
        self._tls.unwrap()
