"""Every server of the tests at once, each behind an address of its own, for long runs of the service.

The service limits the connections to one address, so servers on one address would share a limit. Each server
therefore gets a relay on its own loopback address. nginx with the tests' chains fills the fleet up.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import cycle, islice
from pathlib import Path
from typing import Final, TypeVar

from tests.probe.starttls.case import RealServer
from tests.probe.starttls.servers.catalogue import SERVERS as PLAINTEXT_SERVERS
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates, make_certificates
from tests.zoo.deployments import DEPLOYMENTS, served
from tests.zoo.relay import relaying
from tests.zoo.server import ZooServer
from tests.zoo.truth import SERVER_NAME

_FIRST_ADDRESS: Final = int(ip_address("127.1.0.1"))
_STARTED_AT_ONCE: Final = 4

Yielded = TypeVar("Yielded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One running server on ``host`` and ``port``, and what the service must know to ask it."""

    name: str
    port: int
    host: str = "127.0.0.1"
    protocol: str = "tls"
    server_name: str = SERVER_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetMember:
    """A server, and the address and port of its relay; no other member has that address."""

    server: Server
    address: str
    port: int

    @property
    def row(self) -> str:
        """Its line in a file of targets with the columns target, server_name and protocol."""
        server = self.server
        return f"{self.address}:{self.port},{server.server_name},{server.protocol}\n"


@asynccontextmanager
async def zoo_fleet(count: int) -> AsyncIterator[tuple[Certificates, list[FleetMember]]]:
    """``count`` endpoints while the context lasts, and the certificates of the zoo."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificates = make_certificates(directory)
        servers = stack.enter_context(_started(certificates, directory))
        members = []
        for place, server in enumerate(islice(cycle(servers), count)):
            address = str(ip_address(_FIRST_ADDRESS + place))
            relay = await stack.enter_async_context(
                relaying((address, 0), (server.host, server.port))
            )
            members.append(FleetMember(server=server, address=address, port=relay.port))
        yield certificates, members


@contextmanager
def _started(certificates: Certificates, directory: Path) -> Iterator[list[Server]]:
    """All servers, the different ones first."""
    with ExitStack() as stack, ThreadPoolExecutor(_STARTED_AT_ONCE) as pool:
        starting = [
            *(
                pool.submit(_start_one, stack, server, certificates, directory / server.name)
                for server in SERVERS
            ),
            *(
                pool.submit(_start_cases, stack, server, certificates)
                for server in PLAINTEXT_SERVERS
            ),
        ]
        chains = directory / "chains"
        chains.mkdir()
        ports = stack.enter_context(served(chains))
        yield [
            *(server for one in starting for server in one.result()),
            *(
                Server(name=f"chain: {name}", port=port, server_name=DEPLOYMENTS[name].server_name)
                for name, port in ports.items()
            ),
        ]


def _start_one(
    stack: ExitStack, server: ZooServer, certificates: Certificates, directory: Path
) -> list[Server]:
    directory.mkdir()
    port = _enter(stack, server.start(certificates, directory))
    return [Server(name=server.name, port=port)]


def _start_cases(stack: ExitStack, server: RealServer, certificates: Certificates) -> list[Server]:
    ports = _enter(stack, server.start(certificates))
    return [
        Server(
            name=f"{server.name}-{case.configuration}-{case.protocol}",
            port=ports[case.configuration],
            host=server.host,
            protocol=case.protocol,
        )
        for case in server.cases
    ]


def _enter(stack: ExitStack, context: AbstractContextManager[Yielded]) -> Yielded:
    """Starts a server in this thread; the stack stops it."""
    yielded = context.__enter__()
    stack.push(context)
    return yielded
