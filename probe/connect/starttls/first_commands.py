"""The first command inside TLS in each protocol that has one which needs no login and changes nothing.

The commands are also sent after TLS from the first byte, where some servers greet before any command. MySQL,
SQL Server, RDP and VNC have no such command, and PostgreSQL and Kafka log each unknown user or client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from probe.dialogue.before_tls.first_command import FirstCommand, first_command

_ANONYMOUS_BIND: Final = bytes.fromhex("300c020156600702010304008000")

FIRST_COMMANDS: Final[Mapping[str, FirstCommand]] = {
    "SMTP": first_command(b"EHLO tlsprobe\r\n", rb"2[25]0[ -]", may_verify_later=True),
    "LMTP": first_command(b"LHLO tlsprobe\r\n", rb"2[25]0[ -]", may_verify_later=True),
    "IMAP": first_command(
        b"a1 CAPABILITY\r\n", rb"\* (CAPABILITY|OK|PREAUTH)\b|a1 OK\b", may_verify_later=True
    ),
    "POP3": first_command(b"CAPA\r\n", rb"\+OK\b", may_verify_later=True),
    "ManageSieve": first_command(b"CAPABILITY\r\n", rb'"|OK\b', may_verify_later=True),
    "NNTP": first_command(b"CAPABILITIES\r\n", rb"(101|20[01]|500)[ -]", may_verify_later=True),
    "FTP": first_command(b"FEAT\r\n", rb"(2[12][01]|50[02])[ -]"),
    "LDAP": first_command(_ANONYMOUS_BIND, rb".{2,6}\x02\x01\x56\x61"),
    "IRC": first_command(
        b"CAP LS 302\r\n", rb"(:[^ ]+ )?(CAP|NOTICE|PING)\b", may_verify_later=True
    ),
    "AMQP": first_command(b"AMQP\x00\x00\x09\x01", rb"\x01\x00\x00|AMQP"),
}
"""By the name of the service in ``model.application_protocol``.

A server of FTP or NNTP that does not know the command (500, 502) serves the client too.

Dovecot (``auth_ssl_require_client_cert``), Postfix (``permit_tls_clientcerts``) and INN look at the certificate
after the session has begun, and IRC servers at its fingerprint.
"""
