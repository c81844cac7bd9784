"""Sends e-mails through a submission server (RFC 6409), with STARTTLS or with TLS from the start."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import field
from email.policy import SMTP
from email.utils import make_msgid, parseaddr
from enum import StrEnum
from functools import partial

import aiosmtplib

from model.frozen import frozen
from model.safe_output.printable import printable
from model.safe_output.secret_text import SecretMask, secrets_of_login
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.opening import DeniedError, connected_socket
from service.integrations.attempts import DeliveryError
from service.integrations.notifier import Send
from service.setting_types.secret_places import Rotating

_LONGEST_REASON = 200


class MailSecurity(StrEnum):
    """How the connection to the server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@frozen
class Mailbox:
    """Sender, recipients and server; its representation hides the password."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    recipients: tuple[str, ...]
    trust: ssl.SSLContext = field(repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)
    timeout_seconds: float = 30.0


@asynccontextmanager
async def open_mailbox(mailbox: Rotating[Mailbox], gate: SocketGate) -> AsyncIterator[Send]:
    """Sends each message over a new connection, which the ``gate`` must allow; no connection stays open."""
    yield partial(_send, mailbox, gate)


async def _send(rotating: Rotating[Mailbox], gate: SocketGate, body: bytes) -> None:
    """Send a message that has a subject and a text; raises DeliveryError if the server refuses it."""
    mailbox = await asyncio.to_thread(rotating.current)
    user, password = mailbox.login or (None, None)
    mask = SecretMask(secrets_of_login(*mailbox.login) if mailbox.login else ())
    try:
        async with asyncio.timeout(mailbox.timeout_seconds):
            connected = await connected_socket(gate, (mailbox.host, mailbox.port), Purpose.RECEIVER)
        await aiosmtplib.send(
            _addressed(body, mailbox),
            hostname=mailbox.host,
            sock=connected,
            username=user,
            password=password,
            timeout=mailbox.timeout_seconds,
            use_tls=mailbox.security is MailSecurity.TLS,
            start_tls=mailbox.security is MailSecurity.STARTTLS,
            tls_context=None if mailbox.security is MailSecurity.NONE else mailbox.trust,
        )
    except DeniedError as error:
        raise DeliveryError(_reason("the server must not be contacted", str(error))) from error
    except aiosmtplib.SMTPRecipientsRefused as error:
        refused = ", ".join(f"{one.code} {one.message}" for one in error.recipients)
        raise DeliveryError(_reason("all recipients are refused", mask.masked(refused))) from error
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise DeliveryError(_reason(type(error).__name__, mask.masked(str(error)))) from error


def _addressed(body: bytes, mailbox: Mailbox) -> email.message.Message:
    message = email.message_from_bytes(body, policy=SMTP)
    message["From"] = mailbox.sender
    message["To"] = ", ".join(mailbox.recipients)
    _, address = parseaddr(mailbox.sender)
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    return message


def _reason(what: str, details: str) -> str:
    return printable(f"{what}: {details}" if details else what, limit=_LONGEST_REASON)
