"""Real schedulers and workers on a real PostgreSQL, and their failures."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from storage import SqlStore
from tests.service.fleet.processes import Deployment, all_recorded, deployment, until
from tests.service.fleet.simulated import simulated_fleet
from tests.service.test_versions import upgrade_further
from tests.support.otlp_receiver import ENDPOINT, receiving
from tests.support.postgresql import postgres_server

pytestmark = [
    pytest.mark.integration,
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]

POISON = """\
import os
import signal
from probe.visit.engine import Engine

visit = Engine.visit

async def die_of_poison(self, endpoint, *rest, **options):
    if endpoint.address == os.environ["POISON"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return await visit(self, endpoint, *rest, **options)

Engine.visit = die_of_poison
"""
"""Code that Python runs at its start: a flaw that one server triggers in every process that visits it."""


@pytest.fixture
def deployed(postgresql_url: str, tmp_path: Path) -> Iterator[Deployment]:
    make_tables(postgresql_url)
    with deployment(postgresql_url, tmp_path) as found:
        found.audit()
        yield found


def make_tables(url: str) -> None:
    async def make() -> None:
        async with await SqlStore.open(url):
            pass

    asyncio.run(make())


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_each_zone_is_visited_only_by_its_workers_as_their_spans_show(deployed: Deployment) -> None:
    with simulated_fleet(20, network=51) as fleet, receiving() as receiver:
        zones = [{}, {"zone": "dmz"}]
        keys = fleet.write_targets(deployed.targets, 40, labels=zones)
        leader = deployed.serve()
        deployed.changes = {ENDPOINT: receiver.url, "OTEL_SERVICE_NAME": "outside"}
        worker = deployed.work()
        outside = [key for number, key in enumerate(keys) if number % 20 % 2 == 0]
        until(lambda: len(deployed.recorded()) == len(outside))
        until(lambda: deployed.metrics(leader).get('tlsprobe_jobs_waiting{queue="zone=dmz"}'))
        assert deployed.recorded().keys() == set(outside)
        deployed.changes = {ENDPOINT: receiver.url, "OTEL_SERVICE_NAME": "in the zone"}
        in_the_zone = deployed.work("--tag", "zone=dmz")
        until(partial(all_recorded, deployed, keys))
        assert deployed.recorded() == dict.fromkeys(keys, 1)
        until(lambda: deployed.reported(leader) == len(keys))
        until(lambda: deployed.metrics(leader)["tlsprobe_workers"] == 2)
        for process in (leader, worker, in_the_zone):
            process.terminate()
        assert [one.wait(60) for one in (leader, worker, in_the_zone)] == [0, 0, 0]
    assert receiver.spans_of.keys() == {"outside", "in the zone"}
    assert visited_by(receiver.spans_of["outside"]) == set(outside)
    assert visited_by(receiver.spans_of["in the zone"]) == set(keys) - set(outside)
    assert receiver.metrics == {}


def visited_by(spans: Sequence[Span]) -> set[str]:
    """The endpoints of the visits, each of which has the spans of its parts."""
    found = set()
    for visit in (one for one in spans if one.name == "visit"):
        parts = {one.name for one in spans if one.parent_span_id == visit.span_id}
        assert parts >= {"probe", "judge", "store"}, parts
        (endpoint,) = (one.value.string_value for one in visit.attributes if one.key == "endpoint")
        found.add(endpoint)
    return found


def test_a_fleet_without_workers_is_seen_in_metrics_and_log(deployed: Deployment) -> None:
    deployed.configure(dead_after=2.0)
    with simulated_fleet(2, network=53) as fleet:
        fleet.write_targets(deployed.targets, 4)
        leader = deployed.serve()
        until(lambda: deployed.leads(leader))
        until(lambda: "no worker is alive" in deployed.log(leader))
        assert deployed.metrics(leader)["tlsprobe_workers"] == 0
        worker = deployed.work()
        until(lambda: deployed.metrics(leader)["tlsprobe_workers"] == 1)
        kill(worker)
        until(lambda: deployed.metrics(leader)["tlsprobe_workers"] == 0)
        assert deployed.log(leader).count("no worker is alive") == 2


def test_another_leader_takes_over_after_a_death_and_repeats_nothing(deployed: Deployment) -> None:
    with simulated_fleet(100, network=52, latency_seconds=0.05) as fleet:
        keys = fleet.write_targets(deployed.targets, 300)
        first = deployed.serve()
        until(lambda: deployed.leads(first))
        second = deployed.serve()
        deployed.base_url(second)
        assert not deployed.leads(second)
        deployed.work()
        until(lambda: len(deployed.recorded()) > 30)
        kill(first)
        until(lambda: deployed.leads(second))
        until(partial(all_recorded, deployed, keys))
        assert deployed.recorded() == dict.fromkeys(keys, 1)


def test_an_endpoint_that_kills_its_workers_is_quarantined_and_its_job_mates_are_not(
    postgresql_url: str, tmp_path: Path
) -> None:
    make_tables(postgresql_url)
    (tmp_path / "sitecustomize.py").write_text(POISON)
    with simulated_fleet(60, network=53) as fleet:
        poison = fleet.addresses[17]
        changes = {"PYTHONPATH": str(tmp_path), "POISON": poison}
        with deployment(postgresql_url, tmp_path, changes) as deployed:
            deployed.audit()
            keys = fleet.write_targets(deployed.targets, 60)
            leader = deployed.serve()
            workers = [deployed.work()]

            def is_over() -> bool:
                if workers[-1].poll() is not None:
                    workers.append(deployed.work())
                return all_recorded(deployed, keys)

            until(is_over)
            until(lambda: deployed.metrics(leader)["tlsprobe_endpoints_quarantined"] == 1)
            assert len(workers) == 2, "one death next to others, and the next in no worker"
            assert "is quarantined" in deployed.log(leader)
            assert deployed.recorded() == dict.fromkeys(keys, 1)
            assert deployed.rows("SELECT endpoint_key, deaths FROM claims") == [(keys[17], 2)]
            told = dict(deployed.rows("SELECT kind, sentence FROM service_events"))
            assert keys[17] in told["endpoint_quarantined"]
            failed = 'tlsprobe_probe_failures_total{reason="error"}'
            until(lambda: deployed.metrics(leader).get(failed) == 1)


def test_a_restart_of_the_database_is_survived(tmp_path: Path) -> None:
    with postgres_server() as server, server.database() as url:
        make_tables(url)
        with (
            simulated_fleet(100, network=55, latency_seconds=0.1) as fleet,
            deployment(url, tmp_path) as deployed,
        ):
            deployed.audit()
            deployed.configure(probes_per_job=10, max_concurrent_probes=8)
            keys = fleet.write_targets(deployed.targets, 200)
            leader, worker = deployed.serve(), deployed.work()
            until(lambda: len(deployed.recorded()) > 30)
            server.stop("immediate")
            until(lambda: not deployed.leads(leader))
            server.start()
            until(partial(all_recorded, deployed, keys))
            assert deployed.recorded() == dict.fromkeys(keys, 1)
            assert [leader.poll(), worker.poll()] == [None, None]


def test_all_processes_end_with_a_reason_if_the_tables_are_upgraded_meanwhile(
    deployed: Deployment,
) -> None:
    with simulated_fleet(20, network=56) as fleet:
        keys = fleet.write_targets(deployed.targets, 20)
        processes = [deployed.serve(), deployed.work()]
        until(partial(all_recorded, deployed, keys))
        processes.append(deployed.serve())
        deployed.base_url(processes[-1])
        upgrade_further(deployed.url)
        assert [one.wait(60) for one in processes] == [2, 2, 2]
        for one in processes:
            assert (
                "was changed by another version of tlsprobe" in deployed.log(one).splitlines()[-1]
            )


def test_workers_may_be_killed_at_any_moment(deployed: Deployment) -> None:
    kills, dice = 15, random.Random(6)
    deployed.configure(probes_per_job=25)
    with simulated_fleet(300, network=54, latency_seconds=0.1) as fleet:
        keys = fleet.write_targets(deployed.targets, 1500)
        leader = deployed.serve()
        workers = [deployed.work() for _ in range(3)]
        for number in range(kills):
            # The same number of visits lies between any two kills.
            goal = len(keys) * number // (kills + 3)
            until(lambda: len(deployed.recorded()) > goal)  # noqa: B023 (asked at once)
            victim = dice.randrange(len(workers))
            kill(workers[victim])
            workers[victim] = deployed.work()
        until(partial(all_recorded, deployed, keys))
        assert deployed.recorded() == dict.fromkeys(keys, 1)
        until(lambda: deployed.reported(leader) == len(keys))
        assert deployed.metrics(leader)["tlsprobe_endpoints_quarantined"] == 0
        assert deployed.metrics(leader)['tlsprobe_jobs_rescued_total{outcome="retried"}'] > 0
