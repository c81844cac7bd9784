"""Runs a server that cannot be bound to one address so that only this machine can reach it.

gnutls-serv and openssl ocsp have no option for the address and listen on all of them. This program is started
as ``python isolated.py DESCRIPTOR READY COMMAND...``. It moves itself into a network namespace that has only
its own loopback, and starts the command there. Once the command prints READY, it forwards the connections of
the inherited listening socket to it. ``{port}`` in the command is the port inside the namespace, which
the environment variable INSIDE_PORT may choose; INSIDE_CLIENT is the address of clients over UDP there. If the
kernel permits no namespace (a container without privileges), the command runs in ours.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from functools import partial

CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1


def enter_empty_network() -> bool:
    """Moves from the machine's network to an empty one; False if the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER
    if libc.unshare(flags) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as some:
        fcntl.ioctl(some, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    return True


def free_port() -> int:
    """A loopback port on which nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as some:
        port: int = some.getsockname()[1]
    return port


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Forwards bytes in one direction, and then the close or the reset."""
    try:
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


class ToOneClient(asyncio.DatagramProtocol):
    """Forwards the server's datagrams to the client that they are for."""

    def __init__(self, listener: socket.socket, client: tuple[str, int]) -> None:
        self._listener = listener
        self._client = client

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._listener.sendto(data, self._client)


async def serve_datagrams(listener: socket.socket, port: int) -> None:
    """Relays every client's datagrams to the port inside, from a separate port per client."""
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    clients: dict[tuple[str, int], asyncio.DatagramTransport] = {}

    async def relay() -> None:
        while True:
            packet, client = await loop.sock_recvfrom(listener, 65536)
            if client not in clients:
                clients[client], _ = await loop.create_datagram_endpoint(
                    partial(ToOneClient, listener, client),
                    local_addr=(os.environ.get("INSIDE_CLIENT", "127.0.0.1"), 0),
                    remote_addr=("127.0.0.1", port),
                )
            clients[client].sendto(packet)

    relaying = asyncio.create_task(relay())
    print("relaying", flush=True)
    await stopped.wait()
    relaying.cancel()


async def serve(listener: socket.socket, port: int) -> None:
    """Relays every connection to the port inside, until this process is stopped."""

    async def relay(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(client, to_server), pass_on(server, to_client))
        to_client.close()
        to_server.close()

    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with await asyncio.start_server(relay, sock=listener):
        print("relaying", flush=True)
        await stopped.wait()


def main() -> None:
    """Starts the command, waits until it listens, relays, and stops it at the end of this process."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    inside = int(os.environ.get("INSIDE_PORT", "5556"))
    port = inside if enter_empty_network() else free_port()
    ready = sys.argv[2].encode()
    arguments = [argument.format(port=port) for argument in sys.argv[3:]]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as command:
        assert command.stdout is not None
        while (line := command.stdout.readline()) and ready not in line:
            print(line.decode(errors="replace"), end="", flush=True)
        if not line:
            raise SystemExit(f"{arguments[0]} ended instead of listening")
        # A server that logs each session stops once the pipe is full.
        rest = (command.stdout, sys.stdout.buffer)
        threading.Thread(target=shutil.copyfileobj, args=rest, daemon=True).start()
        try:
            is_stream = listener.type == socket.SOCK_STREAM
            asyncio.run((serve if is_stream else serve_datagrams)(listener, port))
        finally:
            command.terminate()


if __name__ == "__main__":
    main()
