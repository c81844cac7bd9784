"""What a domain publishes for senders: MTA-STS (RFC 8461) and TLS-RPT (RFC 8460)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from model.frozen import frozen
from model.mail.mail_domain import StsPolicy
from model.observation import Observation
from model.target import Endpoint, Target
from model.verdict import Evidence, Fact, Verdict
from pki.dns.lookup import DnsLookup
from probe.mail_domain.addresses import addresses_of
from probe.mail_domain.policy_fetch import Fetched, PolicyFetcher
from probe.mail_domain.questions import ask, texts
from probe.mail_domain.stripping import Published
from probe.mail_domain.sts_policy import StsPolicyError, read_policy
from probe.mail_domain.text_records import TextRecordError, report_record, sts_id

HTTPS_PORT: Final = 443
_REPORTS: Final = "_smtp._tls"
_RECORD: Final = "_mta-sts"
_HOST: Final = "mta-sts"


@frozen
class PublicationContext:
    """How what a domain publishes is read; ``visit`` visits the policy host if its certificate is refused."""

    domain: str
    lookup: DnsLookup
    fetcher: PolicyFetcher
    visit: Callable[[Endpoint], Awaitable[Observation]]
    validates: Fact
    https_port: int = HTTPS_PORT


async def published_by(context: PublicationContext) -> Published:
    """The facts ``mta_sts_record``, ``mta_sts_policy`` (if there is a record) and ``tls_rpt``."""
    reports, record = await asyncio.gather(_reports(context), _record(context))
    facts = {"mta_sts_record": record, "tls_rpt": reports}
    if record.verdict is Verdict.NO:
        return Published(facts=facts)
    fact, policy = await _policy(context)
    return Published(facts=facts | {"mta_sts_policy": fact}, policy=policy)


async def _reports(context: PublicationContext) -> Fact:
    asked = await ask(context.lookup, f"{_REPORTS}.{context.domain}", "TXT")
    try:
        record = report_record(texts(asked))
    except TextRecordError as error:
        return asked.fact(Verdict.NO, str(error)) if asked.answer else asked.fact(Verdict.UNKNOWN)
    return asked.fact(Verdict.YES, value=", ".join(record.rua))


async def _record(context: PublicationContext) -> Fact:
    asked = await ask(context.lookup, f"{_RECORD}.{context.domain}", "TXT")
    try:
        return asked.fact(Verdict.YES, value=sts_id(texts(asked)))
    except TextRecordError as error:
        return asked.fact(Verdict.NO, str(error)) if asked.answer else asked.fact(Verdict.UNKNOWN)


async def _policy(context: PublicationContext) -> tuple[Fact, StsPolicy | None]:
    host = f"{_HOST}.{context.domain}"
    found = await addresses_of(context.lookup, host, context.validates)
    if not found.visited:
        return found.are_there, None
    fetched = Fetched()
    for address in found.visited:
        fetched = await context.fetcher.fetch(host, context.https_port, address)
        if fetched.is_certificate_refused:
            return await _refused_certificate(context, host, address, fetched), None
        if fetched.is_answered:
            break
    if fetched.body is None:
        verdict = Verdict.NO if fetched.is_answered else Verdict.UNKNOWN
        proof = Evidence(answer=fetched.refused or None, note=fetched.problem)
        return Fact(verdict=verdict, evidence=proof), None
    try:
        policy = read_policy(fetched.body)
    except StsPolicyError as error:
        proof = Evidence(answer=fetched.body, note=str(error))
        return Fact(verdict=Verdict.NO, evidence=proof), None
    proof = Evidence(answer=fetched.body, note=" ".join(policy.warnings) or None)
    return Fact(verdict=Verdict.YES, evidence=proof, value=policy.mode), policy


async def _refused_certificate(
    context: PublicationContext, host: str, address: str, fetched: Fetched
) -> Fact:
    """The refusal, with the certificate that a visit gets; unknown if the visit does not agree."""
    target = Target(host=host, port=context.https_port, server_name=host)
    seen = await context.visit(Endpoint(target=target, address=address))
    for chain in seen.own_certificates:
        is_trusted = any(one.verdict is Verdict.YES for one in chain.trust.values())
        if chain.hostname_matches is Verdict.NO or not is_trusted:
            proof = Evidence(answer=chain.leaf.der, note=fetched.problem)
            return Fact(verdict=Verdict.NO, evidence=proof)
    return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=fetched.problem))
