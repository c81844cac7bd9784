"""Reads findings, and carries out the change of one: with the probe, the database and the role of the configuration."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from model.clock import SystemClock
from model.ports import Archive
from model.query import AuditAction, AuditEntry, Selection
from model.snapshot import Snapshot
from model.target import Endpoint
from policy import Policy, assess
from probe.visit.engine import Engine
from service.config.settings import ServiceSettings
from service.remediation.action import Calls, RemediationError
from service.remediation.change import Change, Patience, Record, Remediator, Result
from service.remediation.effect import Look, Seen
from service.remediation.findings import Plan
from storage import SqlStore, open_reader

_METHOD: Final = "command"
_ROLE: Final = "remediation"
_PAUSE_SECONDS: Final = 30.0
_AT_ONCE: Final = 8


async def read_known(database: str, now: datetime) -> Snapshot:
    """All endpoints that were visited in the last week, with their findings; raises StoreError."""
    async with await open_reader(database) as store:
        return await store.snapshot_at(now, Selection())


async def apply_plan(
    plan: Plan,
    database: str,
    settings: ServiceSettings,
    policies: Sequence[Policy],
    pause: float = _PAUSE_SECONDS,
) -> Result:
    """How the plan's change ended.

    Raises:
        RemediationError: if nothing was changed.
        StoreError: if the audit log cannot be written.
    """
    change = _allowed(plan, settings)
    calls = await asyncio.to_thread(_calls, change.resource, settings)
    engine = Engine(settings.probe_settings, SystemClock())
    async with await SqlStore.open(database) as store:
        remediator = Remediator(
            change,
            calls,
            lambda: _look(engine, plan.concerned, policies),
            _record_in(store, change),
            Patience(pause=pause, settle=settings.remediation.settle_seconds),
        )
        return await remediator.run()


def _allowed(plan: Plan, settings: ServiceSettings) -> Change:
    """The change of the plan; raises RemediationError if there is none, or if the configuration does not allow it."""
    if plan.change is None:
        raise RemediationError(
            "tlsprobe cannot apply this plan: a person must change the configuration"
        )
    if not settings.remediation.apply:
        raise RemediationError(
            "--apply is not allowed: set remediation.apply and remediation.role_arn in the configuration, and "
            "name it with --config"
        )
    return plan.change


def _calls(arn: str, settings: ServiceSettings) -> Calls:
    try:
        from service.remediation.aws.calls import calls_for
    except ModuleNotFoundError as error:
        raise RemediationError(
            f"the Python package {error.name} is missing: install tlsprobe[aws]"
        ) from error
    return calls_for(arn, settings.remediation, settings.gate)


async def _look(engine: Engine, endpoints: Sequence[Endpoint], policies: Sequence[Policy]) -> Look:
    places = asyncio.Semaphore(_AT_ONCE)

    async def seen(endpoint: Endpoint) -> tuple[str, Seen]:
        async with places:
            observation = await engine.visit(endpoint, is_awaited=True)
        assessment = assess(observation, policies, observation.ended_at)
        return endpoint.key, Seen(observation=observation, assessment=assessment)

    return dict(await asyncio.gather(*map(seen, endpoints)))


def _record_in(archive: Archive, change: Change) -> Record:
    setting = change.action.setting

    async def record(action: AuditAction, before: str, after: str) -> None:
        entry = AuditEntry(
            at=datetime.now(UTC),
            actor=_user(),
            method=_METHOD,
            role=_ROLE,
            address=None,
            action=action,
            subject=change.resource,
            before={setting: before},
            after={setting: after},
        )
        await archive.audit(entry)

    return record


def _user() -> str:
    """The name of the user who runs the command; in a container it may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
