"""The inventory's page: written once per change, and served during an outage with its age."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from exporters.prometheus import PageWriter
from exporters.prometheus.shard import WHOLE, Shard
from model.snapshot import Snapshot
from service.inventory.compressed_page import decompressed
from service.inventory.metrics_page import InventoryPage, NoSnapshotError, TooManyTotalsError
from tests.exporters.test_inventory import KNOWN, snapshot


class HandClock:
    """A clock that the test moves."""

    seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


class CountingWriter(PageWriter):
    """Remembers of how many endpoints each page is that it writes, for whatever part."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[int] = []

    def write(self, snapshot: Snapshot) -> Iterator[str]:
        self.written.append(len(snapshot.endpoints))
        return super().write(snapshot)

    @property
    def pages(self) -> int:
        """How many pages were written."""
        return len(self.written)


@dataclass
class World:
    shown: Snapshot | None = None
    clock: HandClock = field(default_factory=HandClock)
    writer: CountingWriter = field(default_factory=CountingWriter)

    def __post_init__(self) -> None:
        self.page = InventoryPage(self._snapshot, self.writer, self.clock, lambda _: None)

    def _snapshot(self) -> Snapshot:
        if self.shown is None:
            raise OSError("the database does not answer")
        return self.shown

    async def text(self, shard: Shard = WHOLE) -> str:
        page = await self.page.compressed(is_openmetrics=False, shard=shard)
        return b"".join(decompressed(page)).decode()


def without_age(page: str) -> str:
    return re.sub(r"(?m)^tlsprobe_snapshot_age_seconds .*$", "", page)


@pytest.fixture
def world() -> World:
    return World(shown=snapshot(KNOWN))


async def test_the_page_is_rendered_once_per_change_for_any_number_of_scrapes(world: World) -> None:
    pages = await asyncio.gather(*(world.text() for _ in range(20)))
    assert (world.writer.pages, len(set(map(without_age, pages)))) == (1, 1)
    world.shown = snapshot(replace(KNOWN, alpn=("h2",)))
    await world.text()
    assert world.writer.pages == 2


async def test_without_a_snapshot_the_last_page_stays_and_shows_its_age(world: World) -> None:
    before = await world.text()
    world.shown = None
    world.clock.seconds += 90
    during = await world.text()
    assert without_age(during) == without_age(before)
    assert during.endswith("tlsprobe_snapshot_age_seconds 90.0\n")
    assert world.page.age_seconds == 90
    world.shown = snapshot(KNOWN)
    assert (await world.text()).endswith("tlsprobe_snapshot_age_seconds 0.0\n")


async def test_before_the_first_snapshot_there_is_no_page() -> None:
    with pytest.raises(NoSnapshotError):
        await World().text()


async def test_both_formats_and_both_encodings_have_the_same_content(world: World) -> None:
    zipped = await world.page.compressed(is_openmetrics=False)
    plain = b"".join(decompressed(zipped))
    openmetrics = await world.page.compressed(is_openmetrics=True)
    assert zlib.decompress(b"".join(openmetrics), 31) == plain + b"# EOF\n"


async def test_a_change_is_written_only_to_the_part_with_its_target(world: World) -> None:
    halves = [Shard(0, 2), Shard(1, 2)]
    before = [await world.text(half) for half in halves]
    world.shown = snapshot(replace(KNOWN, alpn=("h2",)))
    after = [await world.text(half) for half in halves]
    assert sorted(world.writer.written) == [0, 1, 1]
    assert [a == b for a, b in zip(before, after, strict=True)].count(True) == 1


async def test_the_inventory_is_divided_in_at_most_two_ways_at_a_time(world: World) -> None:
    for total in (2, 16):
        await world.text(Shard(0, total))
    with pytest.raises(TooManyTotalsError, match="already divided into 2 and 16 shards"):
        await world.text(Shard(0, 4))
    await world.text(Shard(1, 16))
    await world.text()
    world.clock.seconds += 601
    await world.text(Shard(0, 4))


async def test_a_page_that_no_client_requests_is_no_longer_written(world: World) -> None:
    await world.text()
    world.clock.seconds += 601
    world.shown = snapshot(replace(KNOWN, alpn=("h2",)))
    await world.page.refresh()
    assert world.writer.pages == 1
    assert await world.text() != ""
    assert world.writer.pages == 2


async def test_only_the_pages_of_small_fleets_are_written_before_a_client_requests_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.inventory.metrics_page._MOST_AHEAD", 1)
    await world.page.refresh()
    assert world.writer.pages == 1
    world.shown = snapshot(KNOWN, KNOWN)
    await world.page.refresh()
    assert world.writer.pages == 1
    await world.text()
    assert world.writer.pages == 2
