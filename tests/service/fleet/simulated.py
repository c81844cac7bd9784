"""A simulated fleet: many loopback addresses on one port, each a TLS 1.2 server with a delay.

``python -m tests.service.fleet.simulated NETWORK ADDRESSES LATENCY`` serves ADDRESSES addresses from
127.NETWORK.0.1 on, each answer after LATENCY seconds, until its standard input ends. It prints its port
first.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel, Then

_SUITE = 0xC02F  # TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
_MODEL = ServerModel(cipher_suites={wire.TLSV1_2: (_SUITE,)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The addresses that answer, and their port."""

    addresses: tuple[str, ...]
    port: int

    def write_targets(
        self, path: Path, names: int, labels: Sequence[dict[str, str]] = ({},)
    ) -> list[str]:
        """A targets file with ``names`` names for the addresses in turn; returns the endpoints' keys.

        The addresses have the ``labels`` in turn. A name is used only as the server name that is sent.
        """
        keys, lines = [], []
        for number in range(names):
            place = number % len(self.addresses)
            address, own = self.addresses[place], labels[place % len(labels)]
            target = f"{address}:{self.port}"
            name = f"n{number}.test"
            keys.append(f"{target}?server_name={name}@{address}")
            told = ", ".join(f"{key}: {value}" for key, value in own.items())
            lines.append(f"- {{target: '{target}', server_name: {name}, labels: {{{told}}}}}\n")
        path.write_text("".join(lines))
        return keys


@contextmanager
def simulated_fleet(
    addresses: int, *, network: int, latency_seconds: float = 0.0
) -> Iterator[Fleet]:
    """A fleet in a process of its own, while the context lasts."""
    command = [sys.executable, "-m", __name__, *map(str, (network, addresses, latency_seconds))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("the fleet has no output")
            port = int(process.stdout.readline())
            yield Fleet(addresses=tuple(_addresses(network, addresses)), port=port)
        finally:
            process.kill()


def _addresses(network: int, count: int) -> list[str]:
    first = int(ipaddress.IPv4Address(f"127.{network}.0.1"))
    return [str(ipaddress.IPv4Address(first + number)) for number in range(count)]


class _Conversation(asyncio.Protocol):
    """One connection: a hello, and after a delay the model's answer."""

    def __init__(self, latency_seconds: float) -> None:
        self._latency_seconds = latency_seconds
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's, but do the same.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        reply = _MODEL.reply(self._received)
        if reply is not None:
            self._received = b""
            loop = asyncio.get_running_loop()
            loop.call_later(self._latency_seconds, self._answer, reply.sent, reply.then)

    def _answer(self, sent: bytes, then: Then) -> None:
        if not self._transport.is_closing():
            self._transport.write(sent)
            if then is Then.CLOSE:
                self._transport.close()


async def _serve(network: int, addresses: int, latency_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    port, servers = 0, []
    for address in _addresses(network, addresses):
        listener = socket.create_server((address, port), backlog=256)
        port = listener.getsockname()[1]
        servers.append(
            await loop.create_server(lambda: _Conversation(latency_seconds), sock=listener)
        )
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
