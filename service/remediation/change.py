"""One change of one setting: look, read, write, look again, and roll back what makes an endpoint worse.

Every change has two entries in the audit log: one before the write, without which nothing is written, and its result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar

from model.findings.finding import Finding, Outcome
from model.frozen import frozen
from model.query import AuditAction
from policy.remediation import Demands
from service.remediation.action import Action, Calls, RemediationError, State
from service.remediation.effect import Look, outcome_of, what_is_worse

T = TypeVar("T")

_MET: Final = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE})
_INTERRUPTED: Final = "interrupted"


class Ending(StrEnum):
    """How a change ended."""

    FIXED = "fixed"
    KEPT = "kept"
    """It is in force and nothing is worse, but the finding is still there."""
    ROLLED_BACK = "rolled back"
    FAILED = "failed"
    """A person must look at the resource."""


@frozen
class Result:
    """How a change ended, and a sentence about it."""

    ending: Ending
    sentence: str


@frozen
class Change:
    """The ``action`` that sets ``value`` at a ``resource``, by its ARN, for a finding."""

    finding: Finding
    action: Action
    demands: Demands
    resource: str
    value: str


Record: TypeAlias = Callable[[AuditAction, str, str], Awaitable[None]]
"""Stores an entry of the audit log: what happened, and the value before and after."""


@frozen
class Patience:
    """Seconds between looks, and how long a change may take to come into force."""

    pause: float
    settle: float


class Remediator:
    """Carries out one ``change`` by ``calls``; ``look`` visits all endpoints of its resource, and judges them."""

    def __init__(
        self,
        change: Change,
        calls: Calls,
        look: Callable[[], Awaitable[Look]],
        record: Record,
        patience: Patience,
    ) -> None:
        self._change = change
        self._calls = calls
        self._look = look
        self._record = record
        self._patience = patience

    async def run(self) -> Result:
        """How the change ended. If it is cancelled after the write, it rolls back first.

        Raises:
            RemediationError: if nothing was written.
            StoreError: if the audit log cannot be written; before the write, nothing was changed.
        """
        before = await self._look()
        self._check(before)
        state = await self._read()
        if state.value == self._change.value:
            raise RemediationError(
                f"the {self._change.action.setting} is {state.value} already: something else serves the endpoint, or "
                "the last change is not in force yet"
            )
        await self._record(AuditAction.REMEDIATION_STARTED, state.value, self._change.value)
        try:
            await self._write(state, self._change.value)
            result = await self._watch(before)
        except RemediationError as error:
            return await self._roll_back(state, before, str(error))
        except BaseException:
            await self._roll_back(state, before, _INTERRUPTED)
            raise
        if result.ending is Ending.ROLLED_BACK:
            return await self._roll_back(state, before, result.sentence)
        await self._record(AuditAction.REMEDIATION_KEPT, state.value, self._change.value)
        return result

    def _check(self, before: Look) -> None:
        """Raises RemediationError if a look could not show later whether the change helped."""
        outcome = outcome_of(self._change.finding, before)
        if not before[self._change.finding.endpoint_key].observation.answered:
            raise RemediationError(
                f"{self._change.finding.endpoint_key} does not answer from here: run the command where it does"
            )
        if outcome is not Outcome.FAIL:
            raise RemediationError("the endpoint shows the finding no more: nothing to change")

    async def _watch(self, before: Look) -> Result:
        """Looks until the finding is gone, something is worse twice, or time is up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience.settle
        suspicion = None
        while True:
            is_late = loop.time() >= end
            if is_late or (await self._read()).is_deployed:
                after = await self._look()
                problem = what_is_worse(before, after)
                if problem is not None and suspicion is not None:
                    return Result(ending=Ending.ROLLED_BACK, sentence=problem)
                suspicion = problem
                if problem is None and outcome_of(self._change.finding, after) in _MET:
                    return Result(ending=Ending.FIXED, sentence="the finding is gone")
                if is_late and problem is None:
                    return Result(
                        ending=Ending.KEPT,
                        sentence="nothing is worse, but the finding is still there",
                    )
            await asyncio.sleep(self._patience.pause)

    async def _roll_back(self, state: State, before: Look, reason: str) -> Result:
        """Sets the earlier value again, unless somebody else has changed it since; then looks again."""
        earlier, setting = state.value, self._change.action.setting
        try:
            now = await self._read()
            if now.value not in {earlier, self._change.value}:
                raise RemediationError(f"somebody else has set it to {now.value} meanwhile")
            if now.value != earlier:
                await self._write(now, earlier)
            problem = await self._lasting_problem(before)
        except RemediationError as error:
            problem = f"not rolled back: {error}. Set the {setting} to {earlier}"
        if problem is not None:
            await self._record(AuditAction.REMEDIATION_FAILED, self._change.value, earlier)
            return Result(ending=Ending.FAILED, sentence=f"{reason}; {problem}")
        await self._record(AuditAction.REMEDIATION_ROLLED_BACK, self._change.value, earlier)
        return Result(
            ending=Ending.ROLLED_BACK, sentence=f"{reason}; the {setting} is {earlier} again"
        )

    async def _lasting_problem(self, before: Look) -> str | None:
        """What is still worse when time is up; None as soon as nothing is."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience.settle
        while True:
            is_late = loop.time() >= end
            if is_late or (await self._read()).is_deployed:
                problem = what_is_worse(before, await self._look())
                if problem is None or is_late:
                    return problem
            await asyncio.sleep(self._patience.pause)

    async def _read(self) -> State:
        return await _in_thread(lambda: self._change.action.read(self._calls, self._change.demands))

    async def _write(self, state: State, value: str) -> None:
        await _in_thread(lambda: self._change.action.write(self._calls, state, value))


async def _in_thread(call: Callable[[], T]) -> T:
    """The result of ``call``; if this is cancelled, it waits for the call, which a thread cannot abandon."""
    task = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
