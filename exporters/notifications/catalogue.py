"""The catalogue of the forms that messages take: to add one is one file and one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from exporters.notifications.alertmanager import render_alertmanager
from exporters.notifications.email import render_email
from exporters.notifications.message import Message
from exporters.notifications.slack import render_slack
from exporters.notifications.webhook import render_webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """A form. ``most_events`` of a message are for programs, who read all; a person's are counted instead.

    ``path`` is below the receiver's URL. ``is_repeated`` says that all that stands is told again and
    again, and not only what came and went.
    """

    name: str
    render: Callable[[Message], bytes]
    most_events: int
    path: str = ""
    is_repeated: bool = False


_ALL: Final = 1_000_000

NOTIFIERS: Final = (
    Notifier(name="webhook", render=render_webhook, most_events=500),
    Notifier(name="slack", render=render_slack, most_events=_ALL),
    Notifier(name="email", render=render_email, most_events=_ALL),
    Notifier(
        name="alertmanager",
        render=render_alertmanager,
        most_events=500,
        path="/api/v2/alerts",
        is_repeated=True,
    ),
)


def notifier_of(name: str) -> Notifier:
    """The form of that name; raises KeyError."""
    return {notifier.name: notifier for notifier in NOTIFIERS}[name]
