"""URLs in certificates cost a visit and the process a bounded number of fetches and bytes.

If a budget is used up, the result is unknown for this visit and has no effect on other visits.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from cryptography import x509

from model.certificates.certificate import Revocation
from model.verdict import Verdict
from pki.certificates import parse_certificate
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.http_client import HttpClient, HttpError, HttpRequest
from pki.net_guard.politeness import Politeness
from pki.revocation.checker import RevocationChecker
from pki.revocation.fetch import Fetcher
from pki.revocation.fetch_budget import BudgetError, FetchBudget, FetchError, ProcessFetches
from probe.visit.settings import ProbeSettings
from tests.pki.certificates.making import NOW, make
from tests.pki.revocation.fetching import LOOPBACK, fetch_gate, fetcher
from tests.pki.revocation.making import ISSUER
from tests.pki.revocation.servers import web_server


class Turns:
    """Holds each request until it is released; ``most`` is the maximum number of simultaneous requests."""

    def __init__(self) -> None:
        self.most = self.here = self.done = 0
        self.arrived = asyncio.Condition()
        self.may_go = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        async with self.arrived:
            self.here += 1
            self.most = max(self.most, self.here)
            self.arrived.notify_all()
        await self.may_go.wait()
        self.here -= 1
        self.done += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def turns() -> AsyncIterator[tuple[Turns, int]]:
    kept = Turns()
    async with await asyncio.start_server(kept.answer, "127.0.0.1", 0) as server:
        yield kept, server.sockets[0].getsockname()[1]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


async def revocations_of(
    checker: RevocationChecker, url: str, budget: FetchBudget
) -> tuple[Revocation, ...]:
    where = [x509.UniformResourceIdentifier(url)]
    points = x509.CRLDistributionPoints([x509.DistributionPoint(where, None, None, None)])
    leaf = make("server", issuer=ISSUER, hints=(points,))
    return await checker.check([parse_certificate(one.der) for one in (leaf, ISSUER)], NOW, budget)


async def test_the_number_of_fetches_in_a_visit_is_limited() -> None:
    async with web_server({"/a": b"a"}) as server:
        server.redirects |= {"/1": "/2", "/2": "/3", "/3": "/a"}
        budget = FetchBudget(fetches=6)
        asking = fetcher()
        assert await asking.fetch(server.url("/1"), most_bytes=9, budget=budget) == b"a"
        with pytest.raises(BudgetError, match="6 fetches are used up"):
            await asking.fetch(server.url("/1"), most_bytes=9, budget=budget)
        assert len(server.asked) == 6


async def test_the_number_of_bytes_received_in_a_visit_is_limited() -> None:
    async with web_server() as server:
        budget, received = FetchBudget(bytes_=200_000), ProcessFetches()
        asking = Fetcher(fetch_gate(LOOPBACK), process=received)
        for _ in range(3):
            with pytest.raises(BudgetError, match="200000 fetched bytes"):
                await asking.fetch(server.url("/flood"), most_bytes=2**24, budget=budget)
        assert server.asked == ["/flood"]


async def test_waiting_fetches_are_not_sent_after_the_bytes_are_used_up() -> None:
    async with web_server() as server:
        budget, asking = FetchBudget(bytes_=200_000), fetcher()
        found = await asyncio.gather(
            *(
                asking.fetch(server.url("/flood"), most_bytes=2**24, budget=budget)
                for _ in range(20)
            ),
            return_exceptions=True,
        )
        assert {type(one) for one in found} == {BudgetError}
        assert len(server.asked) <= 2


async def test_what_a_budget_cut_short_is_unknown_only_for_that_visit() -> None:
    async with web_server({"/crl": b"no list"}) as server:
        checker = RevocationChecker(fetcher())
        (spent,) = await revocations_of(checker, server.url("/crl"), FetchBudget(fetches=0))
        assert (spent.is_revoked, server.asked) == (Verdict.UNKNOWN, [])
        assert "was not fetched" in (spent.reason or "")
        (flooded,) = await revocations_of(checker, server.url("/flood"), FetchBudget(bytes_=1000))
        assert "fetched bytes is used up" in (flooded.reason or "")
        await revocations_of(checker, server.url("/crl"), FetchBudget())
        await revocations_of(checker, server.url("/flood"), FetchBudget(bytes_=1000))
        assert server.asked == ["/flood", "/crl", "/flood"]


async def test_a_host_is_queried_by_at_most_two_at_once_for_all_callers() -> None:
    async with turns() as (kept, port):
        asking = fetcher()
        tasks = [
            asyncio.create_task(
                asking.fetch(
                    f"http://127.0.0.1:{port}/{number}", most_bytes=9, budget=FetchBudget()
                )
            )
            for number in range(6)
        ]
        async with kept.arrived:
            await kept.arrived.wait_for(lambda: kept.here == 2)
        kept.may_go.set()
        assert await asyncio.gather(*tasks) == [b"ok"] * 6
    assert (kept.most, kept.done) == (2, 6)


async def test_fetches_count_among_the_connections_of_an_address() -> None:
    async with turns() as (kept, port):
        politeness = Politeness(ProbeSettings(connections_per_address=1))
        asking = Fetcher(fetch_gate(LOOPBACK), politeness, timeout_seconds=0.2)
        url = f"http://127.0.0.1:{port}/"
        async with politeness.connection(politeness.gate("127.0.0.1")):
            with pytest.raises(FetchError, match="did not answer completely"):
                await asking.fetch(url, most_bytes=9, budget=FetchBudget())
        assert kept.most == 0


async def test_the_receive_rate_of_the_process_is_limited() -> None:
    clock = Clock()
    process = ProcessFetches(burst_bytes=1000, bytes_per_second=10.0, clock=clock)
    budget = FetchBudget()

    async def is_open() -> bool:
        try:
            async with process.place("ca.test", budget, "http://ca.test/"):
                return True
        except BudgetError:
            return False

    assert await is_open()
    process.received(1500)
    assert not await is_open()
    clock.seconds = 49.0
    assert not await is_open()
    clock.seconds = 51.0
    assert await is_open()


async def test_a_bomb_is_counted_while_it_is_decompressed() -> None:
    async with web_server() as server:
        client = HttpClient(SocketGate(), Purpose.SOURCE)
        request = HttpRequest(url=server.url("/bomb"), accepts_gzip=True)
        with pytest.raises(HttpError, match="more than 1000000 bytes"):
            async with client.ask(request) as answer:
                await answer.body(1_000_000)
        async with client.ask(request) as answer:
            sizes = [len(piece) async for piece in answer.pieces()]
    assert (sum(sizes), max(sizes)) == (2**24, 2**16)


async def test_data_compressed_in_many_pieces_is_complete() -> None:
    text = bytes(range(256)) * 4000
    async with web_server() as server:
        server.packed["/list"] = gzip.compress(text)
        request = HttpRequest(url=server.url("/list"), accepts_gzip=True)
        async with HttpClient(SocketGate(), Purpose.SOURCE).ask(request) as answer:
            assert await answer.body(len(text)) == text
