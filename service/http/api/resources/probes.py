"""Probe now: a job that a client starts, follows by server-sent events, and reads or cancels."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from model.encoding.observation_json import to_json
from model.query import AuditAction
from model.records.probe_json import probe_to_json, step_to_json
from model.records.probe_record import ProbeRecord, ProbeState, ProbeStep
from probe.checks.check_groups import part_names
from service.http.api import service_answers
from service.http.api.cursors import Place, place_of
from service.http.api.operation import ApiError, Call, Json, Operation, Reply
from service.http.api.parameters import ListParameters, Parameters
from service.http.api.view import counted_page
from service.http.guard.principal import Principal
from service.http.text_answers import API, json_bytes
from service.probe_endpoint.jobs import FoundProbe, ProbeJobs
from service.probe_endpoint.module_choices import RefusedError
from service.probe_endpoint.observer import RequestedProbe

MOST_STREAMS: Final = 128
_PATIENCE_SECONDS: Final = 15.0
"""A comment is sent after this time without a step, so that proxies do not end the connection."""

_LAST_EVENT: Final = "last-event-id"
_MOST_DIGITS: Final = 9

_CheckName = Annotated[str, WithJsonSchema({"type": "string", "enum": part_names()})]

Record = Callable[[Principal, AuditAction, str], Awaitable[None]]
"""Writes to the audit log what the client does with a probe of a target."""


class NewProbe(BaseModel):
    """What to probe: `HOST`, `HOST:PORT` or a URL, and the server name to send if it is not the host.

    `module` is a module of `on_demand.modules`. `checks` are made instead of those of the module.
    """

    model_config = ConfigDict(extra="forbid")

    target: Annotated[str, Field(min_length=1, max_length=2000)]
    server_name: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    module: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    checks: list[_CheckName] = Field(default=[], max_length=len(part_names()))


class ProbeApi:
    """The handlers."""

    def __init__(self, jobs: ProbeJobs, record: Record) -> None:
        self._jobs = jobs
        self._record = record
        self._streams = 0

    async def start(self, call: Call[Parameters, NewProbe]) -> Reply:
        """Start a probe."""
        try:
            job = self._jobs.start(_requested(call.body), call.by.name)
        except RefusedError as refused:
            status = 422 if refused.status == 400 else refused.status
            headers = {"retry-after": "10"} if status == 429 else None
            raise ApiError(status, str(refused), headers=headers) from refused
        await self._record(call.by, AuditAction.PROBE_REQUESTED, job.target)
        return Reply(
            value=probe_to_json(job.record),
            status=202,
            headers={"location": f"{API}/probes/{job.id}"},
        )

    async def every(self, call: Call[ListParameters, None]) -> Reply:
        """A page of the probes."""
        probes = await self._jobs.every()
        return Reply(
            value=await counted_page(
                lambda: sorted(probes, key=_place),
                _place,
                "-created_at",
                call.query,
                (service_answers.Probe, probe_to_json),
            )
        )

    async def one(self, call: Call[Parameters, None]) -> Reply:
        """One probe."""
        return Reply(value=probe_to_json((await self._known(call)).record))

    async def result(self, call: Call[Parameters, None]) -> Reply:
        """What a probe found."""
        found = await self._known(call)
        if found.record.state is ProbeState.RUNNING:
            raise ApiError(409, "the probe has not ended: follow its events, or ask again later")
        if found.record.state is ProbeState.FAILED:
            raise ApiError(409, f"the probe failed: {found.record.failure}")
        return Reply(value={"observations": [to_json(one) for one in found.observations]})

    async def events(self, call: Call[Parameters, None]) -> Reply:
        """The steps of a probe as they come."""
        found, last = await self._known(call), call.request.headers.get(_LAST_EVENT, "0")
        if not (last.isascii() and last.isdecimal() and len(last) <= _MOST_DIGITS):
            raise ApiError(400, "Last-Event-ID must be the number of an event")
        if self._streams >= MOST_STREAMS:
            raise ApiError(
                429,
                f"{MOST_STREAMS} clients follow probes: wait until one has left",
                headers={"retry-after": "10"},
            )
        stream = self._stream(found.record, int(last))
        # It counts from here on, before another request is checked.
        await anext(stream)
        return Reply(stream=stream)

    async def cancel(self, call: Call[Parameters, None]) -> Reply:
        """Cancel a probe."""
        record = (await self._known(call)).record
        await self._jobs.remove(record.id)
        await self._record(call.by, AuditAction.PROBE_REMOVED, record.target)
        return Reply(status=204)

    async def _stream(self, record: ProbeRecord, after: int) -> AsyncGenerator[bytes]:
        """An empty text at once, and then the events; of a stored probe, only the last one."""
        self._streams += 1
        job = self._jobs.get(record.id)
        try:
            yield b""
            if job is not None:
                async for step in job.follow(after, _PATIENCE_SECONDS):
                    yield b":\n\n" if step is None else _step_event(step)
                record = job.record
            yield _event("end", probe_to_json(record), None)
        finally:
            self._streams -= 1

    async def _known(self, call: Call[Parameters, None]) -> FoundProbe:
        probe_id = call.path("id")
        found = await self._jobs.find(probe_id)
        if found is None:
            raise ApiError(
                404, f"unknown or expired probe {probe_id!r}: GET {API}/probes lists all"
            )
        return found


def _requested(body: NewProbe) -> RequestedProbe:
    return RequestedProbe(
        target=body.target,
        server_name=body.server_name,
        module=body.module,
        checks=tuple(body.checks),
    )


def _place(record: ProbeRecord) -> Place:
    return place_of(record.created_at.timestamp(), record.id)


def _step_event(step: ProbeStep) -> bytes:
    return _event("step", step_to_json(step), step.number)


def _event(kind: str, value: Json, number: int | None) -> bytes:
    """A server-sent event; JSON in ASCII has no line ends."""
    lead = "" if number is None else f"id: {number}\n"
    return f"event: {kind}\n{lead}data: ".encode() + json_bytes(value) + b"\n\n"


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="start_probe",
        tag="probes",
        summary="Probe a target now: the answer names the job to follow.",
        path="/probes",
        method="POST",
        status=202,
        handle=ProbeApi.start,
        body=NewProbe,
        answer=service_answers.Probe,
    ),
    Operation(
        name="list_probes",
        tag="probes",
        summary="The probes that clients started, newest first: those that run, and the stored results.",
        path="/probes",
        handle=ProbeApi.every,
        query=ListParameters,
        answer=service_answers.Probes,
    ),
    Operation(
        name="get_probe",
        tag="probes",
        summary="One probe, and how far it is.",
        path="/probes/{id}",
        handle=ProbeApi.one,
        answer=service_answers.Probe,
    ),
    Operation(
        name="get_probe_result",
        tag="probes",
        summary="What a probe found at each address. The inventory keeps its own facts.",
        path="/probes/{id}/result",
        handle=ProbeApi.result,
        answer=service_answers.ProbeResult,
        may_answer={409: "the probe has not ended, or it failed"},
    ),
    Operation(
        name="follow_probe",
        tag="probes",
        summary="The steps of a probe as server-sent events: `step`, and at last `end`.",
        path="/probes/{id}/events",
        handle=ProbeApi.events,
        answer=None,
        is_stream=True,
    ),
    Operation(
        name="cancel_probe",
        tag="probes",
        summary="Cancel a probe if it runs, and delete its result.",
        path="/probes/{id}",
        method="DELETE",
        status=204,
        handle=ProbeApi.cancel,
        answer=None,
    ),
)
"""The operations of this module."""
