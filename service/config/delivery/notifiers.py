"""The ``notifications`` section: who is told of what, and how; ``docs/notifications.md`` explains it."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from datetime import time
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from exporters.notifications import AlertSelector, Notifier, notifier_of
from model.findings.alert import EventKind, NoticeKind
from model.findings.finding import Severity
from service.config.delivery.secrets import read_secret
from service.config.delivery.web_receivers import WebSettings, trusting
from service.config.secret_marks import SecretFile, SecretVariable
from service.config.values import Port
from service.delivery.mail import Mailbox, MailSecurity, MailSender
from service.delivery.schedule import Timing
from service.delivery.web import WebSender

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TAKEN: Final = ("textfile", "remote_write")
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")
_PORTS: Final = {MailSecurity.STARTTLS: 587, MailSecurity.TLS: 465, MailSecurity.NONE: 25}


class NotifierSettings(BaseModel):
    """What all notifiers have: which notices and events they are for, and when they speak."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: str
    min_severity: Severity = Severity.MEDIUM
    labels: Mapping[str, str] = {}
    kinds: frozenset[NoticeKind] = frozenset(NoticeKind)
    with_unknown: bool = False

    @property
    def form(self) -> Notifier:
        """The form of its messages."""
        return notifier_of(self.type)

    @property
    def choice(self) -> AlertSelector:
        """What it is for."""
        return AlertSelector(
            min_severity=self.min_severity,
            labels=self.labels,
            kinds=self.kinds,
            with_unknown=self.with_unknown,
        )

    @property
    @abstractmethod
    def timing(self) -> Timing:
        """When it speaks."""

    @abstractmethod
    def sender(self) -> WebSender | MailSender:
        """What sends its messages, with its secrets. Raises ValueError."""


class _OnceSettings(NotifierSettings):
    """For those that say each thing once."""

    events: frozenset[EventKind] = frozenset(EventKind)
    wait_seconds: Annotated[float, Field(ge=0, le=3600)] = 30.0
    digest_hours: Annotated[int, Field(ge=1, le=168)] | None = None
    digest_at: time = time(8)
    group_by: str = "team"

    @property
    def choice(self) -> AlertSelector:
        """What it is for."""
        return AlertSelector(
            min_severity=self.min_severity,
            labels=self.labels,
            kinds=self.kinds,
            with_unknown=self.with_unknown,
            events=self.events,
        )

    @property
    def timing(self) -> Timing:
        """At once, or by digests."""
        return Timing(
            wait_seconds=self.wait_seconds,
            digest_hours=self.digest_hours,
            digest_at=self.digest_at,
            group_label=self.group_by,
        )


class _PostedSettings(NotifierSettings, WebSettings):
    """For those whose messages are HTTP requests."""

    def sender(self) -> WebSender:
        """What posts its messages."""
        return WebSender(self.receiver(), self.form.path)


class WebhookSettings(_OnceSettings, _PostedSettings):
    """JSON for programs."""

    type: Literal["webhook"]


class SlackSettings(_OnceSettings, _PostedSettings):
    """An incoming webhook of Slack's, or of a chat that takes the same."""

    type: Literal["slack"]


class AlertmanagerSettings(_PostedSettings):
    """An Alertmanager, which groups, repeats and mutes by itself."""

    type: Literal["alertmanager"]

    @property
    def timing(self) -> Timing:
        """At once."""
        return Timing(wait_seconds=0.0)


class EmailSettings(_OnceSettings):
    """E-mail by a submission server."""

    type: Literal["email"]
    host: str
    port: Port | None = None
    security: MailSecurity = MailSecurity.STARTTLS
    user: str | None = None
    password_variable: SecretVariable = None
    password_file: SecretFile = None
    ca_file: Path | None = None
    sender_address: Annotated[str, Field(validation_alias="from")]
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 30.0

    @model_validator(mode="after")
    def _can_be_used(self) -> EmailSettings:
        for text in (self.sender_address, *self.to):
            if not text.isprintable() or not _ADDRESS.fullmatch(parseaddr(text)[1]):
                raise ValueError(
                    f"{text!r} is no e-mail address: write one such as ops@example.com"
                )
        self.sender()
        return self

    def sender(self) -> MailSender:
        """What sends its messages."""
        password = read_secret("password", self.password_variable, self.password_file)
        if (self.user is None) != (password is None):
            raise ValueError("a user and a password go together: give both or neither")
        if password is not None and self.security is MailSecurity.NONE:
            raise ValueError("a password goes over TLS alone: set security to starttls or tls")
        return MailSender(
            Mailbox(
                host=self.host,
                port=self.port or _PORTS[self.security],
                security=self.security,
                sender=self.sender_address,
                recipients=self.to,
                trust=trusting(self.ca_file),
                login=None if self.user is None or password is None else (self.user, password),
                timeout_seconds=self.timeout_seconds,
            )
        )


def _check_names(notifiers: Mapping[str, NotifierSettings]) -> Mapping[str, NotifierSettings]:
    for name in notifiers:
        if not _NAME.fullmatch(name) or name in _TAKEN:
            raise ValueError(
                f"a notifier cannot be called {name!r}: use letters, digits, dots, dashes and "
                f"underscores, and neither {' nor '.join(_TAKEN)}"
            )
    return notifiers


_AnyNotifier: TypeAlias = Annotated[
    WebhookSettings | SlackSettings | EmailSettings | AlertmanagerSettings,
    Field(discriminator="type"),
]
Notifiers: TypeAlias = Annotated[Mapping[str, _AnyNotifier], AfterValidator(_check_names)]
