"""The scheduler over hours of virtual time: each endpoint in its turn, whatever fails."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from itertools import pairwise

import pytest

from model.endpoint_state.schedule import Schedule
from model.observation import Observation, State
from model.ports import NotVisitedError
from model.target import Endpoint
from model.verification.remembered import Known
from scheduling.interval import Closed
from scheduling.resolve import MOST_ADDRESSES
from scheduling.scheduler import Scheduler
from tests.scheduling.virtual_time import EPOCH, VirtualLoop, run_virtually
from tests.scheduling.world import HOUR, PACE, SETTINGS, World, chain_of, target

ONE, TWO = target("one.test"), target("two.test")


def live(world: World, story: Callable[[Scheduler], Awaitable[None]]) -> None:
    """Runs a scheduler in ``world`` during ``story``, then stops it."""

    async def scenario() -> None:
        scheduler = world.scheduler()
        running = asyncio.create_task(scheduler.run())
        await story(scheduler)
        await scheduler.stop()
        await running

    run_virtually(scenario())


def test_a_new_endpoint_is_visited_at_once_and_then_at_its_interval() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(10 * HOUR)

    live(world, story)
    moments = world.moments("one.test")
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert moments[0] == 0
    assert 0.5 * HOUR <= gaps[0] - world.visit_seconds <= 1.5 * HOUR
    assert gaps[1:] == pytest.approx([HOUR] * len(gaps[1:]))


def test_every_address_is_a_separate_endpoint() -> None:
    world = World(addresses={"one.test": ("192.0.2.1", "2001:db8::1")})

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(10)
        assert scheduler.current_endpoints() == {
            "one.test:443@192.0.2.1",
            "one.test:443@2001:db8::1",
        }

    live(world, story)
    assert len(world.stored) == 2


def test_concurrent_visits_are_bounded_and_all_get_their_turn() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([target(f"{number}.test") for number in range(50)])
        await asyncio.sleep(60)

    live(world, story)
    assert (world.most_at_once, len(world.stored)) == (SETTINGS.max_concurrent_probes, 50)


def test_the_queue_is_reported_while_visits_are_slow() -> None:
    patient = replace(SETTINGS, overtime_seconds=200)
    world = World(visit_seconds=100, settings=patient)

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([target(f"{number}.test") for number in range(10)])
        await asyncio.sleep(50)
        assert (scheduler.probes_in_flight, scheduler.queue_length) == (4, 6)
        assert scheduler.lag_seconds == pytest.approx(50)

    live(world, story)


def test_short_visits_do_not_wait_for_long_ones_and_long_ones_are_bounded() -> None:
    settings = replace(SETTINGS, overtime_seconds=5, most_in_overtime=6)
    world = World(visit_seconds=100, settings=settings)

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([target(f"{number}.test") for number in range(20)])
        await asyncio.sleep(4)
        assert scheduler.probes_in_flight == 4
        await asyncio.sleep(4)
        assert scheduler.probes_in_flight == 8
        await asyncio.sleep(50)
        assert scheduler.probes_in_flight == 4 + 6

    live(world, story)


def test_a_busy_processor_does_not_start_more_visits() -> None:
    settings = replace(SETTINGS, overtime_seconds=5, most_in_overtime=6)
    world = World(visit_seconds=100, settings=settings)

    async def compute() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        while True:
            await asyncio.sleep(0.01)
            loop.block(0.7)

    async def story(scheduler: Scheduler) -> None:
        computing = asyncio.create_task(compute())
        await scheduler.set_targets([target(f"{number}.test") for number in range(20)])
        await asyncio.sleep(60)
        assert scheduler.probes_in_flight < 4 + 6
        computing.cancel()
        await asyncio.sleep(20)
        assert scheduler.probes_in_flight == 4 + 6

    live(world, story)


def test_a_failing_endpoint_is_retried_soon_and_then_at_growing_intervals() -> None:
    world = World(
        failing={"one.test"},
        settings=replace(SETTINGS, paces=(replace(PACE, jitter_fraction=0.0),)),
    )

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(5 * HOUR)

    live(world, story)
    moments = world.moments("one.test")
    gaps = [later - earlier - 1 for earlier, later in pairwise(moments)]
    assert gaps[:8] == pytest.approx([10, 60, 120, 240, 480, 960, 1920, 3600])
    assert [schedule.consecutive_failures for _, schedule in world.stored[:3]] == [1, 2, 3]


def test_a_single_failure_is_not_reported_as_down() -> None:
    """A name server and a server that fail once, and a server that fails twice."""
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE, TWO])
        await asyncio.sleep(2 * HOUR)
        world.failing.add("one.test")
        await world.until_retried(1)
        world.failing.clear()
        await asyncio.sleep(60)
        assert (len(world.doubted), failed_states(world)) == (1, [])
        world.addresses["two.test"] = ()
        await world.until_retried(2)
        del world.addresses["two.test"]
        await asyncio.sleep(60)
        assert failed_states(world) == []
        world.failing.add("one.test")
        await asyncio.sleep(HOUR + 60)

    live(world, story)
    assert set(failed_states(world)) == {State.TIMEOUT}


def failed_states(world: World) -> list[State]:
    return [one.state for one in world.finished if not one.answered]


def test_a_removed_target_is_forgotten_at_once() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE, TWO])
        await asyncio.sleep(10)
        await scheduler.set_targets([TWO])
        assert scheduler.current_endpoints() == {"two.test:443@192.0.2.1"}
        await asyncio.sleep(5 * HOUR)

    live(world, story)
    assert len(world.moments("one.test")) == 1


def test_a_target_that_returns_during_its_visit_is_not_visited_twice_at_once() -> None:
    world = World(visit_seconds=100)

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(1)
        await scheduler.set_targets([])
        await asyncio.sleep(1)
        await scheduler.set_targets([ONE])
        await asyncio.sleep(3 * HOUR)

    live(world, story)
    assert (world.overlapped, len(world.moments("one.test")) > 2) == (False, True)


def test_new_labels_are_applied_soon() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(10)
        await scheduler.set_targets([target("one.test", team="web")])
        await asyncio.sleep(2)

    live(world, story)
    assert [dict(endpoint.target.labels) for _, endpoint in world.visits] == [{}, {"team": "web"}]


def test_a_missing_address_is_removed_and_a_new_one_is_added() -> None:
    world = World(addresses={"one.test": ("192.0.2.1",)})

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(10)
        world.addresses["one.test"] = ("192.0.2.2",)
        await asyncio.sleep(1.2 * HOUR)
        assert scheduler.current_endpoints() == {"one.test:443@192.0.2.2"}

    live(world, story)


def test_alternating_addresses_are_visited_while_present_and_are_not_new_again() -> None:
    """A name server that answers with another half of the addresses each time."""
    halves = [("192.0.2.1", "192.0.2.2"), ("192.0.2.3", "192.0.2.4")]
    world = World(addresses={"one.test": halves[0]})

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        for hour in range(20):
            world.addresses["one.test"] = halves[hour % 2]
            await asyncio.sleep(HOUR)
            given = {f"one.test:443@{address}" for address in halves[hour % 2]}
            assert scheduler.current_endpoints() == given

    live(world, story)
    enumerated = Counter(key for key, is_verified in world.known if not is_verified)
    assert enumerated == {f"one.test:443@192.0.2.{number}": 1 for number in range(1, 5)}
    assert len(world.visits) > 30
    assert {one.state for one, _ in world.stored} == {State.TLS}


def test_a_name_with_always_new_addresses_takes_bounded_memory() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        for number in range(300):
            world.addresses["one.test"] = (f"192.0.{number // 250}.{number % 250 + 1}",)
            await asyncio.sleep(HOUR)
        assert len(scheduler.current_endpoints()) == 1
        (tracked,) = scheduler._tracked.values()
        assert len(tracked.departed) == MOST_ADDRESSES
        assert len(scheduler._histories._away) == MOST_ADDRESSES

    live(world, story)


def test_a_name_that_stops_resolving_is_reported_and_its_endpoints_stay() -> None:
    world = World(addresses={"one.test": ("192.0.2.1",)})

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(10)
        world.addresses["one.test"] = ()
        await asyncio.sleep(3 * HOUR)
        assert scheduler.current_endpoints() == {"one.test:443@192.0.2.1", "one.test:443@-"}
        world.addresses["one.test"] = ("192.0.2.1",)
        await asyncio.sleep(1.2 * HOUR)
        assert scheduler.current_endpoints() == {"one.test:443@192.0.2.1"}

    live(world, story)
    assert State.DNS_ERROR in {observation.state for observation, _ in world.stored}


def test_an_internal_error_is_an_outcome_and_the_others_continue() -> None:
    world = World(faulty={"one.test"})

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE, TWO])
        await asyncio.sleep(3 * HOUR)

    live(world, story)
    states = {
        observation.endpoint.target.host: observation.state for observation, _ in world.stored
    }
    assert states == {"one.test": State.ERROR, "two.test": State.TLS}


def test_visits_that_cannot_be_stored_are_kept_and_stored_later_in_order() -> None:
    world = World(store_is_down=True)

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(3.5 * HOUR)
        assert (world.stored, world.failed_writes > 3) == ([], True)
        world.store_is_down = False
        await asyncio.sleep(120)

    live(world, story)
    assert [observation for observation, _ in world.stored] == world.finished


def test_a_restart_continues_with_the_planned_visits() -> None:
    planned = Schedule(
        endpoint_key="one.test:443@192.0.2.1",
        due_at=EPOCH + timedelta(seconds=1000),
        interval_seconds=HOUR,
        consecutive_failures=0,
    )
    world = World(planned=[planned])

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(2000)

    live(world, story)
    assert world.moments("one.test") == [1000]


def test_endpoints_overdue_after_a_restart_are_spread() -> None:
    names = [f"{number}.test" for number in range(120)]
    world = World(
        planned=[
            Schedule(
                endpoint_key=f"{name}:443@192.0.2.1",
                due_at=EPOCH - timedelta(days=1),
                interval_seconds=HOUR,
                consecutive_failures=0,
            )
            for name in names
        ],
        visit_seconds=0.1,
    )

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([target(name) for name in names])
        await asyncio.sleep(120)

    live(world, story)
    moments = [moment for moment, _ in world.visits]
    rate = world.settings.least_admitted_per_second
    assert len(moments) == 120
    assert max(moments) - min(moments) == pytest.approx(100 / rate, abs=1)


def test_many_new_targets_do_not_cause_a_burst() -> None:
    world = World(visit_seconds=0.1, settings=replace(SETTINGS, max_concurrent_probes=1000))

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([target(f"{number}.test") for number in range(2000)])
        await asyncio.sleep(HOUR)

    live(world, story)
    new = [moment for moment, _ in world.visits][:2000]
    per_minute = Counter(int(moment // 60) for moment in new)
    assert max(per_minute.values()) <= 60 * SETTINGS.least_admitted_per_second + 20
    assert max(new) == pytest.approx(2000 / SETTINGS.least_admitted_per_second, abs=10)


def test_other_tasks_run_while_a_large_inventory_is_replaced() -> None:
    """With a million targets it takes longer than a watchdog waits."""
    world = World(settings=SETTINGS)
    large = [target(f"{number}.test") for number in range(5000)]
    turns = dict[str, int]()

    async def story(scheduler: Scheduler) -> None:
        for name, change in (
            ("added", partial(scheduler.set_targets, large)),
            (
                "labelled",
                partial(scheduler.set_targets, [target(one.host, a="b") for one in large]),
            ),
            ("enumerated", scheduler.enumerate_soon),
            ("removed", partial(scheduler.set_targets, [])),
        ):
            changing = asyncio.create_task(change())
            turns[name] = 0
            while not changing.done():
                turns[name] += 1
                await asyncio.sleep(0)

    live(world, story)
    assert min(turns.values()) >= 5000 / 100, turns


def test_of_replacements_that_overlap_the_last_decides() -> None:
    world = World(settings=SETTINGS)
    large = [target(f"{number}.test") for number in range(1000)]

    async def story(scheduler: Scheduler) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(scheduler.set_targets(large))
            group.create_task(scheduler.set_targets([ONE]))
        assert scheduler.targets == [ONE]
        assert scheduler.queue_length <= 1

    live(world, story)
    assert {endpoint.target for _, endpoint in world.visits} <= {ONE, *large}


def test_a_stop_waits_for_running_visits() -> None:
    world = World(visit_seconds=5)

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(1)

    live(world, story)
    assert len(world.stored) == 1


def test_a_stop_abandons_visits_that_do_not_finish_in_time() -> None:
    world = World(visit_seconds=10_000)

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(1)
        began = world.clock.monotonic()
        await scheduler.stop()
        assert world.clock.monotonic() - began == pytest.approx(SETTINGS.stop_grace_seconds)

    live(world, story)
    assert world.stored == []


def test_an_endpoint_is_enumerated_once_a_day_and_verified_in_between() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(72 * HOUR)

    live(world, story)
    asked = [is_verified for _, is_verified in world.known]
    enumerations = [number for number, is_verified in enumerate(asked) if not is_verified]
    assert enumerations[0] == 0
    gaps = [later - earlier for earlier, later in pairwise(enumerations)]
    assert (set(gaps), len(gaps) >= 2) == ({24}, True)


def test_a_difference_counts_as_an_enumeration() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(10.5 * HOUR)
        world.differs = True
        await asyncio.sleep(HOUR)
        world.differs = False
        await asyncio.sleep(20 * HOUR)

    live(world, story)
    assert [is_verified for _, is_verified in world.known].count(False) == 1


def test_after_a_failure_everything_is_enumerated() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(4 * HOUR)
        world.failing.add("one.test")
        await asyncio.sleep(2 * HOUR)  # the time it takes to fail, and to fail again
        world.failing.clear()
        world.known.clear()
        await asyncio.sleep(6 * HOUR)

    live(world, story)
    assert [is_verified for _, is_verified in world.known][:2] == [False, True]


def test_the_time_of_an_enumeration_survives_a_restart() -> None:
    world = World(settings=replace(SETTINGS, enumerates_at_start=False))

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(3 * HOUR)

    live(world, story)
    world.planned = [world.stored[-1][1]]
    world.known.clear()
    live(world, story)
    assert all(is_verified for _, is_verified in world.known)
    world.settings = SETTINGS
    world.known.clear()
    live(world, story)
    assert [is_verified for _, is_verified in world.known][:2] == [False, True]


def test_an_unreadable_store_makes_every_endpoint_be_enumerated() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(3 * HOUR)
        world.store_is_down = True
        world.known.clear()
        await asyncio.sleep(3 * HOUR)

    live(world, story)
    assert not any(is_verified for _, is_verified in world.known)


def test_labels_choose_the_interval() -> None:
    quick = replace(PACE, match={"team": "payments"}, interval_seconds=600)
    world = World(settings=replace(SETTINGS, paces=(quick, PACE)))

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([target("quick.test", team="payments"), ONE])
        await asyncio.sleep(10 * HOUR)

    live(world, story)
    assert len(world.moments("quick.test")) in range(59, 63)
    assert len(world.moments("one.test")) in range(10, 12)


def test_nothing_is_visited_in_a_maintenance_window() -> None:
    night = Closed(begin=time(22), end=time(6))
    world = World(settings=replace(SETTINGS, paces=(replace(PACE, closed=(night,)),)))

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([target(f"{number}.test") for number in range(20)])
        await asyncio.sleep(72 * HOUR)

    live(world, story)
    hours = {(EPOCH + timedelta(seconds=moment)).hour for moment, _ in world.visits}
    assert hours == set(range(6, 22))


def test_a_visit_released_for_the_night_runs_after_it() -> None:
    """Like a worker that returns its waiting jobs during the span."""
    night = Closed(begin=time(22), end=time(6))
    world = World(settings=replace(SETTINGS, paces=(replace(PACE, closed=(night,)),)))
    given_back: list[datetime] = []

    async def visit_by_worker(endpoint: Endpoint, known: Known | None) -> Observation:
        await asyncio.sleep(1.5 * HOUR)
        if night.seconds_left(world.clock.now()):
            given_back.append(world.clock.now())
            raise NotVisitedError
        return await world.visit(endpoint, known)

    async def story(scheduler: Scheduler) -> None:
        scheduler.reconfigure(world.settings, visit_by_worker)
        await scheduler.set_targets([ONE])
        await asyncio.sleep(84 * HOUR)

    live(world, story)
    hours = {(EPOCH + timedelta(seconds=moment)).hour for moment, _ in world.visits}
    assert given_back
    assert hours <= set(range(6, 22))
    for moment in given_back:
        opens = moment.timestamp() - EPOCH.timestamp() + night.seconds_left(moment)
        assert any(opens <= visit <= opens + 3 * HOUR for visit in world.moments("one.test"))


def test_an_unmade_visit_is_requested_again_soon_and_is_not_a_failure() -> None:
    world = World()
    asked: list[float] = []

    async def visit_on_the_third_attempt(endpoint: Endpoint, known: Known | None) -> Observation:
        asked.append(world.clock.monotonic())
        if len(asked) < 3:
            raise NotVisitedError
        return await world.visit(endpoint, known)

    async def story(scheduler: Scheduler) -> None:
        scheduler.reconfigure(world.settings, visit_on_the_third_attempt)
        await scheduler.set_targets([ONE])
        await asyncio.sleep(0.4 * HOUR)

    live(world, story)
    assert [later - sooner for sooner, later in pairwise(asked)] == [
        SETTINGS.early_retry_seconds
    ] * 2
    ((_, schedule),) = world.stored
    assert schedule.consecutive_failures == 0


def test_a_certificate_near_its_expiry_is_probed_more_often() -> None:
    chain = chain_of(EPOCH - timedelta(days=85), EPOCH + timedelta(days=5))
    world = World(certificates=(chain,))

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(10 * HOUR)

    live(world, story)
    assert len(world.moments("one.test")) in range(39, 43)


@pytest.mark.slow
def test_ten_thousand_targets_found_together_are_spread_for_later_visits() -> None:
    world = World(visit_seconds=0.1, settings=replace(SETTINGS, max_concurrent_probes=1000))

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([target(f"{number}.test") for number in range(2000)])
        await asyncio.sleep(3 * HOUR)

    live(world, story)
    late = [moment for moment, _ in world.visits if moment > 2 * HOUR]
    per_minute = Counter(int(moment // 60) for moment in late)
    assert max(per_minute.values()) < 3 * 2000 / 60


def test_no_source_starves_another() -> None:
    world = World(visit_seconds=10.0, settings=replace(SETTINGS, max_concurrent_probes=1))
    crowd = [replace(target(f"{number}.test"), source="large") for number in range(500)]
    few = [replace(target(f"few{number}.test"), source="small") for number in range(3)]

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets(crowd)
        await asyncio.sleep(5)
        await scheduler.set_targets([*crowd, *few])
        await asyncio.sleep(120)

    live(world, story)
    assert all(world.moments(one.host) for one in few)


def test_a_flood_of_new_targets_does_not_starve_known_ones() -> None:
    """All from one source; visiting only the new ones takes nearly three hours."""
    world = World(visit_seconds=2.0, settings=replace(SETTINGS, max_concurrent_probes=1))
    known = [target(f"known{number}.test") for number in range(5)]

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets(known)
        await asyncio.sleep(HOUR)
        await scheduler.set_targets([*known, *(target(f"{number}.test") for number in range(5000))])
        world.visits.clear()
        await asyncio.sleep(1.6 * HOUR)
        assert scheduler.lag_seconds > 0

    live(world, story)
    assert all(world.moments(one.host) for one in known)


@pytest.mark.slow
def test_a_busy_label_does_not_starve_other_labels() -> None:
    busy = replace(PACE, interval_seconds=60, match={"team": "busy"})
    settings = replace(SETTINGS, max_concurrent_probes=1, paces=(busy, PACE))
    world = World(visit_seconds=10.0, settings=settings)
    crowd = [target(f"{number}.test", team="busy") for number in range(200)]

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([*crowd, ONE])
        await asyncio.sleep(10 * HOUR)

    live(world, story)
    gaps = [later - earlier for earlier, later in pairwise(world.moments("one.test"))]
    assert max(gaps) < 1.6 * HOUR


def test_overload_causes_lag_and_delay_but_uses_no_memory() -> None:
    world = World(visit_seconds=60.0, settings=replace(SETTINGS, overtime_seconds=1000))

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([target(f"{number}.test") for number in range(2000)])
        await asyncio.sleep(3 * HOUR)
        assert scheduler.lag_seconds > HOUR
        assert scheduler.queue_length <= 2 * 2000
        assert len(scheduler._due_queue._waiting) <= 2 * 2 * 2000 + 1000

    live(world, story)
    assert max(world.late_seconds) > HOUR


def test_the_clock_may_step_an_hour_in_both_directions() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        for step in (HOUR, -HOUR, -HOUR, HOUR):
            await asyncio.sleep(5 * HOUR)
            world.clock.step(step)
        await asyncio.sleep(5 * HOUR)

    live(world, story)
    gaps = [later - earlier for earlier, later in pairwise(world.moments("one.test"))]
    assert max(gaps) <= 1.6 * HOUR
    assert len(gaps) >= 22


def test_other_settings_take_effect_while_it_runs() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE])
        await asyncio.sleep(2 * HOUR)
        often = replace(SETTINGS, paces=(replace(PACE, interval_seconds=60),))
        scheduler.reconfigure(often, world.visit)
        world.visits.clear()
        await asyncio.sleep(3 * HOUR)

    live(world, story)
    assert len(world.visits) > 60


def test_all_endpoints_can_be_enumerated_again_at_once() -> None:
    world = World()

    async def story(scheduler: Scheduler) -> None:
        await scheduler.set_targets([ONE, TWO])
        await asyncio.sleep(2 * HOUR)
        world.known.clear()
        assert await scheduler.enumerate_soon()
        await asyncio.sleep(10)
        assert await scheduler.enumerate_soon("one.test:443")
        await asyncio.sleep(10)
        assert not await scheduler.enumerate_soon("nobody.test:443")

    live(world, story)
    asked = [(key.partition(".")[0], is_verified) for key, is_verified in world.known]
    assert asked == [("one", False), ("two", False), ("one", False)]
