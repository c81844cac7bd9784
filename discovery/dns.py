"""Targets from the DNS: SRV and HTTPS records of names, and all names of a zone by zone transfer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import dns.asyncquery
import dns.exception
import dns.name
import dns.rdatatype
import dns.rdtypes.IN.SRV
import dns.rdtypes.svcbbase
import dns.zone

from discovery.bounds import USUAL_MOST_TARGETS
from discovery.found import SourceLocation, meta, targets_at
from discovery.source import SourceError
from model.target import Target
from pki.dns import DnsLookup, LookupFailedError

_TRANSFER_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The ``port`` of the targets, the name of their source, and its maximum number of targets."""

    port: int
    source: str
    most: int = USUAL_MOST_TARGETS


async def read_records(
    names: Sequence[str],
    record_types: Sequence[str],
    lookup: DnsLookup,
    at: Reading,
) -> tuple[Target, ...]:
    """The hosts and ports in these records; A and AAAA mean the name itself at its port.

    Raises:
        SourceError: if a lookup fails.
    """

    async def ask(name: str, record_type: str) -> list[SourceLocation]:
        try:
            answer = await lookup.records(f"{name.rstrip('.')}.", record_type)
        except LookupFailedError as error:
            raise SourceError(str(error)) from error
        return [place for one in answer.found for place in _places(name, one, at.port)]

    try:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(ask(name, kind)) for name in names for kind in record_types]
    except* SourceError as failures:
        raise failures.exceptions[0] from None
    places = (place for one in asked for place in one.result())
    return await asyncio.to_thread(targets_at, places, at.source, at.most)


def _places(name: str, record: object, port: int) -> Iterator[SourceLocation]:
    about = meta("dns", {"name": name, "type": type(record).__name__})
    match record:
        case dns.rdtypes.IN.SRV.SRV():
            host = record.target.to_text(omit_final_dot=True)
            yield SourceLocation(host=host, port=record.port, labels=about)
        case dns.rdtypes.svcbbase.SVCBBase():
            yield from _of_service(name, record, port, about)
        case _:
            yield SourceLocation(host=name, port=port, labels=about)


def _of_service(
    name: str, record: dns.rdtypes.svcbbase.SVCBBase, port: int, about: dict[str, str]
) -> Iterator[SourceLocation]:
    """RFC 9460: an alias points elsewhere, a dot is the name itself; the server name remains the owner's."""
    target = record.target.to_text(omit_final_dot=True)
    host = _served_name(name) if target in {"", ".", "@"} else target
    key = dns.rdtypes.svcbbase.ParamKey.PORT
    told = record.params.get(key)
    asked = re.match(r"_(\d{1,5})\._", name)
    own_port = int(asked[1]) if asked else port
    its_port = told.port if isinstance(told, dns.rdtypes.svcbbase.PortParam) else own_port
    yield SourceLocation(host=host, port=its_port, server_name=_served_name(name), labels=about)


def _served_name(owner: str) -> str:
    """The name without its port and scheme labels, as in ``_8443._https.a.test`` (section 2.3)."""
    labels = owner.rstrip(".").split(".")
    while len(labels) > 1 and labels[0].startswith("_"):
        del labels[0]
    return ".".join(labels)


async def read_zone(zone: str, server: tuple[str, int], at: Reading) -> tuple[Target, ...]:
    """Every name of ``zone`` with an address, by a zone transfer (RFC 5936) from ``server``.

    Raises:
        SourceError: if the server does not transfer it.
    """
    origin = dns.name.from_text(zone)
    held = dns.zone.Zone(origin)
    try:
        async with asyncio.timeout(_TRANSFER_SECONDS):
            await dns.asyncquery.inbound_xfr(server[0], held, port=server[1])
    except (dns.exception.DNSException, OSError, TimeoutError) as error:
        words = f"{server[0]} did not transfer {zone} ({type(error).__name__})"
        raise SourceError(f"{words}: allow zone transfers to this machine.") from error
    return await asyncio.to_thread(_targets_in, zone, held, at)


def _targets_in(zone: str, held: dns.zone.Zone, at: Reading) -> tuple[Target, ...]:
    kinds = (dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.CNAME)
    names = {
        str(name.derelativize(dns.name.from_text(zone)).to_text(omit_final_dot=True))
        for kind in kinds
        for name, _ in held.iterate_rdatasets(kind)
    }
    about = meta("dns", {"name": zone, "type": "AXFR"})
    places = [
        SourceLocation(host=name, port=at.port, labels=about)
        for name in sorted(names)
        if not name.startswith("*")
    ]
    return targets_at(places, at.source, at.most)
