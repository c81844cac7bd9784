"""One record with the keys of a finished handshake that is wrong in one place: in its padding or its MAC."""

from __future__ import annotations

from typing import Final

from OpenSSL import SSL

from probe.connect.openssl.contexts import negotiated_suite
from probe.crypto.cbc_records import Secrets, application_data
from probe.dialogue.handshake import HandshakeOffer, PostHandshakeAction

_CONTENT: Final = b"GET / HTTP/1.0\r\n\r\n"
"""A request that most servers would answer in a correct record."""

_LONGEST_BLOCK: Final = 16


def spoiled_record(connection: SSL.Connection, offer: HandshakeOffer, last_sent: bytes) -> bytes:
    """The record, with the error that the offer's post-handshake action names.

    ``last_sent`` holds the last bytes that we sent on the connection. Empty if the negotiated parameters do
    not allow such a record.
    """
    suite = negotiated_suite(connection)
    main_secret = connection.master_key()
    client_random = connection.client_random()
    server_random = connection.server_random()
    if not (suite and suite.is_aes_cbc and main_secret and client_random and server_random):
        return b""
    secrets = Secrets(
        version=offer.version,
        suite=suite,
        main_secret=main_secret,
        client_random=client_random,
        server_random=server_random,
        last_block=last_sent[-_LONGEST_BLOCK:],
    )
    return application_data(
        _CONTENT,
        secrets,
        spoils_mac=offer.post_handshake is PostHandshakeAction.SPOILED_MAC,
        spoils_padding=offer.post_handshake is PostHandshakeAction.SPOILED_PADDING,
    )
