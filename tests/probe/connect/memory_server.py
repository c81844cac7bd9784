"""A real TLS server in memory (Python's ssl) that sends its reply in records of one byte each."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

from model.protocol_version import ProtocolVersion
from probe.connect.openssl.handshake import OpenSslHandshake
from probe.dialogue.handshake import Handshake, HandshakeOffer, PostHandshakeAction
from tests.probe.starttls.scripted_servers import tls_context
from tests.zoo.certificates import Certificates


class MemoryServer:
    """The server's end of one connection."""

    def __init__(self, certificates: Certificates, reply: bytes) -> None:
        self._reply = reply
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls_context(certificates).wrap_bio(
            self._incoming, self._outgoing, server_side=True
        )

    def answer(self, heard: bytes) -> bytes:
        """The server's answer to these bytes; its reply once the handshake is over."""
        self._incoming.write(heard)
        try:
            self._tls.do_handshake()
            for one in self._reply:
                self._tls.write(bytes((one,)))
        except ssl.SSLWantReadError:
            pass
        return self._outgoing.read()


class Talk:
    """A TLS 1.3 handshake with such a server, up to the reply, which ``finish`` receives."""

    def __init__(
        self, certificates: Certificates, post_handshake: PostHandshakeAction, reply: bytes
    ) -> None:
        offer = HandshakeOffer(
            version=ProtocolVersion.TLSV1_3,
            server_name="zoo.test",
            post_handshake=post_handshake,
            words=b"GET",
        )
        self.dialogue = OpenSslHandshake(offer, at=datetime.now(UTC))
        said: list[bytes] = []
        server = MemoryServer(certificates, reply)
        self.dialogue.begin(said.append)
        flight = server.answer(b"".join(said))
        said.clear()
        assert self.dialogue.feed(flight) is None
        self._last = server.answer(b"".join(said))

    def finish(self) -> Handshake | None:
        """The outcome after the server's last bytes."""
        return self.dialogue.feed(self._last)
