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
from model.snapshot import Snapshot
from service.inventory.metrics_page import InventoryPage, NoSnapshotError
from tests.exporters.test_inventory import KNOWN, snapshot


class HandClock:
    """A clock that the test moves."""

    seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


class CountingWriter(PageWriter):
    """Counts the pages that it writes."""

    pages = 0

    def write(self, snapshot: Snapshot) -> Iterator[str]:
        self.pages += 1
        return super().write(snapshot)


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

    async def text(self) -> str:
        page = await self.page.compressed(is_openmetrics=False)
        return b"".join(self.page.decompressed(page)).decode()


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
    plain = b"".join(world.page.decompressed(zipped))
    openmetrics = await world.page.compressed(is_openmetrics=True)
    assert zlib.decompress(b"".join(openmetrics), 31) == plain + b"# EOF\n"
