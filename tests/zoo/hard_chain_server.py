"""A TLS 1.3 server on tlslite-ng whose second certificate is invalid, as a program.

``python hard_chain_server.py CHAIN KEY`` listens on a free loopback port and prints it.
"""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

from tlslite.api import X509, X509CertChain, parsePEMKey

from tests.zoo.tlslite_server import serve_one

NO_CERTIFICATE = b"no certificate at all"


def main() -> None:
    """Accepts connections until this process is stopped."""
    chain = X509CertChain()
    chain.parsePemList(Path(sys.argv[1]).read_text())
    damaged = X509()
    damaged.bytes = bytearray(NO_CERTIFICATE)
    chain.x509List[1:] = [damaged]
    key = parsePEMKey(Path(sys.argv[2]).read_text(), private=True)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        print(f"listening on {listener.getsockname()[1]}", flush=True)
        while True:
            accepted, _ = listener.accept()
            accepted.settimeout(60)
            threading.Thread(target=serve_one, args=(accepted, chain, key), daemon=True).start()


if __name__ == "__main__":
    main()
