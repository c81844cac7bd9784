"""Assesses the mail domains that the user names as ``mail-domain:example.com``, and writes the results in that order."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TextIO

from discovery.targets import MAIL_DOMAIN, TargetError, parse_mail_domain
from exporters.terminal.console import ProgressLine
from exporters.terminal.mail_domain import render_mail_domain
from exporters.terminal.scan_report import render_report
from exporters.terminal.scan_report.form import form_for
from model.clock import SystemClock
from model.mail.mail_domain import MailDomain, TlsStripping
from model.mail.mail_domain_json import mail_domain_to_json
from model.observation import Observation
from model.target import Endpoint
from model.verdict import Verdict
from pki.certificates import load_trust_store
from pki.dns import DnsLookup, LookupFailedError
from probe.mail_domain.assess import MailDomainAssessor
from probe.mail_domain.policy_fetch import PolicyFetcher
from probe.visit.engine import Engine
from scheduling.scan import MAX_CONCURRENT_PROBES
from service.scan.formats import OutputFormat
from service.scan.hosts import NamedHost
from service.scan.output import ScanOptions
from service.scan.request import ScanInputError, ScanRequest

_AT_ONCE: Final = 8
"""Domains that are assessed side by side; each has up to 20 hosts."""
_PROTECTED: Final = frozenset(
    {TlsStripping.NO_ONE, TlsStripping.FIRST_CONTACT, TlsStripping.NO_MAIL}
)
_DELIVERY: Final = ("starttls", "dane", "mta_sts_name", "mta_sts_certificate")


def domains_of(hosts: Iterable[NamedHost]) -> tuple[str, ...]:
    """The names of the domains.

    Raises:
        ScanInputError: if one of the hosts is not a mail domain, or is not valid.
    """
    return tuple(dict.fromkeys(_domain(one) for one in hosts))


def _domain(host: NamedHost) -> str:
    place = f"{host.place}: " if host.place else ""
    if not host.text.startswith(MAIL_DOMAIN):
        raise ScanInputError(
            f"{place}{host.text!r} is not a mail domain: scan mail domains and hosts with two commands"
        )
    try:
        return parse_mail_domain(host.text)
    except TargetError as error:
        raise ScanInputError(f"{place}{error}") from error


async def scan_mail_domains(
    domains: Sequence[str], request: ScanRequest, options: ScanOptions, stream: TextIO
) -> bool:
    """Assess all domains and write each in its turn; returns whether all are protected and get their mail.

    Raises:
        BrokenPipeError: if the reader of ``stream`` is gone.
        ScanInputError: if no name server can be asked.
    """
    assess = _assessor(request)
    places = asyncio.Semaphore(_AT_ONCE)
    progress = ProgressLine(sys.stderr)

    async def one_at_a_time(domain: str) -> MailDomain:
        async with places:
            progress.show(f"{domain}: asking the DNS and its mail servers")
            return await assess(domain)

    write = _writer(options, stream)
    are_protected = True
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one_at_a_time(domain)) for domain in domains]
            for number, task in enumerate(tasks):
                found = await task
                progress.clear()
                write(found, number)
                are_protected &= is_protected(found)
    except ExceptionGroup as failures:
        # A closed pipe is an ordinary end: raise it without the exception group.
        if gone := failures.subgroup(BrokenPipeError):
            raise BrokenPipeError from gone
        raise
    if options.format is OutputFormat.JSON:
        stream.write("\n]\n")
    return are_protected


def is_protected(found: MailDomain) -> bool:
    """Whether TLS cannot be stripped at will, and senders that apply the protection deliver to every host."""
    return found.stripping in _PROTECTED and not any(
        fact.verdict is Verdict.NO
        for host in found.hosts
        for name, fact in host.facts.items()
        if name in _DELIVERY
    )


def _assessor(request: ScanRequest) -> Callable[[str], Awaitable[MailDomain]]:
    settings, clock = request.settings, SystemClock()
    engine = Engine(settings, clock)
    try:
        lookup = DnsLookup(settings.name_servers, gate=settings.gate)
    except LookupFailedError as error:
        raise ScanInputError(f"{error} Give one with --name-server.") from error
    stores = {name: load_trust_store(name, path) for name, path in settings.trust_stores.items()}
    fetcher = PolicyFetcher(settings.gate, engine.politeness, stores)
    places = asyncio.Semaphore(MAX_CONCURRENT_PROBES)

    async def visit(endpoint: Endpoint) -> Observation:
        async with places:
            return await engine.visit(endpoint)

    return MailDomainAssessor(lookup, visit, fetcher, clock, may_visit=request.family.has).assess


def _writer(options: ScanOptions, stream: TextIO) -> Callable[[MailDomain, int], None]:
    """What writes one assessment, by its number from 0."""
    form = form_for(stream, no_colour=options.no_colour, is_verbose=options.is_verbose)

    def as_json(found: MailDomain, number: int) -> None:
        fields = mail_domain_to_json(found, with_evidence=options.with_evidence)
        line = json.dumps(fields, separators=(",", ":")).replace("\x7f", "\\u007f")
        if options.format is OutputFormat.JSON:
            line = f"{',' if number else '['}\n{line}"
        stream.write(line if options.format is OutputFormat.JSON else f"{line}\n")
        stream.flush()

    def as_text(found: MailDomain, number: int) -> None:
        stream.write(f"{chr(10) if number else ''}{render_mail_domain(found, form)}")
        for host in found.hosts if options.is_verbose else ():
            stream.writelines(
                f"\n{render_report(seen, SystemClock().now(), form=form)}"
                for seen in host.observations
            )
        stream.flush()

    return as_json if options.format.has_observations else as_text
