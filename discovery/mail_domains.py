"""Targets from mail domains: each host in the MX records, or the domain itself (RFC 5321, section 5.1), at port 25."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import Final

from dns.rdtypes.ANY.MX import MX

from discovery.bounds import USUAL_MOST_TARGETS, check_count
from discovery.found import Location, SourceLocation, meta, read_locations
from discovery.source import NamedMailDomain, Skipped, SourceError, SourceReading
from model.application_protocol import protocol_named
from model.frozen import frozen
from model.mail.mail_domain import MAIL_DOMAIN_LABEL, MOST_HOSTS
from pki.dns import DnsLookup, LookupFailedError

_PROTOCOL: Final = "smtp"
_PORT: Final = protocol_named(_PROTOCOL).ports[0]
_AT_ONCE: Final = 32
"""Domains of a targets file that are looked up side by side."""
_NO_HOST: Final = frozenset({"", ".", "@"})
"""How a null MX (RFC 7505) says that the domain accepts no mail."""


@frozen
class MailReading:
    """The name of the source, and its maximum number of targets.

    ``known`` has the locations of each domain from its last look-up: they stay while it cannot be looked up.
    """

    source: str
    most: int = USUAL_MOST_TARGETS
    known: dict[str, list[Location]] = field(default_factory=dict)


async def read_mail_domains(
    domains: Sequence[str], lookup: DnsLookup, at: MailReading
) -> SourceReading:
    """The mail servers of these domains, with the label ``mail_domain``.

    Raises:
        SourceError: if no domain can be looked up.
    """
    failures: list[LookupFailedError] = []
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(_ask(domain, lookup, at, failures)) for domain in domains]
    if failures and len(failures) == len(domains):
        raise SourceError(str(failures[0]))
    locations = (one for task in asked for one in task.result())
    return await asyncio.to_thread(read_locations, locations, at.source, at.most)


async def with_mail_servers(
    reading: SourceReading, lookup: DnsLookup, at: MailReading
) -> SourceReading:
    """``reading`` with the mail servers of its mail domains; a server that it lists too stays one target.

    Labels of the server's own entry override those of the domain's. A domain that cannot be looked up is skipped.

    Raises:
        SourceError: if there are more than ``at.most`` targets.
    """
    places = asyncio.Semaphore(_AT_ONCE)

    async def ask(named: NamedMailDomain) -> list[Location]:
        async with places:
            found = await _ask(named.domain, lookup, at, [])
        return [_of_entry(one, named) for one in found]

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(named)) for named in reading.mail_domains]
    locations = [one for task in asked for one in task.result()]
    servers = await asyncio.to_thread(read_locations, locations, at.source, at.most)
    found = {one.key: one for one in servers.targets}
    for target in reading.targets:
        labels = {**found[target.key].labels, **target.labels} if target.key in found else {}
        found[target.key] = replace(target, labels=labels) if labels else target
    check_count(at.source, len(found), at.most)
    return replace(
        reading,
        targets=tuple(found.values()),
        skipped=(*reading.skipped, *servers.skipped),
        mail_domains=(),
    )


def _of_entry(location: Location, named: NamedMailDomain) -> Location:
    """The location with the labels of the domain's entry, or the problem at the place of the entry."""
    if isinstance(location, Skipped):
        return Skipped(place=named.place, problem=f"{location.place}: {location.problem}")
    if isinstance(location, SourceLocation):
        return replace(location, labels={**named.labels, **location.labels}, place=named.place)
    return location


async def _ask(
    domain: str, lookup: DnsLookup, at: MailReading, failures: list[LookupFailedError]
) -> list[Location]:
    """The locations of a domain; those of the last look-up if it fails now, which is added to ``failures``."""
    try:
        found = await _locations(domain, lookup)
    except LookupFailedError as error:
        failures.append(error)
        known = at.known.get(domain, [])
        stay = ": its last targets stay" if known else ""
        return [*known, Skipped(place=domain, problem=f"{str(error).rstrip('.')}{stay}")]
    at.known[domain] = found
    return found


async def _locations(domain: str, lookup: DnsLookup) -> list[Location]:
    name = f"{domain.rstrip('.')}."
    records = [one for one in (await lookup.records(name, "MX")).found if isinstance(one, MX)]
    if records:
        return list(_of_records(domain, records))
    for kind in ("A", "AAAA"):
        if (await lookup.records(name, kind)).found:
            return [_location(domain, domain, None)]
    return [Skipped(place=domain, problem="it has neither MX nor address records")]


def _of_records(domain: str, records: Sequence[MX]) -> Iterator[Location]:
    found: dict[str, int] = {}
    for one in sorted(records, key=lambda each: (each.preference, each.exchange)):
        host = one.exchange.to_text(omit_final_dot=True).lower()
        if host not in _NO_HOST:
            found.setdefault(host, one.preference)
    if not found:
        yield Skipped(place=domain, problem="it accepts no mail (null MX)")
    for number, (host, preference) in enumerate(found.items()):
        if number == MOST_HOSTS:
            left_out = f"{len(found) - MOST_HOSTS} of its {len(found)} MX hosts are left out"
            yield Skipped(place=domain, problem=left_out)
            return
        yield _location(domain, host, preference)


def _location(domain: str, host: str, preference: int | None) -> SourceLocation:
    about = meta("mail_domain", {"name": domain, "preference": preference})
    return SourceLocation(
        host=host,
        port=_PORT,
        protocol=_PROTOCOL,
        labels={**about, MAIL_DOMAIN_LABEL: domain},
        place=f"MX of {domain}",
    )
