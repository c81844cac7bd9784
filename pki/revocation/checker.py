"""Queries the revocation sources of each certificate in a chain, and caches the answers.

The OCSP responder comes first, then the issuer's CRL. If no source answers, the result is unknown.
Answers and results are cached until they are stale, and concurrent visits share one fetch. An answer that a
budget cut short is not cached. Answers are evaluated in separate threads, because a CRL may have 16 MiB.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from model.certificates.certificate import Certificate, Revocation, RevocationMethod
from model.frozen import frozen
from model.verdict import Verdict
from pki.certificates.path_building import read_link
from pki.revocation.crl import MOST_CRL_LENGTH, freshest_urls, judge_crl
from pki.revocation.fetch_budget import BudgetError, FetchBudget, FetchError
from pki.revocation.ocsp import judge_ocsp, ocsp_request
from pki.revocation.signed import RevocationQuery

if TYPE_CHECKING:
    from pki.revocation.fetch import Fetcher

_MOST_OCSP_LENGTH: Final = 2**18
_MOST_URLS: Final = 2
_MOST_KEPT: Final = 4096
_MOST_KEPT_BYTES: Final = 2**25
_JUDGED_AT_ONCE: Final = 2
_LONGEST_KEPT: Final = timedelta(hours=6)
_FAILURE_KEPT: Final = timedelta(minutes=10)

Judged = TypeVar("Judged")


@frozen
class IssuerLink:
    """One certificate of a chain with its issuer, both in DER."""

    position: int
    certificate: Certificate
    der: bytes
    issuer: bytes

    def about(self, at: datetime, source: str | None = None) -> RevocationQuery:
        """The query to that source."""
        return RevocationQuery(
            certificate=self.der,
            issuer=self.issuer,
            position=self.position,
            at=at,
            source=source,
        )


def links(chain: Sequence[Certificate]) -> Iterator[IssuerLink]:
    """Each certificate whose issuer is present; roots are not checked."""
    sent = [one.der for one in chain if one.der is not None]
    for position, certificate in enumerate(chain):
        if certificate.der is None:
            continue
        own = read_link(certificate.der)
        issuers = (der for der in sent if der != certificate.der and read_link(der).issued(own))
        issuer = next(issuers, None)
        if issuer is not None and not own.is_self_signed:
            yield IssuerLink(
                position=position, certificate=certificate, der=certificate.der, issuer=issuer
            )


def issuer_of_leaf(chain: Sequence[Certificate]) -> bytes | None:
    """The DER of the sent certificate that issued the leaf."""
    return next((link.issuer for link in links(chain) if link.position == 0), None)


def judge_staple(
    chain: Sequence[Certificate], staple: bytes | None, at: datetime
) -> tuple[Revocation, ...]:
    """The status of the leaf by its staple; nothing without a staple, unknown without the issuer."""
    if staple is None:
        return ()
    leaf = next((link for link in links(chain) if link.position == 0), None)
    if leaf is None:
        return (_without_issuer(),)
    return (judge_ocsp(staple, leaf.about(at), RevocationMethod.STAPLE),)


def _without_issuer() -> Revocation:
    return Revocation(
        position=0,
        method=RevocationMethod.STAPLE,
        is_revoked=Verdict.UNKNOWN,
        reason="The issuer was not sent and is in no trust store.",
    )


_WordKey: TypeAlias = tuple[RevocationMethod, str, bytes, bytes]
"""Method, URL, certificate and issuer."""


def _until(said: Revocation, at: datetime) -> datetime:
    """How long that result is cached."""
    if said.is_revoked is Verdict.UNKNOWN:
        return at + _FAILURE_KEPT
    most = at + _LONGEST_KEPT
    return min(said.next_update or most, most)


def unasked(chain: Sequence[Certificate], at: datetime) -> tuple[Revocation, ...]:
    """For each certificate that names a source: the visit ended before a source answered."""
    reason = "The visit's time was up before its sources answered."
    found = []
    for link in links(chain):
        by_method = (
            (RevocationMethod.OCSP, link.certificate.ocsp_urls),
            (RevocationMethod.CRL, link.certificate.crl_urls),
        )
        named = ((method, urls[0]) for method, urls in by_method if urls)
        found += [link.about(at, url).unknown(method, reason) for method, url in named]
    return tuple(found)


async def _judged(judge: Callable[[], Judged]) -> Judged:
    """The result of ``judge``, computed off the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), judge)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_JUDGED_AT_ONCE, thread_name_prefix="revocation")


class _Kept:
    """Fetched bytes, or the error, until they are stale."""

    __slots__ = ("answer", "until")

    def __init__(self, answer: asyncio.Future[bytes], until: datetime) -> None:
        self.answer = answer
        self.until = until

    @property
    def length(self) -> int:
        is_there = self.answer.done() and self.answer.exception() is None
        return len(self.answer.result()) if is_there else 0


