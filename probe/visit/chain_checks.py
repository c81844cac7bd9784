"""Further checks of a served chain: missing issuers, revocation, SCTs, DNS records.

They run once the visit is over, on what the server sent, and on what is fetched if the user allows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from model.certificates.certificate import (
    Certificate,
    Completion,
    Problem,
    Revocation,
    RevocationMethod,
    ServedChain,
    TrustVerdict,
)
from model.dns.service_bindings import ServiceBindings
from model.target import Target
from pki.certificates import TrustStore, parse_certificate, with_revocations
from pki.certificates.path_building import read_link
from pki.net_guard.gate import zone_of_target
from pki.net_guard.politeness import Politeness
from pki.revocation import (
    FetchBudget,
    RevocationChecker,
    issuer_of_leaf,
    judge_staple,
    missing_issuers,
    unasked,
)
from pki.transparency import StapledData, judge_policies, judge_scts, read_log_list
from probe.budget import off_loop
from probe.checks.part import Part
from probe.checks.prober import side_by_side
from probe.checks.visit_facts import Stapled
from probe.visit.settings import ProbeSettings

if TYPE_CHECKING:
    from pki.revocation.fetch import Fetcher
    from probe.visit.dns_checks import DnsChecks

_LOOK_UP_SECONDS: Final = 5.0
"""How long a visit waits for the HTTPS and SVCB records before it asks the server."""


class ChainChecks:
    """Checks the chains of any number of visits.

    Raises:
        LogListError: at construction, if the log list cannot be used.
    """

    def __init__(
        self,
        settings: ProbeSettings,
        stores: Mapping[str, TrustStore],
        politeness: Politeness | None = None,
    ) -> None:
        self._stores = stores
        self._is_asked = Part.REVOCATION in settings.parts
        self._logs = read_log_list(settings.log_list) if settings.log_list else None
        self._fetcher = _fetcher(settings, politeness) if settings.fetch else None
        self._dns = _dns_checks(settings) if settings.dns_records else None
        self._revocation = RevocationChecker(self._fetcher) if self._fetcher else None

    async def check(
        self,
        chains: tuple[ServedChain, ...],
        stapled: list[Stapled] | None,
        at: datetime,
        within_seconds: float,
        target: Target | None = None,
    ) -> tuple[ServedChain, ...]:
        """The chains with the results of these checks; if ``stapled`` is None, the earlier stapled results
        stay.

        What is not fetched ``within_seconds`` is given up. The DNS is asked about the ``target``.
        """
        if self._dns is not None and target is not None:
            chains = await self._dns.check(chains, target, within_seconds)
        if not self._is_asked:
            return chains
        budget = FetchBudget(zone="" if target is None else zone_of_target(target))
        judging = (self._check(one, stapled, at, within_seconds, budget) for one in chains)
        return tuple(await side_by_side(*judging))

    async def service_bindings(self, target: Target) -> ServiceBindings | None:
        """The HTTPS or SVCB records of the target; None if the DNS is not asked, or the protocol has none."""
        if self._dns is None:
            return None
        return await self._dns.service_bindings(target, _LOOK_UP_SECONDS)

    async def _check(
        self,
        found: ServedChain,
        stapled: list[Stapled] | None,
        at: datetime,
        within_seconds: float,
        budget: FetchBudget,
    ) -> ServedChain:
        fetched: tuple[Revocation, ...] = ()
        chain = await off_loop(self._with_issuers, found) if self._revocation else ()
        try:
            async with asyncio.timeout(max(0.0, within_seconds)):
                completion = await self._complete(found, at, budget)
                if completion is not None:
                    found = replace(found, completion=completion)
                    chain = await off_loop(self._with_issuers, found)
                if self._revocation is not None:
                    fetched = await self._revocation.check(chain, at, budget)
        except TimeoutError:
            if self._revocation is not None:
                fetched = unasked(chain, at)
        return await off_loop(self._with_words, found, stapled, fetched, at)

    def _with_words(
        self,
        found: ServedChain,
        stapled: list[Stapled] | None,
        fetched: tuple[Revocation, ...],
        at: datetime,
    ) -> ServedChain:
        """The chain with the results on its revocation and public logs; runs in a thread."""
        chain = self._with_issuers(found)
        if stapled is None:
            kept = (one for one in found.revocations if one.method is RevocationMethod.STAPLE)
            was_asked = Problem.STAPLE_MISSING in found.problems
            return with_revocations(found, [*kept, *fetched], was_asked=was_asked)
        came = [one for one in stapled if one.leaf == found.leaf.der]
        staple = next((one.ocsp_response for one in came if one.ocsp_response), None)
        sct_list = next((one.sct_list for one in came if one.sct_list), None)
        scts = judge_scts(
            found.leaf.der or b"",
            issuer_of_leaf(chain),
            StapledData(sct_list=sct_list, ocsp_response=staple),
            self._logs,
            at,
        )
        revocations = [*judge_staple(chain, staple, at), *fetched]
        return replace(
            with_revocations(found, revocations, was_asked=bool(came)),
            scts=scts,
            transparency=judge_policies(found.leaf, scts, self._logs),
        )

    async def _complete(
        self, found: ServedChain, at: datetime, budget: FetchBudget
    ) -> Completion | None:
        if self._fetcher is None or Problem.INCOMPLETE not in found.problems:
            return None
        issuers, reason = await missing_issuers(found.chain, self._fetcher, budget)
        whole = (*found.chain, *issuers)
        stores = {name: self._stores[name] for name in found.trust if name in self._stores}
        trust = await off_loop(_verified, stores, whole, at)
        return Completion(issuers=issuers, trust=trust, reason=reason)

    def _with_issuers(self, found: ServedChain) -> tuple[Certificate, ...]:
        """The chain as sent, the issuers that were fetched, and those in the trust stores."""
        chain = (*found.chain, *(found.completion.issuers if found.completion else ()))
        stores = [self._stores[name] for name in found.trust if name in self._stores]
        held = (
            issuer
            for certificate in chain
            for store in stores
            for issuer in store.issuers_of(read_link(certificate.der or b""))
        )
        sent = {certificate.der for certificate in chain}
        anchors = (der for der in dict.fromkeys(held) if der not in sent)
        return (*chain, *map(parse_certificate, anchors))


def _fetcher(settings: ProbeSettings, politeness: Politeness | None) -> Fetcher:
    """The HTTP client, whose libraries are loaded only if something may be fetched."""
    from pki.revocation.fetch import Fetcher

    return Fetcher(settings.gate, politeness, user_agent=settings.user_agent)


def _dns_checks(settings: ProbeSettings) -> DnsChecks:
    from probe.visit.dns_checks import DnsChecks

    return DnsChecks(settings.name_servers, settings.gate)


def _verified(
    stores: Mapping[str, TrustStore], chain: tuple[Certificate, ...], at: datetime
) -> dict[str, TrustVerdict]:
    return {name: store.verify(chain, at) for name, store in stores.items()}
