"""The sources of targets that ask the DNS (``service.config.discovery``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from discovery.dns import Reading, read_records, read_zone
from discovery.mail_domains import MailReading, read_mail_domains
from discovery.source import SourceError, SourceReading
from pki.dns import DnsLookup, LookupFailedError
from service.config.sources import PolledSettings, SourceContext
from service.setting_types.values import Port, Seconds, split_name_server


def _check_servers(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        split_name_server(text)
    return texts


NameServers: TypeAlias = Annotated[tuple[str, ...], AfterValidator(_check_servers)]
"""Addresses with or without a port; none are the system's."""


class DnsSettings(PolledSettings):
    """The records of ``names``, and whole ``zones``, transferred from the first of the ``name_servers``."""

    type: Literal["dns"]
    names: tuple[str, ...] = ()
    records: tuple[Literal["A", "AAAA", "SRV", "HTTPS", "SVCB"], ...] = ("A", "AAAA")
    zones: tuple[str, ...] = ()
    port: Port = 443
    name_servers: NameServers = ()
    refresh_seconds: Seconds = 300.0

    @property
    def described(self) -> str:
        """Its kind and the first name."""
        return f"dns:{(*self.zones, *self.names, '')[0]}"

    @model_validator(mode="after")
    def _has_server_for_zones(self) -> DnsSettings:
        if self.zones and not self.name_servers:
            raise ValueError(
                "zones need name_servers: add a name server that allows zone transfers"
            )
        return self

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads all names and zones."""
        servers = [split_name_server(text) for text in self.name_servers]
        at = Reading(port=self.port, source=name, most=self.max_targets)

        async def read() -> SourceReading:
            try:
                lookup = DnsLookup(servers, gate=context.gate)
            except LookupFailedError as error:
                raise SourceError(str(error)) from error
            readings = [await read_records(self.names, self.records, lookup, at)]
            readings += [await read_zone(zone, servers[0], at, context.gate) for zone in self.zones]
            return SourceReading(
                targets=tuple(target for one in readings for target in one.targets),
                skipped=tuple(skipped for one in readings for skipped in one.skipped),
            )

        return read


class MailDomainsSettings(PolledSettings):
    """The mail servers of ``domains``: the hosts in their MX records, at port 25."""

    type: Literal["mail_domains"]
    domains: Annotated[tuple[str, ...], Field(min_length=1)]
    name_servers: NameServers = ()
    refresh_seconds: Seconds = 300.0

    @property
    def described(self) -> str:
        """Its kind and the first domain."""
        return f"mail_domains:{self.domains[0]}"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Looks up the MX records of all domains."""
        servers = [split_name_server(text) for text in self.name_servers]
        at = MailReading(source=name, most=self.max_targets)

        async def read() -> SourceReading:
            try:
                lookup = DnsLookup(servers, gate=context.gate)
            except LookupFailedError as error:
                raise SourceError(str(error)) from error
            return await read_mail_domains(self.domains, lookup, at)

        return read
