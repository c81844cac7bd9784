"""Hostile servers of protocols that upgrade to TLS, before the upgrade."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from itertools import chain, count
from typing import Final

from tests.hostile import der
from tests.hostile.mode import Mode, drip, endless, send_all, stream
from tests.probe.programmable.server import Behaviour, Connection

SMTP_GREETING: Final = b"220 hostile ESMTP\r\n"
XMPP_HEAD: Final = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)
MYSQL_CLIENT_SSL: Final = 0x0800


def _floods(greeting: bytes, pieces: Callable[[], Iterable[bytes]]) -> Behaviour:
    """Greets, and sends the pieces after the client's first bytes; at once without a greeting."""

    async def behave(connection: Connection) -> None:
        if greeting:
            await connection.send(greeting)
            await connection.receive()
        await send_all(connection, pieces())
        await connection.until_closed()

    return behave


def _answers(reply: Callable[[], Iterable[bytes]]) -> Behaviour:
    """The client speaks first: the pieces are the answer to its first bytes."""

    async def behave(connection: Connection) -> None:
        await connection.receive()
        await send_all(connection, reply())
        await connection.until_closed()

    return behave


def _one_byte_a_second(some: bytes) -> Behaviour:
    async def behave(connection: Connection) -> None:
        await drip(connection, some, seconds=1.0)

    return behave


async def _smtp_greets_forever(connection: Connection) -> None:
    """Every command gets a correct reply that lists nothing, and 200 more lines."""
    await connection.send(SMTP_GREETING)
    while await connection.receive():
        await connection.send(b"250-more\r\n" * 200 + b"250 done\r\n")


def _mysql_packet(length: int, content: bytes) -> bytes:
    return length.to_bytes(3, "little") + b"\0" + content


def _mysql_greeting() -> bytes:
    """Protocol 10 with an unterminated server version of 1 MB."""
    return _mysql_packet(0xFFFFFF, b"\x0a" + b"8" * 1_000_000)


def _mysql_row() -> Iterable[bytes]:
    """A correct greeting with CLIENT_SSL, then packets of 16 MB."""
    head = b"\x0a8.0\0" + bytes(4) + b"12345678\0" + struct.pack("<H", 0xFFFF)
    greeting = head + b"\x21\x02\x00\xff\xff\x15" + bytes(10) + b"123456789012\0"
    yield _mysql_packet(len(greeting), greeting)
    yield from endless(_mysql_packet(0xFFFFFF, bytes(65_536)))


def _deep_ldap() -> bytes:
    """An ExtendedResponse of 30,000 nested sequences (RFC 4511, section 4.12)."""
    inner = b""
    for _ in range(5_000):
        inner = der.sequence(inner)
    return der.sequence(der.integer(1), der.tlv(0x78, inner))


def _deep_indefinite() -> Iterable[bytes]:
    return chain([b"\x30\x80\x02\x01\x01\x78\x80"], endless(b"\x30\x80"))


def _prelogin() -> bytes:
    """10,000 options that all point to the same place (MS-TDS, 2.2.6.5)."""
    options = b"".join(struct.pack(">BHH", 1, 65_000, 65_535) for _ in range(10_000))
    content = options + b"\xff"
    return struct.pack(">BBHHBB", 4, 1, min(65_535, 8 + len(content)), 0, 1, 0) + content


def _tds_packets() -> Iterable[bytes]:
    one = struct.pack(">BBHHBB", 4, 0, 9, 0, 1, 0) + b"a"
    return endless(one)


def _row(name: str, protocol: str, attack: str, behaviour: Behaviour) -> Mode:
    return Mode(name=f"starttls-{name}", attack=attack, start=stream(behaviour), protocol=protocol)


