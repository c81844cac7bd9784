"""What the pages show besides the Snapshot, each as a function that the daemon provides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from exporters.pages.findings.cards import RemedyOf
from exporters.reports import PolicyText
from exporters.service_state import PartStates
from model.comparisons.change import Change
from model.frozen import frozen
from model.judging.quantum import QuantumHistory
from model.observation import Observation
from model.query import AuditEntry, ComplianceCount, Opening, Selection, ServiceEvent
from model.records.fleet_count import FleetCount
from model.verdict import Evidence
from service.http.pages.changing.actions import PageActions
from storage import StoreError

Item = TypeVar("Item")


class PageArchive(Protocol):
    """What the pages read from the Store; the number of statements does not depend on the number of endpoints."""

    async def changes(
        self,
        selection: Selection = ...,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 1000,
    ) -> Sequence[Change]:
        """The newest ``limit`` Changes from ``since`` to before ``until``, newest first."""
        ...

    async def latest(self, endpoint_key: str, *, answered: bool = False) -> Observation | None:
        """The endpoint's newest facts with their evidence."""
        ...

    async def events(self, since: datetime | None = None) -> Sequence[ServiceEvent]:
        """Events of the service, newest first."""
        ...

    async def compliance_counts(self, moments: Sequence[datetime]) -> Sequence[ComplianceCount]:
        """How many endpoints had each verdict of each policy at each of the ``moments``."""
        ...

    async def fleet_counts(self, since: datetime) -> Sequence[FleetCount]:
        """The last count of the fleet of each day from ``since`` on, oldest first."""
        ...

    async def quantum_history(
        self, selection: Selection = ..., until: datetime | None = None
    ) -> Mapping[str, QuantumHistory]:
        """When endpoints first proved post-quantum key exchange, and lost it, by endpoint key; one statement."""
        ...

    async def openings(self, endpoint_key: str, identity: tuple[str, str]) -> Sequence[Opening]:
        """Every opening of the endpoint's Finding of this policy and rule, newest first."""
        ...

    async def audit_log(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int = 1000
    ) -> Sequence[AuditEntry]:
        """The newest ``limit`` entries of the audit log, newest first."""
        ...


async def stored(reading: Awaitable[Sequence[Item]]) -> tuple[Sequence[Item], str]:
    """What ``reading`` of the archive returns, or nothing and the sentence that says why."""
    try:
        return await reading, ""
    except StoreError as error:
        return (), str(error)


@frozen
class PageSources:
    """The functions. ``policies`` are those in force; ``status`` is the service's, as ``/-/status`` answers it,
    and ``parts`` what its parts do.

    ``remedy_of`` returns the lines that fix a result. ``explain`` returns the lines that explain the named facts of
    an Observation; it raises ValueError, with a sentence, if no fact has the name. ``proof_of`` returns the lines of
    decoded evidence. ``compare`` returns how the two named policies differ, as ``tlsprobe policy diff --json`` prints it,
    or None if one is not in force. ``actions`` is what operators may do.
    """

    archive: PageArchive
    remedy_of: RemedyOf
    explain: Callable[[Observation, str], Sequence[str]]
    proof_of: Callable[[Evidence], Iterable[str]]
    policies: Callable[[], Sequence[PolicyText]]
    compare: Callable[[str, str], Mapping[str, Any] | None]
    status: Callable[[], Mapping[str, Any]]
    parts: Callable[[], PartStates]
    actions: PageActions