class RevocationChecker:
    """Checks chains by OCSP and CRL; one instance for the whole process."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._kept: OrderedDict[tuple[str, bytes], _Kept] = OrderedDict()
        self._words: OrderedDict[_WordKey, tuple[Revocation, datetime]] = OrderedDict()

    async def check(
        self, chain: Sequence[Certificate], at: datetime, budget: FetchBudget
    ) -> tuple[Revocation, ...]:
        """The result of each source for each certificate whose issuer is present, at that aware time."""
        asked = await asyncio.gather(*(self._check_one(link, at, budget) for link in links(chain)))
        return tuple(said for answers in asked for said in answers)

    async def _check_one(
        self, link: IssuerLink, at: datetime, budget: FetchBudget
    ) -> list[Revocation]:
        """If the OCSP responder answers, the CRL is not fetched."""
        found = []
        for url in link.certificate.ocsp_urls[:_MOST_URLS]:
            found.append(await self._word(RevocationMethod.OCSP, link, url, at, budget))
            if found[-1].is_revoked is not Verdict.UNKNOWN:
                return found
        for url in link.certificate.crl_urls[:_MOST_URLS]:
            found.append(await self._word(RevocationMethod.CRL, link, url, at, budget))
            if found[-1].is_revoked is not Verdict.UNKNOWN:
                break
        return found

    async def _word(
        self,
        method: RevocationMethod,
        link: IssuerLink,
        url: str,
        at: datetime,
        budget: FetchBudget,
    ) -> Revocation:
        """The source's result for the certificate, evaluated once for all endpoints that serve it."""
        key = (method, url, link.der, link.issuer)
        said, until = self._words.get(key, (None, at))
        if said is None or until <= at:
            ask = self._by_ocsp if method is RevocationMethod.OCSP else self._by_crl
            try:
                said = await ask(link, url, at, budget)
            except BudgetError as error:
                return link.about(at, url).unknown(method, str(error))
            self._words[key] = said, _until(said, at)
        self._words.move_to_end(key)
        while len(self._words) > _MOST_KEPT:
            self._words.popitem(last=False)
        return replace(said, position=link.position)

    async def _by_ocsp(
        self, link: IssuerLink, url: str, at: datetime, budget: FetchBudget
    ) -> Revocation:
        about = link.about(at, url)
        request = ocsp_request(about)
        if request is None:
            reason = "The certificate or its issuer cannot be read."
            return about.unknown(RevocationMethod.OCSP, reason)

        async def ask() -> bytes:
            return await self._fetcher.fetch(
                url,
                most_bytes=_MOST_OCSP_LENGTH,
                budget=budget,
                body=request,
                content_type="application/ocsp-request",
            )

        try:
            response = await self._once((url, request), ask, at)
        except BudgetError:
            raise
        except FetchError as error:
            return about.unknown(RevocationMethod.OCSP, str(error))
        said = await _judged(partial(judge_ocsp, response, about, RevocationMethod.OCSP))
        self._keep_until((url, request), said, at)
        return said

    async def _by_crl(
        self, link: IssuerLink, url: str, at: datetime, budget: FetchBudget
    ) -> Revocation:
        about = link.about(at, url)
        try:
            crl = await self._get(url, at, budget)
            deltas = (await _judged(partial(freshest_urls, crl)))[:1]
            delta = await self._get(deltas[0], at, budget) if deltas else None
        except BudgetError:
            raise
        except FetchError as error:
            return about.unknown(RevocationMethod.CRL, str(error))
        said = await _judged(partial(judge_crl, crl, about, delta))
        self._keep_until((url, b""), said, at)
        return said

    async def _get(self, url: str, at: datetime, budget: FetchBudget) -> bytes:
        async def ask() -> bytes:
            return await self._fetcher.fetch(url, most_bytes=MOST_CRL_LENGTH, budget=budget)

        return await self._once((url, b""), ask, at)

    async def _once(
        self, key: tuple[str, bytes], ask: Callable[[], Awaitable[bytes]], at: datetime
    ) -> bytes:
        """The cached answer, that of a request in flight, or a new one; failures are cached too."""
        kept = self._kept.get(key)
        if kept is None or (kept.answer.done() and kept.until <= at):
            answer: asyncio.Future[bytes] = asyncio.ensure_future(ask())
            kept = self._kept[key] = _Kept(answer, at + _FAILURE_KEPT)
        self._kept.move_to_end(key)
        try:
            return await asyncio.shield(kept.answer)
        except BudgetError:
            if self._kept.get(key) is kept:
                del self._kept[key]
            raise
        finally:
            self._drop_oldest()

    def _keep_until(self, key: tuple[str, bytes], said: Revocation, at: datetime) -> None:
        if said.is_revoked is not Verdict.UNKNOWN and key in self._kept:
            self._kept[key].until = _until(said, at)

    def _drop_oldest(self) -> None:
        total = sum(kept.length for kept in self._kept.values())
        while len(self._kept) > _MOST_KEPT or total > _MOST_KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            total -= oldest.length
