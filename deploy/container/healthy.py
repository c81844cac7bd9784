"""Exits with 0 if the service in this container is healthy, and with 1 and a sentence if it is not.

It runs every few seconds, so it imports only what it needs: ``python3 -I -S healthy.py``. If the service
listens on another port, or with TLS, HEALTH_URL says where, such as ``https://127.0.0.1:9844``.
"""

import os
import socket
import sys
from contextlib import ExitStack

DEFAULT_URL = "http://127.0.0.1:9844"
SECONDS = 4
REQUEST = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def status_line(url: str) -> str:
    """The first line of the answer; empty if the service closes the connection without one."""
    scheme, _, place = url.rstrip("/").partition("://")
    host, _, port = place.rpartition(":")
    with ExitStack() as stack:
        connection = stack.enter_context(
            socket.create_connection((host.strip("[]"), int(port)), SECONDS)
        )
        if scheme == "https":
            import ssl

            # It asks its own service by loopback whether it is alive; any certificate will do.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = stack.enter_context(context.wrap_socket(connection))
        connection.sendall(REQUEST)
        answer = stack.enter_context(connection.makefile("rb"))
        return answer.readline(256).decode("latin-1").strip()


def main() -> None:
    """End with a sentence unless the answer has status 200."""
    url = os.environ.get("HEALTH_URL", DEFAULT_URL)
    try:
        status = status_line(url)
    except ValueError:
        sys.exit(f"HEALTH_URL must be a URL with a port, such as {DEFAULT_URL}, not {url!r}")
    except OSError as error:
        sys.exit(f"{url} does not answer: {error}")
    if status.split()[1:2] != ["200"]:
        sys.exit(f"{url} answers {status!r} in place of status 200")


if __name__ == "__main__":
    main()
