"""Recognises the service that answers instead of TLS by the first bytes that it sent.

The greetings are as in their RFCs. If the protocol is known, the endpoint is plaintext; otherwise it is only
known not to speak TLS.
"""

from __future__ import annotations

import re
from typing import Final

from model.frozen import frozen


@frozen
class Greeting:
    """A service's name and the pattern of its first bytes.

    ``protocol`` is its name in targets, if it can be upgraded to TLS.
    """

    service: str
    pattern: re.Pattern[bytes]
    protocol: str | None


def _greeting(service: str, pattern: bytes, protocol: str | None = None) -> Greeting:
    compiled = re.compile(pattern, re.DOTALL | re.IGNORECASE)
    return Greeting(service=service, pattern=compiled, protocol=protocol)


_HTML_TAGS: Final = (
    rb"!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--"
)
_HTML: Final = rb"(\xef\xbb\xbf)?[\t\n\x0c\r ]*<(" + _HTML_TAGS + rb")[ >]"
"""The signatures of text/html in the MIME Sniffing standard, section 7.1."""

GREETINGS: Final = (
    _greeting("HTTP", rb"HTTP/\d|" + _HTML),
    _greeting("LMTP", rb"220[ -][^\r\n]*lmtp", "lmtp"),
    _greeting("SMTP", rb"(220|421|554)[ -][^\r\n]*(smtp|mail)", "smtp"),
    _greeting("FTP", rb"(220|421)[ -][^\r\n]*ftp", "ftp"),
    _greeting("SMTP or FTP", rb"(220|421)[ -]"),
    _greeting("POP3", rb"\+OK", "pop3"),
    _greeting("IMAP", rb"\* (OK|PREAUTH|BYE)", "imap"),
    _greeting("ManageSieve", rb'"IMPLEMENTATION"', "sieve"),
    _greeting("NNTP", rb"(20[01]|400) ", "nntp"),
    _greeting("IRC", rb"(:[^ ]+ )?NOTICE |ERROR :", "irc"),
    _greeting("XMPP", rb"<(\?xml|stream:)", "xmpp-client"),
    _greeting("VNC", rb"RFB \d{3}\.\d{3}\n", "vnc"),
    _greeting("RTSP", rb"RTSP/\d"),
    _greeting("SIP", rb"SIP/\d"),
    _greeting("rsync", rb"@RSYNCD:"),
    _greeting("AMQP", rb"AMQP[\x00-\x03]", "amqp"),
    _greeting("Memcached", rb"ERROR\r\n"),
    _greeting("telnet", rb"\xff[\xfb-\xfe]"),
    _greeting("Redis", rb"-(ERR|NOAUTH|DENIED)"),
    _greeting("MySQL", rb"..[\x00\x01]\x00[\x0a\xff]", "mysql"),
    _greeting("PostgreSQL", rb"E\x00\x00..S(FATAL|ERROR)", "postgres"),
)

_HTML_PAGE: Final = re.compile(_HTML, re.IGNORECASE)
_TLS_RECORD: Final = re.compile(rb"[\x14-\x18]\x03[\x00-\x04]")


def greeting_of(received: bytes) -> Greeting | None:
    """The service with this greeting; None if it is unknown."""
    return next((one for one in GREETINGS if one.pattern.match(received)), None)


def plaintext_service(received: bytes) -> str | None:
    """The name of the service with this greeting; None if it is unknown."""
    greeting = greeting_of(received)
    return greeting.service if greeting is not None else None


def is_html(received: bytes) -> bool:
    """Whether an HTML page begins with these bytes: an HTTP answer without a head, which browsers show."""
    return _HTML_PAGE.match(received) is not None


def is_tls_record(received: bytes) -> bool:
    """Whether these bytes begin like a TLS record, such as an alert (RFC 8446, section 5.1)."""
    return _TLS_RECORD.match(received) is not None


def is_ssh(received: bytes) -> bool:
    """Whether this is the greeting of an SSH server (RFC 4253, section 4.2): encrypted, but not TLS."""
    return received.startswith(b"SSH-")
