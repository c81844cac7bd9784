"""What the pages show besides the Snapshot, each as a function that the daemon provides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from exporters.pages.endpoint.findings import RemedyOf
from exporters.reports import PolicyText
from model.comparisons.change import Change
from model.frozen import frozen
from model.observation import Observation
from model.query import ComplianceCount, Selection, ServiceEvent
from service.http.pages.changing.actions import PageActions


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

    async def latest(
        self, endpoint_key: str, *, answered_as_tls: bool = False
    ) -> Observation | None:
        """The endpoint's newest facts with their evidence."""
        ...

    async def events(self, since: datetime | None = None) -> Sequence[ServiceEvent]:
        """Events of the service, newest first."""
        ...

    async def compliance_counts(self, moments: Sequence[datetime]) -> Sequence[ComplianceCount]:
        """How many endpoints had each verdict of each policy at each of the ``moments``."""
        ...


@frozen
class PageSources:
    """The functions. ``policies`` are those in force; ``status`` is the service's, as ``/-/status`` answers it.

    ``remedy_of`` returns the lines that fix a result. ``explain`` returns the lines that explain the named facts of
    an Observation; it raises ValueError, with a sentence, if no fact has the name. ``actions`` is what operators may do.
    """

    archive: PageArchive
    remedy_of: RemedyOf
    explain: Callable[[Observation, str], Sequence[str]]
    policies: Callable[[], Sequence[PolicyText]]
    status: Callable[[], Mapping[str, Any]]
    actions: PageActions
