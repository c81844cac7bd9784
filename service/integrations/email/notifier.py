"""The e-mail notifier, and its settings."""

from __future__ import annotations

import re
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, model_validator

from service.integrations.email.message import render_email
from service.integrations.email.smtp import Mailbox, MailSecurity, open_mailbox
from service.integrations.notifier import EventSettings, Notifier
from service.integrations.web.settings import trust_context
from service.setting_types.secret_marks import SecretFile, SecretVariable
from service.setting_types.secret_places import Rotating
from service.setting_types.secrets import read_login
from service.setting_types.values import Port

_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")
_PORTS: Final = {MailSecurity.STARTTLS: 587, MailSecurity.TLS: 465, MailSecurity.NONE: 25}


class EmailSettings(EventSettings):
    """E-mail through a submission server."""

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
                    f"{text!r} is not a valid e-mail address: use one such as ops@example.com"
                )
        self.mailbox()
        return self

    def rotating(self) -> Rotating[Mailbox]:
        """The mailbox by the present password, which may change while the service runs."""
        return Rotating("e-mail", self.mailbox, (self.password_file,))

    def mailbox(self) -> Mailbox:
        """Sender, recipients and server, with the password.

        Raises:
            ValueError: if the password cannot be read, or if user, password and security do not fit together.
        """
        login = read_login(self.user, self.password_variable, self.password_file)
        if login is not None and self.security is MailSecurity.NONE:
            raise ValueError("a password is sent only over TLS: set security to starttls or tls")
        return Mailbox(
            host=self.host,
            port=self.port or _PORTS[self.security],
            security=self.security,
            sender=self.sender_address,
            recipients=self.to,
            trust=trust_context(self.ca_file),
            login=login,
            timeout_seconds=self.timeout_seconds,
        )


EMAIL: Final = Notifier(
    name="email",
    settings=EmailSettings,
    render=render_email,
    connect=lambda settings, gate: open_mailbox(settings.rotating(), gate),
)