MODES: Final = (
    _row(
        "xmpp-nested",
        "xmpp-client",
        "3,100 open elements <starttls> in the features.",
        _answers(
            lambda: [
                XMPP_HEAD + b"<stream:features>" + b"<starttls>" * 3_100,
                b"<starttls/></stream:features>",
            ]
        ),
    ),
    _row(
        "xmpp-open-tags",
        "xmpp-client",
        "200,000 times the beginning of a tag.",
        _answers(lambda: chain([XMPP_HEAD], [b"<starttls" * 200_000], endless(b"<a:features "))),
    ),
    _row(
        "xmpp-spaces",
        "xmpp-server",
        "A closing tag with spaces for ever.",
        _answers(lambda: chain([XMPP_HEAD + b"</stream:features"], endless(b" "))),
    ),
    _row(
        "xmpp-failures",
        "xmpp-client",
        "Features that repeat proceed and failure with long attributes.",
        _answers(lambda: chain([XMPP_HEAD], endless(b"<proceed " + b"a='b' " * 100))),
    ),
    _row(
        "smtp-endless-reply",
        "smtp",
        "A reply to EHLO of lines for ever.",
        _floods(SMTP_GREETING, lambda: endless(b"250-STARTTLX\r\n")),
    ),
    _row(
        "smtp-endless-greeting",
        "smtp",
        "A greeting of lines for ever.",
        _floods(b"", lambda: endless(b"220-hello\r\n")),
    ),
    _row(
        "smtp-endless-line",
        "submission",
        "A line that never ends.",
        _floods(SMTP_GREETING, lambda: chain([b"250-"], endless(b"a"))),
    ),
    _row(
        "smtp-never-done", "smtp", "Right replies that never list STARTTLS.", _smtp_greets_forever
    ),
    _row(
        "lmtp-codes",
        "lmtp",
        "Lines of other codes for ever.",
        _floods(SMTP_GREETING, lambda: (b"%d-x\r\n" % (200 + at % 300) for at in count())),
    ),
    _row(
        "imap-literal",
        "imap",
        "A literal of 2 GB in the capabilities.",
        _floods(
            b"* OK ready\r\n",
            lambda: chain([b"* CAPABILITY {2147483647}\r\n"], endless(b"a\r\n" * 10)),
        ),
    ),
    _row(
        "imap-untagged",
        "imap",
        "Untagged answers for ever.",
        _floods(b"* OK ready\r\n", lambda: endless(b"* CAPABILITY IMAP4rev1 AUTH=X\r\n")),
    ),
    _row(
        "pop3-slow",
        "pop3",
        "One byte a second.",
        _one_byte_a_second(b"+OK " + b"a" * 4_000),
    ),
    _row(
        "pop3-endless-list",
        "pop3",
        "A list of capabilities without its last dot.",
        _floods(b"+OK ready\r\n", lambda: chain([b"+OK\r\n"], endless(b"STLX\r\n..\r\n"))),
    ),
    _row(
        "sieve-literals",
        "sieve",
        "Literals inside literals in the capabilities.",
        _floods(b"", lambda: endless(b'"SASL" {4294967295+}\r\n"STARTTLS" {0}\r\n')),
    ),
    _row(
        "ftp-banner",
        "ftp",
        "A banner of lines for ever.",
        _floods(b"", lambda: endless(b"220-welcome\r\n 220 not yet\r\n")),
    ),
    _row(
        "nntp-list",
        "nntp",
        "A list of capabilities for ever.",
        _floods(b"200 ready\r\n", lambda: chain([b"101 list\r\n"], endless(b"READER\r\n"))),
    ),
    _row(
        "irc-notices",
        "irc",
        "Notices and pings for ever.",
        _floods(b"", lambda: endless(b"PING :1\r\n:a NOTICE * :look up\r\n")),
    ),
    _row(
        "ldap-deep",
        "ldap",
        "An answer of 5,000 sequences, each inside another.",
        _answers(lambda: [_deep_ldap()]),
    ),
    _row(
        "ldap-indefinite",
        "ldap",
        "Sequences of indefinite length, each inside another, for ever.",
        _answers(_deep_indefinite),
    ),
    _row(
        "ldap-giant-length",
        "ldap",
        "An answer that claims 4 GB.",
        _answers(lambda: chain([b"\x30\x84\xff\xff\xff\xff"], endless(b"\0"))),
    ),
    _row(
        "postgres-error",
        "postgres",
        "An error message that claims 2 GB.",
        _answers(lambda: chain([b"E\x7f\xff\xff\xffSFATAL\0"], endless(b"Maaaa\0"))),
    ),
    _row(
        "postgres-notices",
        "postgres",
        "Notices in place of an answer, for ever.",
        _answers(lambda: endless(b"N\0\0\0\x08Sx\0\0")),
    ),
    _row(
        "mysql-greeting",
        "mysql",
        "A greeting of 16 MB whose version has no end.",
        _floods(b"", lambda: chain([_mysql_greeting()], endless(b"8"))),
    ),
    _row(
        "mysql-packets",
        "mysql",
        "Packets of 16 MB after a right greeting.",
        _floods(b"", _mysql_row),
    ),
    _row(
        "mssql-options",
        "mssql",
        "10,000 options that point past the end.",
        _answers(lambda: [_prelogin()]),
    ),
    _row(
        "mssql-packets", "mssql", "Packets of one byte without a last one.", _answers(_tds_packets)
    ),
    _row(
        "rdp-packets",
        "rdp",
        "A confirmation of 65,535 bytes, and bytes for ever.",
        _answers(lambda: chain([b"\x03\0\xff\xff\x0e\xd0"], endless(b"\0"))),
    ),
    _row(
        "vnc-types",
        "vnc",
        "255 security types, and a reason of 4 GB.",
        _floods(
            b"RFB 003.008\n",
            lambda: chain([b"\xff" + bytes(255), b"\xff" * 8], endless(b"no ")),
        ),
    ),
    _row(
        "amqp-frames",
        "amqp",
        "Frames that claim 4 GB.",
        _answers(lambda: endless(b"AMQP\x02\x01\0\0" + b"\xff\xff\xff\xff\x02\0\0\0")),
    ),
    _row(
        "auto-banner",
        "auto",
        "A banner of many protocols at once, for ever, while the protocol is found out.",
        _floods(b"", lambda: endless(b"220 * OK +OK SSH-2.0-x RFB 003.008\n")),
    ),
    _row(
        "auto-slow",
        "auto",
        "One byte a second, while the protocol is found out.",
        _one_byte_a_second(SMTP_GREETING * 100),
    ),
)
