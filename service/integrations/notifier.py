"""What all notifiers have: settings, a message format, and a connection to a receiver."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import time
from typing import Annotated, Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from exporters.notifications import AlertSelector, Message
from model.findings.alert import AlertKind, EventKind
from model.findings.finding import Severity
from model.frozen import frozen
from pki.net_guard.gate import SocketGate
from service.integrations.timing import Timing
from service.integrations.web.post import WebPost
from service.integrations.web.settings import WebSettings

Send: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Sends one message; raises DeliveryError if the receiver does not accept it."""

UNLIMITED: Final = 1_000_000
"""The most events in a message; a message for people lists the first ones and counts the others itself."""


class NotifierSettings(BaseModel):
    """Settings of all notifiers: ``type`` is the notifier's name; the others select the alerts that it reports."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: str
    min_severity: Severity = Severity.MEDIUM
    labels: Mapping[str, str] = {}
    kinds: frozenset[AlertKind] = frozenset(AlertKind)
    include_unknown: bool = False

    @property
    def selector(self) -> AlertSelector:
        """Selects the alerts that it reports."""
        return AlertSelector(
            min_severity=self.min_severity,
            labels=self.labels,
            kinds=self.kinds,
            include_unknown=self.include_unknown,
        )

    @property
    @abstractmethod
    def timing(self) -> Timing:
        """When its messages are sent."""


class EventSettings(NotifierSettings):
    """Settings for receivers that get each event once, soon after it or in a digest."""

    events: frozenset[EventKind] = frozenset(EventKind)
    group_wait_seconds: Annotated[float, Field(ge=0, le=3600)] = 30.0
    digest_hours: Annotated[int, Field(ge=1, le=168)] | None = None
    digest_at: time = time(8)
    group_by: str = "team"

    @property
    def selector(self) -> AlertSelector:
        """Selects the alerts and their events."""
        return replace(super().selector, events=self.events)

    @property
    def timing(self) -> Timing:
        """After ``group_wait_seconds``, or in digests."""
        return Timing(
            group_wait_seconds=self.group_wait_seconds,
            digest_hours=self.digest_hours,
            digest_at=self.digest_at,
            group_label=self.group_by,
        )


class PostedEventSettings(EventSettings, WebSettings):
    """Settings for receivers that get each event once, by HTTP."""


@asynccontextmanager
async def post_json(settings: WebSettings, gate: SocketGate, path: str = "") -> AsyncIterator[Send]:
    """Posts JSON to the receiver's URL, or to ``path`` below it, over connections that stay open meanwhile.

    The ``gate`` decides which addresses may be contacted.

    Raises:
        ValueError: if a secret of the settings can no longer be read.
    """
    async with WebPost(settings.rotating(), gate) as post:

        async def send(body: bytes) -> None:
            await post.send(body, {"content-type": "application/json"}, path)

        yield send


S = TypeVar("S", bound=NotifierSettings)


@frozen
class Notifier(Generic[S]):
    """One kind of notifier: ``name`` is its ``type`` in the configuration, ``settings`` the class of its settings.

    ``render`` writes a message of at most ``max_events`` events in the receiver's format. ``connect`` returns the
    function that sends it, through the gate. With ``repeat_seconds``, all active alerts are sent again at this interval, in messages
    without events.
    """

    name: str
    settings: type[S]
    render: Callable[[Message], bytes]
    connect: Callable[[S, SocketGate], AbstractAsyncContextManager[Send]]
    max_events: int = UNLIMITED
    repeat_seconds: float | None = None
