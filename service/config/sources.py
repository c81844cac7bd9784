"""What the settings of all sources of targets share (``service.config.discovery``)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from discovery.bounds import USUAL_MOST_TARGETS, check_count
from discovery.relabel import Rule
from discovery.source import PolledSource, Source, SourceReading
from model.frozen import frozen
from model.safe_output.secret_text import masked_urls
from model.snapshot import EndpointStatus
from model.target_labels import ACTING_NAMES, ConfiguredNames
from pki.net_guard.gate import SocketGate
from service.config.relabel import RelabelRules
from service.setting_types.values import Seconds, TargetCount
from service.sources.target_sources import RuledSource


@frozen
class SourceContext:
    """What some sources need from the service: what may be probed, and what it has seen.

    ``more`` are the sources of the running service that no setting adds: that of the API.
    """

    gate: SocketGate
    statuses: Callable[[], Iterable[EndpointStatus]]
    more: tuple[Source, ...] = ()


class SourceSettings(BaseModel):
    """Settings that all sources have. If a source fails, its targets remain for ``max_stale_seconds``.

    A source with more than ``max_targets`` targets fails. With ``trust_labels``, acting labels
    (``model.target_labels``) take effect if the source itself sets them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    _computed_labels: ClassVar[frozenset[str]] = frozenset()
    """Acting labels that the source's reader computes itself; it copies none of them from what it reads."""

    name: str = ""
    refresh_seconds: Seconds = 60.0
    max_stale_seconds: Seconds = 86_400.0
    max_targets: TargetCount = USUAL_MOST_TARGETS
    trust_labels: bool = False
    relabel: RelabelRules = ()

    @property
    def trusted_labels(self) -> frozenset[str]:
        """The acting labels that the source may set."""
        return ACTING_NAMES if self.trust_labels else self._computed_labels

    @property
    @abstractmethod
    def described(self) -> str:
        """Its kind and what it reads; this is the source's name if the user gives none."""

    def source_name(self) -> str:
        """The source's name in metrics and targets; it contains no secret of a URL."""
        return self.name or masked_urls(self.described)

    @abstractmethod
    def source(self, context: SourceContext) -> Source:
        """Create the source."""

    def rules(self) -> tuple[Rule, ...]:
        """The source's own relabelling rules."""
        return tuple(one.rule() for one in self.relabel)

    def ruled(
        self, context: SourceContext, common: tuple[Rule, ...], values: ConfiguredNames
    ) -> RuledSource:
        """The source with its rules, which the ``common`` ones follow; ``values`` are those that labels may have."""
        return RuledSource(
            source=self.source(context),
            rules=(*self.rules(), *common),
            max_stale_seconds=self.max_stale_seconds,
            trusted_labels=self.trusted_labels,
            configured=values,
        )


def ruled_api_source(
    source: Source, common: tuple[Rule, ...], values: ConfiguredNames
) -> RuledSource:
    """The source of the API, which has all acting labels: only administrators may set them there."""
    return RuledSource(source=source, rules=common, trusted_labels=ACTING_NAMES, configured=values)


class PolledSettings(SourceSettings):
    """A source that is polled: it is read as a whole at intervals."""

    @abstractmethod
    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """The function that reads the source once; ``name`` is the source's name in its targets."""

    def source(self, context: SourceContext) -> Source:
        """A polled source."""
        name = self.source_name()
        read = self.reader(name, context)

        async def bounded() -> SourceReading:
            found = await read()
            check_count(name, len(found.targets), self.max_targets)
            return found

        return PolledSource(name, bounded, refresh_seconds=self.refresh_seconds)
