"""Failing sources on virtual time: which targets stay, for how long, and what is reported."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import structlog.testing

from discovery.attach import Attached
from discovery.source import PolledSource, Skipped, SourceError, SourceReading
from exporters.prometheus import ServiceMetrics
from model.claims.resource_claim import ResourceClaim
from model.snapshot import EndpointStatus
from pki.net_guard.deny import DenyList
from pki.net_guard.gate import SocketGate
from service.sources.remembered_targets import remembered
from service.sources.target_sources import Kept, RuledSource, TargetSources
from tests.scheduling.virtual_time import run_virtually
from tests.scheduling.world import target
from tests.service.samples import NOW, modern
from tests.support.claims import LINE

KEEP_SECONDS = 600.0


class Hall:
    """Two sources, their next results, and the resulting targets."""

    def __init__(self, kept: Kept | None = None, deny: str = "") -> None:
        self.holds: dict[str, list[str] | None] = {"a": ["one.test"], "b": ["two.test"]}
        self.skipped: list[Skipped] = []
        self.claims: list[ResourceClaim] = []
        self.used: list[str] = []
        self.resources: list[str] = []
        self.metrics = ServiceMetrics(
            queue_length=lambda: 0,
            probes_in_flight=lambda: 0,
            schedule_lag_seconds=lambda: 0.0,
            store_up=lambda: True,
        )
        self.sources = TargetSources(
            [self.source(name) for name in self.holds],
            (),
            self.use,
            self.metrics,
            SocketGate(deny=DenyList([deny] if deny else ())),
            kept or Kept(),
        )

    def source(self, name: str) -> RuledSource:
        async def read() -> SourceReading:
            held = self.holds[name]
            if held is None:
                raise SourceError(f"{name} is down.")
            return SourceReading(
                targets=tuple(replace(target(host), source=name) for host in held),
                skipped=tuple(self.skipped),
                resource_claims=tuple(replace(one, source=name) for one in self.claims),
            )

        polled = PolledSource(name, read, refresh_seconds=10)
        return RuledSource(source=polled, max_stale_seconds=KEEP_SECONDS)

    async def use(self, found: Attached) -> None:
        self.used = [one.host for one in found.targets]
        self.resources = [one.resource for one in found.resource_claims]

    def metric(self, name: str, source: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            f"tlsprobe_discovery_{name}", {"source": source}
        )

    async def watch_for(self, seconds: float) -> None:
        watching = asyncio.create_task(self.sources.watch())
        await asyncio.sleep(seconds)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def test_a_failing_source_keeps_its_targets_for_a_while_and_is_reported() -> None:
    async def story() -> None:
        hall = Hall()
        watching = asyncio.create_task(hall.sources.watch())
        await asyncio.sleep(5)
        assert (hall.used, hall.metric("up", "a")) == (["one.test", "two.test"], 1)
        hall.holds["a"] = None
        await asyncio.sleep(KEEP_SECONDS - 20)
        assert (hall.used, hall.metric("up", "a")) == (["one.test", "two.test"], 0)
        assert (hall.metric("targets", "a"), hall.metric("up", "b")) == (1, 1)
        assert hall.sources.errors == {"a": "a is down."}
        await asyncio.sleep(40)
        assert (hall.used, hall.metric("targets", "a")) == (["two.test"], 0)
        hall.holds["a"] = ["three.test"]
        await asyncio.sleep(20)
        assert (hall.used, hall.metric("up", "a")) == (["three.test", "two.test"], 1)
        assert hall.sources.errors == {}
        watching.cancel()

    run_virtually(story())


def test_claims_about_resources_last_as_long_as_the_targets_of_their_source() -> None:
    async def story() -> None:
        hall = Hall(remembered((), [replace(LINE, source="a")]))
        hall.holds["a"] = None
        watching = asyncio.create_task(hall.sources.watch())
        await asyncio.sleep(5)
        assert hall.resources == [LINE.resource]
        await asyncio.sleep(KEEP_SECONDS)
        assert hall.resources == []
        hall.holds["a"], hall.claims = [], [LINE]
        await asyncio.sleep(20)
        assert (hall.resources, hall.sources.errors) == ([LINE.resource], {})
        assert hall.sources.warnings == {}
        watching.cancel()

    run_virtually(story())


def test_what_is_skipped_is_counted_named_and_logged_once_for_each_entry() -> None:
    async def story() -> None:
        hall = Hall()
        watching = asyncio.create_task(hall.sources.watch())
        with structlog.testing.capture_logs() as logs:
            await asyncio.sleep(5)
            assert (hall.metric("skipped", "a"), hall.sources.warnings) == (0, {})
            hall.skipped = [
                Skipped(place=f"x.conf, line {line}", problem="a variable") for line in range(30)
            ]
            await asyncio.sleep(100)
            assert hall.metric("skipped", "a") == 30
            assert hall.sources.skipped["a"][29] == "x.conf, line 29: a variable"
            assert hall.sources.warnings["a"] == (
                "30 entries are skipped, the first is x.conf, line 0: a variable"
            )
            hall.skipped = []
            await asyncio.sleep(10)
            assert (hall.metric("skipped", "a"), hall.sources.warnings) == (0, {})
        told = [one for one in logs if one.get("source") == "a" and one["log_level"] == "warning"]
        assert len(told) == 21
        assert told[0]["reason"] == "x.conf, line 0: a variable"
        assert told[-1]["entries"] == 10
        watching.cancel()

    run_virtually(story())


def test_a_source_whose_entries_are_all_skipped_has_failed_and_keeps_its_targets() -> None:
    async def story() -> None:
        hall = Hall()
        watching = asyncio.create_task(hall.sources.watch())
        await asyncio.sleep(5)
        hall.holds["a"] = []
        hall.skipped = [Skipped(place="a.yml, line 1", problem="'x y' is not a host name")]
        await asyncio.sleep(20)
        assert hall.sources.errors == {
            "a": "none of its entries can be used, the first is a.yml, line 1: 'x y' is not a host name"
        }
        assert (hall.used, hall.metric("up", "a")) == (["one.test", "two.test"], 0)
        hall.holds["a"] = ["one.test"]
        await asyncio.sleep(20)
        assert hall.sources.errors == {}
        watching.cancel()

    run_virtually(story())


def test_a_source_that_recovers_in_time_loses_nothing() -> None:
    async def story() -> None:
        hall = Hall()
        watching = asyncio.create_task(hall.sources.watch())
        for _ in range(5):
            hall.holds["a"] = None
            await asyncio.sleep(KEEP_SECONDS - 30)
            hall.holds["a"] = ["one.test"]
            await asyncio.sleep(20)
        assert hall.used == ["one.test", "two.test"]
        watching.cancel()

    run_virtually(story())


def status(host: str, source: str, *, seen_before: timedelta = timedelta(0)) -> EndpointStatus:
    endpoint = replace(modern().endpoint, target=replace(target(host), source=source))
    return EndpointStatus(
        observation=replace(modern(), endpoint=endpoint),
        last_probe_at=NOW - seen_before,
        last_success_at=NOW,
        consecutive_failures=0,
        interval_seconds=3600.0,
    )


def test_an_unreadable_source_keeps_its_targets_after_a_restart() -> None:
    """Neither targets that left earlier, nor targets that are denied now."""
    statuses = [
        status("one.test", "a, b", seen_before=timedelta(hours=1)),
        status("gone.test", "a", seen_before=timedelta(days=2)),
        status("now.test", "a"),
        status("denied.test", "a"),
    ]
    kept = remembered(statuses, ())
    assert {name: [one.host for one in found] for name, found in kept.targets.items()} == {
        "a": ["one.test", "now.test", "denied.test"],
        "b": ["one.test"],
    }

    async def story() -> None:
        hall = Hall(kept, deny="denied.test")
        hall.holds["a"] = None
        await hall.watch_for(5)
        assert hall.used == ["one.test", "now.test", "two.test"]
        hall = Hall(kept)
        await hall.watch_for(5)
        assert hall.used == ["one.test", "two.test"]

    run_virtually(story())


def test_a_source_removed_from_the_configuration_is_removed_from_the_metrics() -> None:
    async def story() -> None:
        hall = Hall()
        await hall.watch_for(5)
        hall.metrics.forget_source("a")
        assert (hall.metric("up", "a"), hall.metric("up", "b")) == (None, 1)
        hall.metrics.forget_source("never.there")

    run_virtually(story())
