"""Assesses a mail domain: finds its hosts, examines each, reads what the domain publishes, and gives one verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from dns.rdtypes.ANY.MX import MX

from model.frozen import frozen
from model.mail.mail_domain import MOST_HOSTS, MailDomain, MailHost, TlsStripping
from model.observation import Observation
from model.ports import Clock
from model.target import Endpoint
from model.verdict import Evidence, Fact, Verdict
from model.version import TOOL_VERSION
from pki.dns.lookup import DnsLookup
from probe.mail_domain.addresses import addresses_of
from probe.mail_domain.hosts import PORT, HostContext, examine, sts_facts
from probe.mail_domain.policy_fetch import PolicyFetcher
from probe.mail_domain.published import HTTPS_PORT, PublicationContext, published_by
from probe.mail_domain.questions import ask, dnssec_fact, mx_records, validation
from probe.mail_domain.stripping import Published, of_domain, of_host

_NULL: Final = "."


@frozen
class MailPorts:
    """The ports of a domain's servers; they are other than usual only in tests."""

    smtp: int = PORT
    https: int = HTTPS_PORT


_USUAL_PORTS: Final = MailPorts()


@frozen
class _Exchanges:
    """The hosts of a domain by preference, None for the domain itself, and the facts about them."""

    hosts: tuple[tuple[str, int | None], ...]
    facts: Mapping[str, Fact]
    are_all: bool = True


class MailDomainAssessor:
    """Assesses domains. ``visit`` visits one endpoint; ``may_visit`` is whether to visit an address at all."""

    def __init__(
        self,
        lookup: DnsLookup,
        visit: Callable[[Endpoint], Awaitable[Observation]],
        fetcher: PolicyFetcher,
        clock: Clock,
        *,
        ports: MailPorts = _USUAL_PORTS,
        may_visit: Callable[[str], bool] = bool,
    ) -> None:
        self._lookup = lookup
        self._visit = visit
        self._fetcher = fetcher
        self._clock = clock
        self._ports = ports
        self._may_visit = may_visit

    async def assess(self, domain: str) -> MailDomain:
        """The assessment of this domain, a name without a final dot; only cancellation is raised."""
        started_at = self._clock.now()
        validates = await self._validation()
        exchanges, published = await asyncio.gather(
            self._exchanges(domain, validates), self._published(domain, validates)
        )
        context = HostContext(
            domain=domain,
            lookup=self._lookup,
            visit=self._visit,
            validates=validates,
            port=self._ports.smtp,
            may_visit=self._may_visit,
        )
        examined = await asyncio.gather(
            *(examine(context, name, order, self._clock.now) for name, order in exchanges.hosts)
        )
        all_facts = {"dnssec_validation": validates, **exchanges.facts, **published.facts}
        whole = replace(published, facts=all_facts)
        hosts = tuple(_judged(one, whole) for one in examined)
        stripping, reason = _verdict(hosts, exchanges)
        return MailDomain(
            tool_version=TOOL_VERSION,
            domain=domain,
            started_at=started_at,
            facts=all_facts,
            hosts=hosts,
            policy=published.policy,
            stripping=stripping,
            reason=reason,
        )

    async def _validation(self) -> Fact:
        asked = await validation(self._lookup)
        if asked.is_authenticated:
            return asked.fact(Verdict.YES, "The name server validates the root, which is signed.")
        words = "The name server does not show that it validates DNSSEC."
        return Fact(verdict=Verdict.UNKNOWN, evidence=asked.evidence(asked.failure or words))

    async def _published(self, domain: str, validates: Fact) -> Published:
        return await published_by(
            PublicationContext(
                domain=domain,
                lookup=self._lookup,
                fetcher=self._fetcher,
                visit=self._visit,
                validates=validates,
                https_port=self._ports.https,
            )
        )

    async def _exchanges(self, domain: str, validates: Fact) -> _Exchanges:
        """The MX hosts, or the domain itself if it has an address and no MX (RFC 5321, section 5.1)."""
        asked = await ask(self._lookup, domain, "MX")
        secure = {"mx_dnssec": dnssec_fact(asked, validates)}
        if asked.answer is None:
            return _Exchanges(hosts=(), facts=secure | {"mx": asked.fact(Verdict.UNKNOWN)})
        records = mx_records(asked)
        hosts = _hosts(records)
        if records and not hosts:
            words = f"{domain} accepts no mail (null MX, RFC 7505)."
            return _Exchanges(hosts=(), facts=secure | {"mx": asked.fact(Verdict.NO, words)})
        if hosts:
            fact = asked.fact(Verdict.YES, value=", ".join(name for name, _ in hosts))
            few = hosts[:MOST_HOSTS]
            return _Exchanges(
                hosts=few, facts=secure | {"mx": fact}, are_all=len(few) == len(hosts)
            )
        itself = await addresses_of(self._lookup, domain, validates)
        fact = replace(itself.are_there, value=domain if itself.all else None)
        if itself.are_there.verdict is Verdict.NO:
            words = f"{domain} has neither MX nor address."
            fact = replace(fact, evidence=asked.evidence(words))
        own = ((domain, None),) if itself.all else ()
        return _Exchanges(hosts=own, facts=secure | {"mx": fact})


def _hosts(records: Sequence[MX]) -> tuple[tuple[str, int | None], ...]:
    """The names with their preferences; a null MX names none."""
    found: dict[str, int | None] = {}
    for one in records:
        name = one.exchange.to_text(omit_final_dot=True).lower()
        if name not in {"", "@", _NULL}:
            found.setdefault(name, one.preference)
    return tuple(found.items())


def _judged(host: MailHost, published: Published) -> MailHost:
    facts = dict(host.facts)
    if published.policy is not None:
        facts |= sts_facts(host, published.policy, _proof(published))
    usable = any(one.is_usable for one in host.tlsa)
    stripping, reason = of_host(facts, published, has_usable_tlsa=usable)
    return replace(host, facts=facts, stripping=stripping, reason=reason)


def _proof(published: Published) -> Evidence | None:
    return published.facts["mta_sts_policy"].evidence


def _verdict(hosts: Sequence[MailHost], exchanges: _Exchanges) -> tuple[TlsStripping, str]:
    mx = exchanges.facts["mx"]
    words = (mx.evidence and mx.evidence.note) or ""
    if mx.verdict is Verdict.NO:
        return TlsStripping.NO_MAIL, words
    if mx.verdict is Verdict.UNKNOWN:
        return TlsStripping.UNKNOWN, words
    return of_domain(hosts, are_all=exchanges.are_all)
