"""A probe that a person requested: what it asked, who asked, and what it found."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from model.frozen import frozen
from model.observation import Observation


class ProbeState(StrEnum):
    """How far a probe is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@frozen
class ProbeStep:
    """One step of a probe, numbered from 1."""

    number: int
    text: str


@frozen
class ProbeRecord:
    """A probe of ``target`` with ``checks`` of ``module``, which the client ``by`` started, without its results.

    ``failure`` is a sentence if it failed. ``steps`` are the newest ones; a stored probe has none. ``addresses`` is how
    many addresses were probed.
    """

    id: str
    target: str
    module: str
    checks: tuple[str, ...]
    by: str
    state: ProbeState
    created_at: datetime
    ended_at: datetime | None
    failure: str | None
    steps: tuple[ProbeStep, ...] = ()
    addresses: int = 0


@frozen
class ProbeResult:
    """A probe with one Observation for each address."""

    record: ProbeRecord
    observations: tuple[Observation, ...]


class ResultTooLargeError(ValueError):
    """A result is larger than what is stored for one probe; the message is one sentence."""
