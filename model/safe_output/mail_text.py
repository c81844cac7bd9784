"""An e-mail (RFC 5322) in which no text can start a header, or a line of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from model.safe_output.printable import printable

LONGEST_HEADER: Final = 150


def mail_text(headers: Mapping[str, str], lines: Iterable[str]) -> bytes:
    """The message with these headers and ``lines`` as its plain text."""
    message = EmailMessage(policy=SMTP)
    for name, value in headers.items():
        message[name] = printable(value, limit=LONGEST_HEADER)
    message.set_content("\n".join(map(printable, lines)) + "\n")
    return message.as_bytes()
