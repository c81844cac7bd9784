"""Sends e-mails by a submission server (RFC 6409): STARTTLS or TLS from the start, unless told otherwise."""

from __future__ import annotations

import email
import ssl
from dataclasses import dataclass, field
from email.policy import SMTP
from email.utils import make_msgid, parseaddr
from enum import StrEnum
from types import TracebackType

import aiosmtplib

from model.safe_output.printable import printable
from model.safe_output.secret_text import SecretMask, secrets_of_login
from service.delivery.attempts import DeliveryError

_LONGEST_REASON = 200


class MailSecurity(StrEnum):
    """How the way to the server is kept secret."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """From whom, to whom, and by which server; shows no password."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    recipients: tuple[str, ...]
    trust: ssl.SSLContext = field(repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)
    timeout_seconds: float = 30.0


class MailSender:
    """Sends messages that have a subject and a text; each by a connection of its own."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def __aenter__(self) -> MailSender:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Nothing is kept open."""

    async def send(self, body: bytes) -> None:
        """Send the message; raises DeliveryError where the server does not take it."""
        mailbox = self._mailbox
        message = email.message_from_bytes(body, policy=SMTP)
        message["From"] = mailbox.sender
        message["To"] = ", ".join(mailbox.recipients)
        _, address = parseaddr(mailbox.sender)
        message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
        user, password = mailbox.login or (None, None)
        mask = SecretMask(secrets_of_login(*mailbox.login) if mailbox.login else ())
        try:
            await aiosmtplib.send(
                message,
                hostname=mailbox.host,
                port=mailbox.port,
                username=user,
                password=password,
                timeout=mailbox.timeout_seconds,
                use_tls=mailbox.security is MailSecurity.TLS,
                start_tls=mailbox.security is MailSecurity.STARTTLS,
                tls_context=None if mailbox.security is MailSecurity.NONE else mailbox.trust,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = ", ".join(f"{one.code} {one.message}" for one in error.recipients)
            raise DeliveryError(_shown("no recipient is taken", mask.masked(refused))) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise DeliveryError(_shown(type(error).__name__, mask.masked(str(error)))) from error


def _shown(what: str, said: str) -> str:
    return printable(f"{what}: {said}" if said else what, limit=_LONGEST_REASON)
