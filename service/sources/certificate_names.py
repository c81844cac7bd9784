"""The certificates seen as a source: names in them that resolve into networks that may be probed."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterable, Sequence

from discovery.found import SourceLocation, meta, read_locations
from discovery.source import SourceError, SourceReading
from model.snapshot import EndpointStatus
from pki.net_guard.addresses import Network
from scheduling.resolve import resolve

_AT_ONCE = 16
_MOST_NAMES = 10_000


async def read_certificate_names(
    statuses: Callable[[], Iterable[EndpointStatus]], networks: Sequence[Network], source: str
) -> SourceReading:
    """Each name in a leaf, with the port that served the leaf, if an address of the name is in ``networks``."""
    wanted = await asyncio.to_thread(_names_seen, tuple(statuses()), source)
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def place(name: str, port: int, seen_at: str) -> SourceLocation | None:
        found = SourceLocation(host=name, port=port, labels=meta("seen", {"at": seen_at}))
        targets = read_locations([found], source).targets
        if not targets:
            return None
        async with at_once:
            resolution = await resolve(targets[0])
        addresses = (endpoint.address for endpoint in resolution.endpoints)
        is_inside = any(_is_in(address, networks) for address in addresses if address)
        return found if is_inside else None

    asking = [place(name, port, seen_at) for (name, port), seen_at in wanted.items()]
    found = await asyncio.gather(*asking)
    return read_locations((one for one in found if one is not None), source)


def _names_seen(statuses: Iterable[EndpointStatus], source: str) -> dict[tuple[str, int], str]:
    """The names in leaves with the port that served each, mapped to the target that served it."""
    wanted: dict[tuple[str, int], str] = {}
    for status in statuses:
        endpoint = status.observation.endpoint
        for deployment in status.observation.certificates:
            for name in deployment.leaf.dns_names:
                if not name.startswith("*") and name != endpoint.target.host:
                    wanted.setdefault((name, endpoint.target.port), endpoint.target.key)
        if len(wanted) > _MOST_NAMES:
            raise SourceError(
                f"{source}: the certificates seen have more than {_MOST_NAMES} names that are not "
                "targets: list those to probe in a source of type names."
            )
    return wanted


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    plain = ipaddress.ip_address(address.partition("%")[0])
    return any(plain in network for network in networks)
