"""Finds out who caused Changes: asks the audit trails of clouds, and stores what they say.

Calls that a queue has reported are known after some minutes, and cost no question. Each round reads the Changes
that no trail has been asked about yet. A trail that cannot be asked is asked again in the next rounds, for a day;
then the cause is unknown, with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from discovery.cloud.aws.trail.record import names_of
from discovery.cloud.aws.trail.write_calls import SETTLES_IN, cause_among, resource_of
from discovery.source import SourceError
from model.comparisons.attribution import Attribution, Unattributed
from model.ports import Clock
from pki.net_guard.gate import SocketGate
from service.config.clouds.aws import AwsSettings
from service.config.settings import ServiceSettings
from storage import SqlStore, StoreError

if TYPE_CHECKING:
    from discovery.cloud.aws.trail.lookup import ChangeTrail

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")

_ROUND_SECONDS: Final = 60.0
_RECORDED_AFTER: Final = timedelta(minutes=15)
"""CloudTrail has an event some minutes after the call: nothing is concluded before."""
_REPORTED_AFTER: Final = timedelta(minutes=5)
"""A queue has an event earlier; one that comes after this time is not missed, because CloudTrail is asked too."""
_ASKED_FOR: Final = timedelta(days=1)
_LOOKS_BACK: Final = timedelta(days=7)
"""How old Changes are asked about after a start."""
_STORED_WITHIN: Final = timedelta(hours=1)
"""A Change may be stored this long after its time, such as while the database was down."""
_AT_ONCE: Final = 500


class Attributor:
    """Attributes the Changes in ``store``; ``settings`` and ``gate`` are those of the active configuration."""

    def __init__(
        self,
        store: SqlStore,
        clock: Clock,
        settings: Callable[[], ServiceSettings],
        gate: Callable[[], SocketGate],
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._gate = gate
        self._used: tuple[Sequence[AwsSettings], SocketGate] | None = None
        self._trails: list[ChangeTrail] = []
        self._is_failing = False
        self._asked_until: datetime | None = None

    async def run(self, is_leading: Callable[[], bool]) -> None:
        """Work in rounds until cancelled; of several schedulers, only the leader does."""
        try:
            while True:
                if is_leading():
                    try:
                        await self.round()
                    except StoreError as error:
                        self._warn(str(error))
                await asyncio.sleep(_ROUND_SECONDS)
        finally:
            for trail in self._trails:
                trail.stop()

    async def round(self) -> None:
        """Ask about the Changes that no trail has been asked about.

        Raises:
            StoreError: if the database cannot be used.
        """
        now = self._clock.now()
        self._open(now)
        if not self._trails:
            return
        recorded, failed = now - _RECORDED_AFTER, []
        until = now - _REPORTED_AFTER if self._has_queue else recorded
        since, after = self._asked_until or now - _LOOKS_BACK, 0
        while True:
            visits = await self._store.unattributed(since, until, after=after, limit=_AT_ONCE)
            for visit in visits:
                unknown = await self._look_up_reported(visit)
                if not unknown.facts or visit.at >= recorded:
                    continue
                found = await self._ask(unknown, now)
                if found is None:
                    failed.append(visit.at)
                else:
                    await self._store.put_attributions(found)
            if sum(len(visit.facts) for visit in visits) < _AT_ONCE:
                break
            after = max(visits[-1].facts)
        self._asked_until = min(failed, default=recorded - _STORED_WITHIN)
        if not failed:
            self._is_failing = False

    async def _look_up_reported(self, visit: Unattributed) -> Unattributed:
        """Attributes what calls that a queue has reported can have caused; the result has the other facts."""
        arn = resource_of(visit.target) if self._has_queue else None
        if arn is None:
            return visit
        calls = await self._store.reported_calls(
            names_of(arn),
            arn.account,
            (visit.since or visit.at) - SETTLES_IN,
            visit.at,
            limit=_AT_ONCE,
        )
        causes = {key: cause_among(calls, arn, fact) for key, fact in visit.facts.items()}
        found = {key: Attribution(call=call) for key, call in causes.items() if call is not None}
        if found:
            await self._store.put_attributions(found)
        left = {key: fact for key, fact in visit.facts.items() if key not in found}
        return replace(visit, facts=left)

    @property
    def _has_queue(self) -> bool:
        return self._used is not None and any(one.event_queues for one in self._used[0])

    async def _ask(self, visit: Unattributed, now: datetime) -> Mapping[int, Attribution] | None:
        """What the first trail says that knows the endpoint's resource; None if it must be asked again."""
        failure: SourceError | None = None
        for trail in self._trails:
            try:
                if found := await asyncio.to_thread(trail.attributions, visit):
                    return found
            except SourceError as error:
                failure = error
        if failure is None:
            return {}
        reason = str(failure).removesuffix(".")
        self._warn(reason)
        if now - visit.at < _ASKED_FOR:
            return None
        unknown = Attribution(unknown=f"CloudTrail could not be asked for a day: {reason}")
        return dict.fromkeys(visit.facts, unknown)

    def _open(self, now: datetime) -> None:
        """The trails of the active configuration, ready for a round."""
        using = (_audited(self._settings()), self._gate())
        if using != self._used:
            for trail in self._trails:
                trail.stop()
            self._used, self._is_failing = using, False
            self._trails = list(self._new_trails(*using))
        for trail in self._trails:
            trail.begin(now)

    def _new_trails(
        self, settings: Sequence[AwsSettings], gate: SocketGate
    ) -> Iterator[ChangeTrail]:
        if not settings:
            return
        try:
            from discovery.cloud.aws.trail.lookup import ChangeTrail
        except ModuleNotFoundError as error:
            self._warn(f"the Python package {error.name} is missing: install tlsprobe[aws]")
            return
        for one in settings:
            yield ChangeTrail(one.scope, gate)

    def _warn(self, reason: str) -> None:
        """Log the first failure of a row."""
        if not self._is_failing:
            _LOG.warning("changes cannot be attributed now", reason=reason)
        self._is_failing = True


def _audited(settings: ServiceSettings) -> tuple[AwsSettings, ...]:
    """The sources whose audit trails are asked."""
    aws = (one for one in settings.discovery if isinstance(one, AwsSettings))
    return tuple(one for one in aws if one.attribute_changes)
