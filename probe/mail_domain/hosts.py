"""One MX host: its addresses, its TLSA records, and what visits to its port show of both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from dns.rdtypes.ANY.TLSA import TLSA

from model.application_protocol import protocol_named
from model.certificates.certificate import ServedChain
from model.frozen import frozen
from model.mail.mail_domain import MAIL_DOMAIN_LABEL, MailHost, StsMode, StsPolicy
from model.observation import Observation, State
from model.target import Endpoint, Target
from model.verdict import Evidence, Fact, Verdict
from pki.dns.lookup import DnsLookup
from pki.dns.smtp_tlsa import chain_verdict, match_records, rollover_of
from probe.mail_domain.addresses import Addresses, addresses_of
from probe.mail_domain.questions import Question, ask, dnssec_fact
from probe.mail_domain.sts_policy import allows

_PROTOCOL: Final = "smtp"
PORT: Final = protocol_named(_PROTOCOL).ports[0]


@frozen
class HostContext:
    """What is known of the domain when a host is examined; ``visit`` visits one endpoint.

    ``may_visit`` is whether to visit an address at all.
    """

    domain: str
    lookup: DnsLookup
    visit: Callable[[Endpoint], Awaitable[Observation]]
    validates: Fact
    port: int = PORT
    may_visit: Callable[[str], bool] = bool


async def examine(
    context: HostContext, name: str, preference: int | None, now: Callable[[], datetime]
) -> MailHost:
    """What the DNS and the server say about TLS at this host; without what MTA-STS says, and without a verdict."""
    found = await addresses_of(context.lookup, name, context.validates)
    addresses = filter(context.may_visit, found.visited)
    endpoints = [Endpoint(target=_target(context, name), address=one) for one in addresses]
    visiting = asyncio.gather(*map(context.visit, endpoints))
    asked, visits = await asyncio.gather(_ask_tlsa(context, name, found), visiting)
    records = asked.of(TLSA)
    chains = [chain for one in visits for chain in one.own_certificates]
    # A server that the domain's MX names may also have a certificate for the domain (RFC 7672, section 3.2.2).
    names, at = (name, context.domain), now()
    matched = match_records(records, chains, names, at)
    facts = {
        "addresses_dnssec": found.secure,
        "starttls": _starttls(visits),
        "tlsa": _tlsa_fact(asked, records, context.validates),
    }
    if any(one.is_usable for one in matched) and facts["tlsa"].verdict is not Verdict.NO:
        facts["dane"] = _dane_fact(asked, records, chains, names, at)
    return MailHost(
        name=name,
        preference=preference,
        addresses=found.all,
        facts=facts,
        tlsa=matched,
        rollover=rollover_of(matched),
        observations=tuple(visits),
    )


def sts_facts(host: MailHost, policy: StsPolicy, evidence: Evidence | None) -> dict[str, Fact]:
    """Whether senders with this MTA-STS policy deliver to the host: by its name, and by its certificate."""
    if policy.mode is StsMode.NONE:
        return {}
    is_named = Verdict.YES if allows(policy, host.name) else Verdict.NO
    chains = [chain for one in host.observations for chain in one.own_certificates]
    tries = [_sts_certificate(chain) for chain in chains]
    return {
        "mta_sts_name": Fact(verdict=is_named, evidence=evidence),
        "mta_sts_certificate": _weakest(tries) or Fact(verdict=Verdict.UNKNOWN),
    }


def _target(context: HostContext, name: str) -> Target:
    return Target(
        host=name,
        port=context.port,
        server_name=name,
        protocol=_PROTOCOL,
        labels={MAIL_DOMAIN_LABEL: context.domain},
    )


async def _ask_tlsa(context: HostContext, name: str, found: Addresses) -> Question:
    """TLSA of the name that aliases lead to, then of the name itself (RFC 7671, section 7)."""
    bases = dict.fromkeys((found.canonical_name or name, name))
    asked = [
        await ask(context.lookup, f"_{context.port}._tcp.{base.rstrip('.')}", "TLSA")
        for base in bases
    ]
    return next((one for one in asked if one.answer is None or one.of(TLSA)), asked[-1])


def _tlsa_fact(asked: Question, records: Sequence[TLSA], validates: Fact) -> Fact:
    """Whether there are TLSA records that senders apply: those that DNSSEC protects (RFC 7672, section 2.2)."""
    if asked.answer is None:
        return asked.fact(Verdict.UNKNOWN)
    if not records:
        return asked.fact(Verdict.NO, f"{asked.name} has no TLSA record.")
    return dnssec_fact(asked, validates)


def _starttls(visits: Sequence[Observation]) -> Fact:
    found = [one.plaintext.get("starttls_works") or _by_state(one) for one in visits]
    return _weakest(found) or Fact(verdict=Verdict.UNKNOWN)


def _by_state(visit: Observation) -> Fact:
    if visit.state is State.TLS:
        return Fact(verdict=Verdict.YES)
    return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=visit.reason))


def _dane_fact(
    asked: Question,
    records: Sequence[TLSA],
    chains: Sequence[ServedChain],
    names: Sequence[str],
    at: datetime,
) -> Fact:
    """Whether each chain that the server sends matches a record: a sender may get any of them."""
    tries = [
        Fact(verdict=chain_verdict(records, one, names, at), evidence=_leaf_of(one))
        for one in chains
    ]
    return _weakest(tries) or asked.fact(Verdict.UNKNOWN, "No certificate was received.")


def _sts_certificate(chain: ServedChain) -> Fact:
    """Whether the chain is trusted and for the host (RFC 8461, section 4.2)."""
    trust = {one.verdict for one in chain.trust.values()}
    is_trusted = next((one for one in (Verdict.YES, Verdict.UNKNOWN) if one in trust), Verdict.NO)
    both = {is_trusted, chain.hostname_matches}
    verdict = next((one for one in (Verdict.NO, Verdict.UNKNOWN) if one in both), Verdict.YES)
    return Fact(verdict=verdict, evidence=_leaf_of(chain))


def _leaf_of(chain: ServedChain) -> Evidence:
    return Evidence(answer=chain.leaf.der, note=f"certificate {chain.leaf.sha256}")


def _weakest(facts: Sequence[Fact]) -> Fact | None:
    """The fact of the address or chain that is worst; those that say nothing count only if none says more."""
    order = (Verdict.NO, Verdict.YES, Verdict.UNKNOWN)
    return next((one for verdict in order for one in facts if one.verdict is verdict), None)
