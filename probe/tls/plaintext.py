"""What speaks where TLS was expected? Recognises a service by the first bytes it sent.

Greetings as their RFCs have them; where a protocol is known the endpoint is plaintext, and
otherwise it is merely no TLS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """A service's name and what its first bytes look like."""

    service: str
    pattern: re.Pattern[bytes]


def _greeting(service: str, pattern: bytes) -> Greeting:
    return Greeting(service=service, pattern=re.compile(pattern, re.DOTALL | re.IGNORECASE))


GREETINGS: Final = (
    _greeting("HTTP", rb"HTTP/\d|<(!doctype html|html)"),
    _greeting("SMTP", rb"(220|421|554)[ -][^\r\n]*(smtp|mail)"),
    _greeting("FTP", rb"(220|421)[ -][^\r\n]*ftp"),
    _greeting("SMTP or FTP", rb"(220|421)[ -]"),
    _greeting("POP3", rb"\+OK"),
    _greeting("IMAP", rb"\* (OK|PREAUTH|BYE)"),
    _greeting("NNTP", rb"20[01] "),
    _greeting("IRC", rb"(:[^ ]+ )?NOTICE "),
    _greeting("XMPP", rb"<(\?xml|stream:)"),
    _greeting("RTSP", rb"RTSP/\d"),
    _greeting("SIP", rb"SIP/\d"),
    _greeting("Redis", rb"-(ERR|NOAUTH|DENIED)"),
    _greeting("MySQL", rb"..\x00\x00[\x0a\xff]"),
    _greeting("PostgreSQL", rb"E\x00\x00..S(FATAL|ERROR)"),
)


def plaintext_service(received: bytes) -> str | None:
    """The name of the service that greets so, or None where none is known."""
    for greeting in GREETINGS:
        if greeting.pattern.match(received):
            return greeting.service
    return None


def is_ssh(received: bytes) -> bool:
    """Whether an SSH server greets so (RFC 4253, section 4.2): encrypted, but no TLS."""
    return received.startswith(b"SSH-")
