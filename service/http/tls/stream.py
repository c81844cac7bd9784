"""The server's side of one TLS connection, without I/O: bytes go in and come out."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from cryptography import x509
from OpenSSL import SSL

_AT_ONCE: Final = 65_536


class TlsError(OSError):
    """The connection cannot continue: the handshake failed, or a record is invalid."""


class TlsStream:
    """A connection by ``context``.

    Pass what the client sends to ``receive``. After each call, send the client what ``outgoing`` returns.
    """

    def __init__(self, context: SSL.Context) -> None:
        self._connection = SSL.Connection(context, None)
        self._connection.set_accept_state()
        self.is_established = False
        self.is_ended = False
        """Whether the client has sent ``close_notify``."""

    def receive(self, data: bytes) -> bytes:
        """The plaintext in ``data``, which is empty until the handshake is finished.

        Raises:
            TlsError: if the connection cannot continue; ``outgoing`` may have an alert for the client.
        """
        self._connection.bio_write(data)
        try:
            if not self.is_established:
                self._connection.do_handshake()
                self.is_established = True
            return self._decrypted()
        except SSL.WantReadError:
            return b""
        except SSL.Error as error:
            raise TlsError(str(error)) from error

    def _decrypted(self) -> bytes:
        found = bytearray()
        try:
            while True:
                found += self._connection.recv(_AT_ONCE)
        except SSL.WantReadError:
            return bytes(found)
        except SSL.ZeroReturnError:
            self.is_ended = True
            return bytes(found)

    def send(self, plaintext: bytes) -> None:
        """Encrypt ``plaintext``, which is not empty; the handshake must be finished."""
        self._connection.sendall(plaintext)

    def close(self) -> None:
        """Announce the end of what this side sends (``close_notify``)."""
        with suppress(SSL.Error):
            self._connection.shutdown()

    def outgoing(self) -> bytes:
        """The encrypted bytes for the client since the last call."""
        found = bytearray()
        with suppress(SSL.WantReadError):
            while True:
                found += self._connection.bio_read(_AT_ONCE)
        return bytes(found)

    @property
    def client_certificate(self) -> x509.Certificate | None:
        """The client's certificate; None if it sent none."""
        return self._connection.get_peer_certificate(as_cryptography=True)
