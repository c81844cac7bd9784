"""What operators change: waivers, with two clients at once, and probes as jobs that are followed and cancelled."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Message

from model.observation import Observation
from model.records.probe_record import ProbeState
from model.target import Target
from service.config.modules.module import ModuleSettings
from service.config.modules.on_demand import OnDemandSettings
from service.http.api.resources.probes import MOST_STREAMS
from service.probe_endpoint.jobs import ProbeJobs
from service.probe_endpoint.module_choices import RefusedError
from service.probe_endpoint.observer import Admitted, Observer, RequestedProbe
from storage import SqlStore
from tests.service.hostile import hostile_server
from tests.service.http.api.world import ALICE, Api, HandClock, api
from tests.service.probe_endpoint.asking import World
from tests.storage.samples import refusal

WAIVER = {
    "name": "tills",
    "rule": "protocol_versions",
    "reason": "Tills until they are replaced.",
    "expires": "2026-12-31",
}


@pytest.fixture
async def running() -> AsyncIterator[Api]:
    async with api() as made:
        yield made


async def test_a_waiver_is_added_extended_and_ended_by_the_client_s_name(running: Api) -> None:
    added = await running.client.post("/api/v1/waivers", json=WAIVER)
    assert added.headers["location"] == "/api/v1/waivers/tills"
    assert (added.json()["owner"], added.json()["expires_at"]) == ("alice", "2027-01-01T00:00:00Z")
    tag = (await running.get("/waivers/tills")).headers["etag"]
    assert added.headers["etag"] == tag
    running.by = replace(ALICE, name="bob")
    longer = await running.client.patch(
        "/api/v1/waivers/tills", json={"expires": "2027-01-31"}, headers={"if-match": tag}
    )
    assert longer.json() == added.json() | {"owner": "bob", "expires_at": "2027-02-01T00:00:00Z"}
    (stored,) = await running.store.waivers()
    assert (stored.owner, stored.reason) == ("bob", WAIVER["reason"])
    ended = await running.client.delete("/api/v1/waivers/tills")
    assert (ended.status_code, await running.store.waivers()) == (204, [])
    assert (await running.get("/waivers/tills")).status_code == 404
    log = [(one.actor, one.action) for one in await running.store.audit_log()]
    assert log.count(("bob", "waiver_set")) == log.count(("bob", "waiver_removed")) == 1
    assert ("alice", "waiver_set") in log


async def test_of_two_clients_that_change_one_waiver_the_second_is_refused(running: Api) -> None:
    await running.client.post("/api/v1/waivers", json=WAIVER)
    seen = {"if-match": (await running.get("/waivers/tills")).headers["etag"]}
    url = "/api/v1/waivers/tills"
    first = await running.client.patch(url, json={"reason": "First."}, headers=seen)
    second = await running.client.patch(url, json={"reason": "Second."}, headers=seen)
    third = await running.client.delete(url, headers=seen)
    weak = {"if-match": f"W/{first.headers['etag']}"}
    fourth = await running.client.delete(url, headers=weak)
    assert [one.status_code for one in (first, second, third, fourth)] == [200, 412, 412, 412]
    assert (await running.get("/waivers/tills")).json()["reason"] == "First."


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": "filed"}, 409),
        ({"rule": "none"}, 422),
        ({"policy": "none"}, 422),
        ({"expires": "2026-06-30"}, 422),
        ({"expires": "9999-12-31"}, 422),
        ({"reason": ""}, 422),
        ({"owner": "eve"}, 422),
    ],
)
async def test_an_invalid_waiver_is_refused(
    running: Api, changes: dict[str, str], status: int
) -> None:
    answer = await running.client.post("/api/v1/waivers", json={**WAIVER, **changes})
    assert answer.status_code == status
    assert await running.store.waivers() == []


async def test_a_waiver_of_a_file_is_changed_there_only(running: Api) -> None:
    changed = await running.client.patch("/api/v1/waivers/filed", json={"reason": "Other."})
    ended = await running.client.delete("/api/v1/waivers/filed")
    assert (changed.status_code, ended.status_code) == (409, 409)
    assert (await running.get("/waivers/filed")).json()["origin"] == "file"


class Steps:
    """Visits whose steps and end the test decides."""

    def __init__(self) -> None:
        self.admitted = Observer(World(inventory=(TARGET,)).prober(OnDemandSettings())).admit(
            RequestedProbe(target=TARGET.key)
        )
        self.say: asyncio.Future[Callable[[str], None]] = asyncio.Future()
        self.end = asyncio.Event()
        self.found: list[Observation] = []

    def admit(self, requested: RequestedProbe) -> Admitted:
        return self.admitted

    async def observe(self, admitted: Admitted, say: Callable[[str], None]) -> list[Observation]:
        if not self.say.done():
            self.say.set_result(say)
        await self.end.wait()
        return self.found


TARGET = Target(host="www.example", port=443, server_name="www.example")


def events(answer: httpx.Response) -> list[tuple[str, Any]]:
    found = []
    for block in answer.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields["event"], json.loads(fields["data"])))
    return found


async def test_a_probe_of_a_real_server_is_followed_to_its_result() -> None:
    async with hostile_server("<script>\x1b[31m") as port:
        target = Target(host="127.0.0.1", port=port, server_name=None)
        prober = World(inventory=(target,)).prober(OnDemandSettings())
        async with api(visits=lambda: Observer(prober)) as running:
            started = await running.client.post(
                "/api/v1/probes", json={"target": f"127.0.0.1:{port}"}
            )
            assert (started.status_code, started.json()["state"]) == (202, "running")
            place = started.headers["location"]
            steps = events(await running.client.get(f"{place}/events"))
            assert [kind for kind, _ in steps] == ["step"] * (len(steps) - 1) + ["end"]
            assert (steps[-1][1]["state"], steps[-1][1]["by"]) == ("done", "alice")
            rest = await running.client.get(
                f"{place}/events", headers={"last-event-id": str(len(steps) - 2)}
            )
            assert len(events(rest)) == 2
            result = (await running.client.get(f"{place}/result")).json()
            (observation,) = result["observations"]
            assert (observation["state"], observation["address"]) == ("tls", "127.0.0.1")
            (chain,) = observation["certificates"][:1]
            assert chain["chain"][0]["subject"].startswith("CN=")
            assert running.probed == [target.key]
            ended = (await running.client.get(place)).json()
            # An hour later the job is no longer in memory.
            running.clock.seconds += 3601
            assert running.jobs.in_memory == ()
            stored = (await running.client.get(place)).json()
            assert stored == {**ended, "steps": []}
            assert (await running.client.get(f"{place}/result")).json() == result
            assert events(await running.client.get(f"{place}/events")) == [("end", stored)]
            assert (await running.get("/probes")).json()["items"] == [stored]
            assert (await running.client.delete(place)).status_code == 204
            assert (await running.client.get(place)).status_code == 404
            assert (await running.get("/probes")).json()["items"] == []
            assert running.removed == [target.key]


async def test_a_probe_makes_the_checks_of_its_module_or_of_the_request() -> None:
    async with hostile_server("x") as port:
        target = Target(host="127.0.0.1", port=port, server_name=None)
        settings = OnDemandSettings(modules={"names": ModuleSettings(checks=("groups",))})
        prober = World(inventory=(target,)).prober(settings)
        async with api(visits=lambda: Observer(prober)) as running:

            async def probed(**fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
                body = {"target": target.key, **fields}
                started = await running.client.post("/api/v1/probes", json=body)
                place = started.headers["location"]
                await running.client.get(f"{place}/events")
                (seen,) = (await running.client.get(f"{place}/result")).json()["observations"]
                return started.json(), seen

            started, seen = await probed(module="names")
            assert (started["module"], started["checks"]) == ("names", ["groups"])
            assert seen["certificates"] == []
            started, seen = await probed(module="names", checks=["certificates"])
            assert (started["module"], started["checks"]) == ("names", ["versions", "certificates"])
            assert len(seen["certificates"]) > 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"module": "none"}, "unknown module 'none': use one of default"),
        ({"checks": ["none"]}, "unknown check 'none': use versions, "),
        ({"checks": "versions"}, "checks "),
        ({"module": "default", "path": "/admin"}, "path"),
        ({"server_name": "x" * 254}, "server_name "),
    ],
)
async def test_an_invalid_choice_is_refused_with_one_sentence(
    running: Api, fields: dict[str, Any], words: str
) -> None:
    body = {"target": TARGET.key, **fields}
    answer = await running.client.post("/api/v1/probes", json=body)
    assert (answer.status_code, words in answer.json()["detail"]) == (422, True), answer.text
    assert running.jobs.in_memory == ()


async def test_only_targets_that_may_be_probed_are(running: Api) -> None:
    answer = await running.client.post("/api/v1/probes", json={"target": "192.0.2.1"})
    assert answer.status_code == 403
    answer = await running.client.post("/api/v1/probes", json={"target": "http://["})
    assert answer.status_code == 422
    assert running.probed == []


async def test_a_running_probe_has_no_result_and_is_cancelled() -> None:
    steps = Steps()
    async with api(visits=lambda: steps) as running:
        place = (await running.client.post("/api/v1/probes", json={"target": TARGET.key})).headers[
            "location"
        ]
        await steps.say
        assert (await running.client.get(f"{place}/result")).status_code == 409
        (await steps.say)("a step")
        (job,) = running.jobs.in_memory
        followed = job.follow(0, 60)
        assert await anext(followed) == job.steps[0]
        assert (await running.client.delete(place)).status_code == 204
        assert [one async for one in followed] == []
        assert (job.state.value, job.failure) == ("failed", "it was cancelled")


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'kept.db'}") as store:
        yield store


async def test_jobs_and_their_steps_are_bounded_and_expire(archive: SqlStore) -> None:
    steps, clock = Steps(), HandClock()
    jobs = ProbeJobs(steps, clock, archive)
    first = jobs.start(RequestedProbe(target="a"), "alice")
    say = await steps.say
    for number in range(1000):
        say(f"step {number} " + "x" * 1000)
    assert (len(first.steps), max(len(one.text) for one in first.steps)) == (100, 300)
    while len(jobs.in_memory) < 64:
        jobs.start(RequestedProbe(target="a"), "alice")
    with pytest.raises(RefusedError) as refused:
        jobs.start(RequestedProbe(target="a"), "alice")
    assert refused.value.status == 429
    steps.end.set()
    # A client that follows to the end sees the last steps that are left.
    assert [one.number async for one in first.follow(0, 60) if one][-1] == 1000
    jobs.start(RequestedProbe(target="a"), "alice")
    assert len(jobs.in_memory) == 64
    await jobs.close()
    clock.seconds = 3601.0
    assert jobs.in_memory == ()


async def test_a_result_that_cannot_be_stored_stays_in_memory_with_the_reason(
    archive: SqlStore,
) -> None:
    steps = Steps()
    steps.found = [refusal(reason=random.Random(1).randbytes(3 << 20).hex())]
    jobs = ProbeJobs(steps, HandClock(), archive)
    job = jobs.start(RequestedProbe(target="a"), "alice")
    steps.end.set()
    assert [one async for one in job.follow(0, 60)] == []
    found = await jobs.find(job.id)
    assert found is not None
    assert (found.record.state, len(found.observations)) == (ProbeState.DONE, 1)
    assert "at most 1048576 are stored" in (found.not_stored or "")
    assert await archive.probes() == []
    await jobs.close()


async def test_a_client_that_does_not_read_its_stream_holds_no_steps(archive: SqlStore) -> None:
    steps = Steps()
    jobs = ProbeJobs(steps, HandClock(), archive)
    job = jobs.start(RequestedProbe(target="a"), "alice")
    say = await steps.say
    readers = [job.follow(0, 60) for _ in range(1000)]
    say("first")
    assert {(await anext(one)) for one in readers} == {job.steps[0]}
    for number in range(10_000):
        say(str(number))
    assert len(job.steps) == 100
    last = {(await anext(one)) for one in readers}
    assert last == {job.steps[0]}
    for one in readers:
        await one.aclose()
    await jobs.close()


class Follower:
    """A client that asks for the events of a probe and reads nothing after the status."""

    def __init__(self, running: Api, path: str) -> None:
        self.status: asyncio.Future[int] = asyncio.Future()
        self._running = running
        self._path = path
        self._has_asked = False

    async def follow(self) -> None:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": self._path,
            "raw_path": self._path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        assert self._running.app is not None
        await self._running.app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self._has_asked:
            self._has_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status.set_result(message["status"])
        elif self.status.result() == 200:
            await asyncio.Event().wait()


async def test_of_a_thousand_clients_that_do_not_read_their_streams_most_are_refused() -> None:
    steps = Steps()
    async with api(visits=lambda: steps) as running:
        started = await running.client.post("/api/v1/probes", json={"target": TARGET.key})
        path = f"{started.headers['location']}/events"
        followers = [Follower(running, path) for _ in range(1000)]
        tasks = [asyncio.create_task(one.follow()) for one in followers]
        statuses = Counter([await one.status for one in followers])
        assert statuses == {200: MOST_STREAMS, 429: 1000 - MOST_STREAMS}
        say = await steps.say
        for number in range(10_000):
            say(str(number))
        (job,) = running.jobs.in_memory
        assert len(job.steps) == 100
        assert (await running.get("/health")).status_code == 200
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        steps.end.set()
        assert events(await running.client.get(path))[-1][0] == "end"
