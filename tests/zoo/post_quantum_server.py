"""A TLS 1.3 server on the OpenSSL of the cryptography library, as a program.

``python post_quantum_server.py CHAIN KEY`` listens on a free loopback port and prints it. Its groups come
from the configuration file that OPENSSL_CONF names, because pyOpenSSL has no function for them.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading

from OpenSSL import SSL


def serve_one(context: SSL.Context, accepted: socket.socket) -> None:
    """Completes one handshake, if possible, and hangs up."""
    with accepted:
        connection = SSL.Connection(context, accepted)
        connection.set_accept_state()
        try:
            connection.do_handshake()
            connection.shutdown()
        except SSL.Error as error:
            print(f"handshake ended: {error!r}", flush=True)


def main() -> None:
    """Accepts connections until this process is stopped."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(sys.argv[1])
    context.use_privatekey_file(sys.argv[2])
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        print(f"listening on {listener.getsockname()[1]}", flush=True)
        while True:
            accepted, _ = listener.accept()
            # Not settimeout: that would make the socket non-blocking, and pyOpenSSL would not wait.
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 60, 0))
            threading.Thread(target=serve_one, args=(context, accepted), daemon=True).start()


if __name__ == "__main__":
    main()
