"""A TLS 1.3 server on tlslite-ng, which compresses its chain (RFC 8879), as a program.

``python tlslite_server.py CHAIN KEY`` listens on a free loopback port and prints it.
"""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey


def settings() -> HandshakeSettings:
    """Few names, so that the truth can be written down."""
    found = HandshakeSettings()
    found.minVersion = found.maxVersion = (3, 4)
    found.cipherNames = ["aes256gcm", "chacha20-poly1305", "aes128gcm"]
    found.eccCurves = ["secp256r1", "x25519"]
    found.keyShares = ["x25519"]
    found.dhGroups = ["ffdhe2048"]
    found.certificate_compression_send = ["zlib"]
    return found


def serve_one(accepted: socket.socket, chain: X509CertChain, key: object) -> None:
    """One handshake, if possible."""
    connection = TLSConnection(accepted)
    try:
        connection.handshakeServer(
            certChain=chain, privateKey=key, settings=settings(), alpn=[bytearray(b"http/1.1")]
        )
        connection.close()
    except Exception as error:
        print(f"handshake ended: {error!r}", flush=True)
    finally:
        accepted.close()


def main() -> None:
    """Accepts connections until this process is stopped."""
    chain = X509CertChain()
    chain.parsePemList(Path(sys.argv[1]).read_text())
    key = parsePEMKey(Path(sys.argv[2]).read_text(), private=True)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        print(f"listening on {listener.getsockname()[1]}", flush=True)
        while True:
            accepted, _ = listener.accept()
            accepted.settimeout(60)
            threading.Thread(target=serve_one, args=(accepted, chain, key), daemon=True).start()


if __name__ == "__main__":
    main()
