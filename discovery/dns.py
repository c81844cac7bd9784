"""Targets from the DNS: address and service records of names, and all names of a zone by zone transfer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Final

import dns.asyncquery
import dns.exception
import dns.name
import dns.rdatatype
import dns.rdtypes.IN.SRV
import dns.rdtypes.svcbbase
import dns.zone

from discovery.bounds import USUAL_MOST_TARGETS
from discovery.found import Location, SourceLocation, meta, read_locations
from discovery.service_records import Owner, alias_of, of_alias, of_service, of_srv
from discovery.source import Skipped, SourceError, SourceReading
from model.application_protocol import DEFAULT_PORT
from model.frozen import frozen
from pki.dns import DnsLookup, LookupFailedError
from pki.net_guard.gate import Purpose, SocketGate

_TRANSFER_SECONDS: Final = 60.0
_MOST_ALIASES: Final = 8


@frozen
class Reading:
    """The ``port`` of the targets, the name of their source, and its maximum number of targets.

    ``known`` has the locations of each name from its last look-up: they stay while it cannot be looked up.
    """

    port: int
    source: str
    most: int = USUAL_MOST_TARGETS
    known: dict[str, list[Location]] = field(default_factory=dict)


async def read_records(
    names: Sequence[str],
    record_types: Sequence[str],
    lookup: DnsLookup,
    at: Reading,
) -> SourceReading:
    """The hosts and ports in these records; A and AAAA mean the name itself at its port.

    Raises:
        SourceError: if no name can be looked up.
    """
    failures: list[SourceError] = []

    async def ask(name: str) -> list[Location]:
        try:
            found = [
                one for kind in record_types for one in await _locations(name, kind, lookup, at)
            ]
        except SourceError as error:
            failures.append(error)
            known = at.known.get(name, [])
            stay = ": its last targets stay" if known else ""
            return [*known, Skipped(place=name, problem=f"{str(error).rstrip('.')}{stay}")]
        at.known[name] = found
        if found:
            return found
        kinds = " or ".join(record_types)
        return [Skipped(place=name, problem=f"it has no {kinds} record that names a server")]

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(name)) for name in names]
    if failures and len(failures) == len(names):
        raise failures[0]
    locations = (one for task in asked for one in task.result())
    return await asyncio.to_thread(read_locations, locations, at.source, at.most)


async def _locations(name: str, kind: str, lookup: DnsLookup, at: Reading) -> list[Location]:
    """The servers in the records of one type; records in AliasMode are followed."""
    port = DEFAULT_PORT if kind == "HTTPS" else at.port
    asked = name
    for _ in range(_MOST_ALIASES):
        records = await _records(asked, kind, lookup)
        labels = meta("dns", {"name": name, "type": kind})
        owner = Owner(name=asked, origin=name, port=port, labels=labels)
        alias = next((one for one in map(alias_of, records) if one is not None), None)
        if alias == ".":
            return [
                Skipped(place=owner.place, problem="the service is not offered (AliasMode with .)")
            ]
        if alias is not None:
            asked = alias
        elif records or asked == name:
            return [place for one in records for place in _of_record(owner, one)]
        else:
            return [of_alias(owner, asked.removesuffix("."))]
    return [Skipped(place=f"record of {name}", problem=f"more than {_MOST_ALIASES} aliases")]


async def _records(name: str, kind: str, lookup: DnsLookup) -> tuple[object, ...]:
    try:
        return (await lookup.records(f"{name.rstrip('.')}.", kind)).found
    except LookupFailedError as error:
        raise SourceError(str(error)) from error


def _of_record(owner: Owner, record: object) -> Iterator[Location]:
    match record:
        case dns.rdtypes.IN.SRV.SRV():
            yield from of_srv(owner, record)
        case dns.rdtypes.svcbbase.SVCBBase():
            yield from of_service(owner, record)
        case _:
            yield SourceLocation(
                host=owner.name, port=owner.port, labels=owner.labels, place=owner.place
            )


async def read_zone(
    zone: str, server: tuple[str, int], at: Reading, gate: SocketGate
) -> SourceReading:
    """Every name of ``zone`` with an address, by a zone transfer (RFC 5936) from ``server``.

    Raises:
        SourceError: if the server does not transfer it, or the ``gate`` refuses the server.
    """
    refusal = gate.refusal(*server, Purpose.NAME_SERVER)
    if refusal is not None:
        raise SourceError(f"{zone} cannot be transferred: {refusal}.")
    origin = dns.name.from_text(zone)
    held = dns.zone.Zone(origin)
    try:
        async with asyncio.timeout(_TRANSFER_SECONDS):
            await dns.asyncquery.inbound_xfr(server[0], held, port=server[1])
    except (dns.exception.DNSException, OSError, TimeoutError) as error:
        words = f"{server[0]} did not transfer {zone} ({type(error).__name__})"
        raise SourceError(f"{words}: allow zone transfers to this machine.") from error
    return await asyncio.to_thread(_in_zone, zone, held, at)


def _in_zone(zone: str, held: dns.zone.Zone, at: Reading) -> SourceReading:
    kinds = (dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.CNAME)
    names = {
        str(name.derelativize(dns.name.from_text(zone)).to_text(omit_final_dot=True))
        for kind in kinds
        for name, _ in held.iterate_rdatasets(kind)
        if kind != dns.rdatatype.CNAME or not _is_scoped(name)
    }
    about = meta("dns", {"name": zone, "type": "AXFR"})
    wildcard = "a wildcard has no name to ask for: list names in a targets file"
    locations = (
        Skipped(place=f"zone {zone}, {name}", problem=wildcard)
        if name.startswith("*")
        else SourceLocation(host=name, port=at.port, labels=about, place=f"zone {zone}")
        for name in sorted(names)
    )
    return read_locations(locations, at.source, at.most)


def _is_scoped(name: dns.name.Name) -> bool:
    """Whether it holds data for a protocol, as ``_acme-challenge`` does, and is not a host (RFC 8552, 1.1)."""
    return any(label.startswith(b"_") for label in name.labels)
