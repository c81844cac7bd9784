"""Runs the checks of one visit, stage after stage, each check as far as the visit's level allows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from model.application_protocol import IKE, SSH, runs_over_datagrams
from model.findings.attacks import ATTACKS
from model.intrusiveness import Intrusiveness
from model.tracing import span
from model.verdict import Evidence, Fact, Verdict
from probe.checks.catalogue import DATAGRAM_STAGES, STAGES
from probe.checks.check import Ask, Check, Stage
from probe.checks.part import Part
from probe.checks.prober import NotAskedError, Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import DATAGRAM_VERSIONS

_LOG = logging.getLogger(__name__)

_SECTIONS: Final = {Part.PLAINTEXT: "plaintext", Part.HTTP: "http"}
"""Where a check's facts are, except for vulnerabilities; the usual place is ``features``."""

_LONGEST_YIELD_SECONDS: Final = 2.0
"""At a slow server, questions that yield to others must still be asked before the visit's time is up."""


async def run_stages(
    prober: Prober,
    facts: VisitFacts,
    level: Intrusiveness,
    parts: frozenset[Part],
    on_progress: Callable[[str], None],
) -> list[str]:
    """Runs the checks of these ``parts``; returns our own errors, each of which costs only its facts.

    ``on_progress`` gets the stage's phrase as it begins, and again as each of its checks ends.
    Stages run one after the other, because each builds on the one before; the checks of one stage run side by
    side, except that each waits for those that it builds on.
    """
    faults: list[str] = []
    ended: dict[Ask, asyncio.Event] = {}

    async def wait_for(earlier: Iterable[Ask]) -> None:
        for ask in earlier:
            if ask in ended:
                await ended[ask].wait()

    async def run_guarded(check: Check, stage: Stage) -> None:
        await wait_for(_before(check, stage, ended))
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_YIELD_SECONDS):
                await wait_for(check.yields_to)
        try:
            if check.is_first_contact or facts.speaks_any:
                await _run(check, prober, facts, level)
        except Exception as fault:
            faults.append(_note_fault(facts, check, _first_cause(fault)))
        finally:
            ended[check.ask].set()
            on_progress(stage.phrase)

    for stage in _stages(facts, parts):
        checks = [check for check in stage.checks if check.part in parts]
        if any(check.is_first_contact or facts.speaks_any for check in checks):
            on_progress(stage.phrase)
        ended = {check.ask: asyncio.Event() for check in checks}
        with span(stage.phrase):
            await side_by_side(*(run_guarded(check, stage) for check in checks))
    return faults


def _stages(facts: VisitFacts, parts: frozenset[Part]) -> Sequence[Stage]:
    """The stages of this endpoint's transport; sets the ``parts`` whose questions may ride on other hellos."""
    is_datagram = facts.inputs.asked_versions is DATAGRAM_VERSIONS
    # Over datagrams, a refusal may be silence, which would cost more time than a hello of its own.
    is_silent = is_datagram or runs_over_datagrams(facts.inputs.application.name)
    facts.riding_parts = frozenset() if is_silent else parts
    if facts.inputs.application.name == SSH:
        # A scan of a TLS server starts without these modules.
        from probe.checks.ssh.stages import SSH_STAGES

        return SSH_STAGES
    if facts.inputs.application.name == IKE:
        from probe.checks.ike.stages import IKE_STAGES

        return IKE_STAGES
    return DATAGRAM_STAGES if is_datagram else STAGES


def _before(check: Check, stage: Stage, running: Container[Ask]) -> Iterator[Ask]:
    """The ``running`` checks that ``check`` builds on, also by way of one that does not run."""
    for ask in check.after:
        if ask in running:
            yield ask
        else:
            for other in stage.checks:
                if other.ask is ask:
                    yield from _before(other, stage, running)


def _note_fault(facts: VisitFacts, check: Check, cause: Exception) -> str:
    """Logs an error of ours, and leaves the facts of its check unknown; returns it in words."""
    name = check.ask.__name__
    _LOG.error("a check failed", extra={"check": name, "error": repr(cause)})
    _LOG.debug("where the check failed", exc_info=cause, extra={"check": name})
    fault_text = f"{name} failed with {type(cause).__name__}"
    _leave_unknown(facts, check, f"Internal error: {fault_text}")
    return fault_text


def _leave_unknown(facts: VisitFacts, check: Check, note: str) -> None:
    """Records the facts that the check was to find, and did not before it failed, as unknown."""
    fact = Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
    for name in check.facts:
        getattr(facts, _section_of(name, facts, check)).setdefault(name, fact)


def _section_of(name: str, facts: VisitFacts, check: Check) -> str:
    application = facts.inputs.application.name
    if application in {SSH, IKE}:
        return application
    if name.startswith("quic_"):
        return "quic"
    return "vulnerabilities" if name in ATTACKS else _SECTIONS.get(check.part, "features")


def _first_cause(fault: Exception) -> Exception:
    """The first of the errors in a group, which may itself be in one."""
    while isinstance(fault, ExceptionGroup):
        fault = fault.exceptions[0]
    return fault


async def _run(check: Check, prober: Prober, facts: VisitFacts, level: Intrusiveness) -> None:
    """Asks as far as ``level`` allows; records which facts stay absent because of it."""
    if level.allows(check.level):
        await check.ask(prober, facts)
        return
    try:
        await check.ask(prober.silenced(), facts)
    except* NotAskedError:
        facts.leave_unasked((*check.facts, *check.other_facts), check.level)
