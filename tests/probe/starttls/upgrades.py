"""Dialogues as RFCs and manuals print them, or as real servers spoke them: protocol, turns, outcome.

An outcome of None means that TLS starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from probe.dialogue.answer import FailureKind
from tests.probe.starttls.play import Turns

_EHLO: Final = b"EHLO tlsprobe.invalid\r\n"
_LISTED: Final = b"250-mail.example\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
_XMPP_FEATURES: Final = (
    b"<?xml version='1.0'?><stream:stream from='x.example' id='1' version='1.0'>"
    b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
    b"</stream:features>"
)
_MYSQL_GREETING: Final = bytes.fromhex(
    "4a0000000a382e302e333600 08000000 3b4f7a1c2d3e4f50 00 ffff ff 0200 ffdf 15"
    "00000000000000000000 6162636465666768696a6b6c 00"
    "63616368696e675f736861325f70617373776f726400"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """One dialogue and its outcome; ``detail`` is part of the reason."""

    protocol: str
    turns: Turns
    failure_kind: FailureKind | None = None
    detail: str = ""


def _upgrade(
    protocol: str,
    *turns: tuple[bytes | None, bytes],
    then: FailureKind | None = None,
    why: str = "",
) -> Upgrade:
    return Upgrade(protocol=protocol, turns=turns, failure_kind=then, detail=why)


UPGRADES: Final = (
    _upgrade(
        "smtp",
        (b"", b"220-mail.example ESMTP\r\n220-no spam\r\n220 please\r\n"),
        (_EHLO, _LISTED),
        (b"STARTTLS\r\n", b"220 2.0.0 Ready to start TLS\r\n"),
    ),
    _upgrade(
        "smtp",
        (b"", b"220 mail.example ESMTP\r\n"),
        (_EHLO, b"550 5.7.1 no such name\r\n"),
        (b"EHLO [127.0.0.1]\r\n", _LISTED),
        (b"STARTTLS\r\n", b"220 go ahead\r\n"),
    ),
    _upgrade(
        "smtp",
        (b"", b"220 mail.example ESMTP\r\n"),
        (_EHLO, b"250-mail.example\r\n250 8BITMIME\r\n"),
        then=FailureKind.NOT_OFFERED,
        why="SMTP does not list STARTTLS",
    ),
    _upgrade(
        "smtp",
        (b"", b"220 mail.example ESMTP\r\n"),
        (_EHLO, b"250-mail.example\r\n250-XXXXXXXA\r\n250 8BITMIME\r\n"),
        then=FailureKind.NOT_OFFERED,
        why="a device on the path masks it",
    ),
    _upgrade(
        "smtp",
        (b"", b"220 mail.example ESMTP\r\n"),
        (_EHLO, _LISTED),
        (b"STARTTLS\r\n", b"454 4.7.0 TLS not available due to local problem\r\n"),
        then=FailureKind.DECLINED,
        why="454 4.7.0 TLS not available",
    ),
    _upgrade(
        "smtp",
        (b"", b"421 4.7.0 mail.example too many connections from 192.0.2.1\r\n"),
        then=FailureKind.TURNED_AWAY,
        why="too many connections",
    ),
    _upgrade(
        "smtp",
        (b"", b"220 mail.example ESMTP\r\n"),
        (_EHLO, b"450 4.7.1 greylisted, come back later\r\n"),
        (b"EHLO [127.0.0.1]\r\n", b"450 4.7.1 greylisted, come back later\r\n"),
        then=FailureKind.TURNED_AWAY,
        why="greylisted",
    ),
    # Postfix with reject_unknown_helo_hostname, before HELO is delayed (smtpd_delay_reject = no).
    _upgrade(
        "smtp",
        (b"", b"220 mail.example ESMTP Postfix\r\n"),
        (_EHLO, b"450 4.7.1 <tlsprobe.invalid>: Helo command rejected: Host not found\r\n"),
        (b"EHLO [127.0.0.1]\r\n", _LISTED),
        (b"STARTTLS\r\n", b"220 go ahead\r\n"),
    ),
    _upgrade(
        "smtp",
        (b"", b"220 mail.example\r\n"),
        (_EHLO, b"421 4.3.2 shutting down\r\n"),
        then=FailureKind.TURNED_AWAY,
        why="shutting down",
    ),
    # A server without extensions (RFC 5321, section 3.2, which lets a client fall back to HELO).
    *(
        _upgrade(
            "smtp",
            (b"", b"220 mail.example\r\n"),
            (_EHLO, refusal),
            (b"EHLO [127.0.0.1]\r\n", refusal),
            (b"HELO tlsprobe.invalid\r\n", b"250 mail.example\r\n"),
            then=FailureKind.NOT_OFFERED,
            why="it does not know EHLO",
        )
        for refusal in (b"500 unknown command\r\n", b"502 not implemented\r\n")
    ),
    _upgrade(
        "smtp",
        (b"", b"220 mail.example\r\n"),
        (_EHLO, b"250\r\n"),
        then=FailureKind.NOT_OFFERED,
        why="SMTP does not list STARTTLS",
    ),
    _upgrade(
        "smtp",
        (b"", b"554 5.7.1 no service for you\r\n"),
        then=FailureKind.TURNED_AWAY,
        why="no service",
    ),
    _upgrade(
        "smtp",
        (b"", b"* OK IMAP4rev1 ready\r\n"),
        then=FailureKind.OTHER_PROTOCOL,
        why="the server speaks IMAP, not SMTP; use the protocol imap",
    ),
    _upgrade(
        "smtp",
        (b"", b"SSH-2.0-OpenSSH_9.2p1\r\n"),
        then=FailureKind.OTHER_PROTOCOL,
        why="the server speaks SSH, not SMTP",
    ),
    _upgrade(
        "smtp",
        (b"", _MYSQL_GREETING),
        then=FailureKind.OTHER_PROTOCOL,
        why="the server speaks MySQL, not SMTP; use the protocol mysql",
    ),
    _upgrade(
        "smtp", (b"", b""), then=FailureKind.HUNG_UP, why="instead of sending the SMTP greeting"
    ),
    _upgrade(
        "lmtp",
        (b"", b"220 mail.example LMTP\r\n"),
        (b"LHLO tlsprobe.invalid\r\n", _LISTED),
        (b"STARTTLS\r\n", b"220 go\r\n"),
    ),
    _upgrade(
        "lmtp",
        (b"", b"220 mail.example LMTP\r\n"),
        (b"LHLO tlsprobe.invalid\r\n", b"250-mail.example\r\n250 8BITMIME\r\n"),
        then=FailureKind.NOT_OFFERED,
        why="LMTP does not list STARTTLS",
    ),
    _upgrade(
        "imap",
        (b"", b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"),
        (b"a1 CAPABILITY\r\n", b"* CAPABILITY IMAP4rev1 StartTLS\r\na1 OK done\r\n"),
        (b"a2 STARTTLS\r\n", b"a2 OK begin\r\n"),
    ),
    # RFC 9051, section 7.1: the list may come in a response code. Section 4.3: literals.
    _upgrade(
        "imap",
        (b"", b"* ok ready\r\n"),
        (b"a1 CAPABILITY\r\n", b"A1 ok [CAPABILITY IMAP4rev2 STARTTLS] done\r\n"),
        (b"a2 STARTTLS\r\n", b"* OK {12}\r\na2 OK begin\r\n still\r\na2 OK begin\r\n"),
    ),
    _upgrade(
        "imap",
        (b"", b"* OK ready\r\n"),
        (
            b"a1 CAPABILITY\r\n",
            (
                b"* OK {33}\r\nx\r\n* CAPABILITY STARTTLS\r\na1 OK\r\n\r\n"
                b"* CAPABILITY IMAP4rev1\r\na1 OK done\r\n"
            ),
        ),
        then=FailureKind.NOT_OFFERED,
        why="IMAP does not list STARTTLS",
    ),
    _upgrade(
        "imap",
        (b"", b"* PREAUTH logged in as root\r\n"),
        then=FailureKind.NOT_OFFERED,
        why="PREAUTH",
    ),
    _upgrade(
        "imap",
        (b"", b"* BYE too many connections\r\n"),
        then=FailureKind.TURNED_AWAY,
        why="too many",
    ),
    _upgrade(
        "imap",
        (b"", b"* OK ready\r\n"),
        (None, b"* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n"),
        (None, b"a2 BAD no certificate\r\n"),
        then=FailureKind.DECLINED,
        why="no certificate",
    ),
    _upgrade(
        "pop3",
        (b"", b"+OK ready\r\n"),
        (b"CAPA\r\n", b"+OK\r\nUSER\r\nSTLS\r\n.\r\n"),
        (b"STLS\r\n", b"+OK begin\r\n"),
    ),
    _upgrade(
        "pop3",
        (b"", b"+OK ready\r\n"),
        (b"CAPA\r\n", b"-ERR what?\r\n"),
        (b"STLS\r\n", b"-ERR what?\r\n"),
        then=FailureKind.NOT_OFFERED,
        why="no list of capabilities",
    ),
    _upgrade("pop3", (b"", b"-ERR [SYS/TEMP] later\r\n"), then=FailureKind.TURNED_AWAY),
    _upgrade(
        "sieve",
        (b"", b'"IMPLEMENTATION" "x"\r\n"SASL" "PLAIN"\r\n"STARTTLS"\r\nOK "ready"\r\n'),
        (b"STARTTLS\r\n", b"OK begin\r\n"),
    ),
    # RFC 5804, section 4: a string is quoted or a literal.
    _upgrade(
        "sieve",
        (
            b"",
            (
                b'{14}\r\nIMPLEMENTATION "x"\r\n{8}\r\nSTARTTLS\r\n"SASL" {5}\r\nPLAIN\r\n'
                b"OK {9}\r\nNO\r\nready\r\n"
            ),
        ),
        (b"STARTTLS\r\n", b"OK (WARNINGS) {5}\r\nbegin\r\n"),
    ),
    _upgrade("sieve", (b"", b'BYE "busy"\r\n'), then=FailureKind.TURNED_AWAY, why="busy"),
    _upgrade(
        "ftp",
        (b"", b"220-welcome\r\n220 (vsFTPd 3.0.3)\r\n"),
        (b"AUTH TLS\r\n", b"234 Proceed with negotiation.\r\n"),
    ),
    # RFC 959, section 4.2: lines between the first and the last may begin with another code.
    _upgrade(
        "ftp",
        (b"", b"220-welcome\r\n421 is not the end\r\n220\r\n"),
        (b"AUTH TLS\r\n", b"234-AUTH\r\n500 users\r\n  234 no\r\n234 Proceed\r\n"),
    ),
    _upgrade("ftp", (b"", b"120 wait\r\n220 ready\r\n"), (b"AUTH TLS\r\n", b"334 ADAT\r\n")),
    _upgrade(
        "ftp",
        (b"", b"220 ftp ready\r\n"),
        (b"AUTH TLS\r\n", b"500 what?\r\n"),
        then=FailureKind.NOT_OFFERED,
        why="500 what?",
    ),
    _upgrade(
        "ftp",
        (b"", b"220 ftp ready\r\n"),
        (None, b"431 Necessary security is unavailable\r\n"),
        then=FailureKind.DECLINED,
        why="431",
    ),
    _upgrade(
        "ftp",
        (b"", b"220 mail.example ESMTP\r\n"),
        then=FailureKind.OTHER_PROTOCOL,
        why="the server speaks SMTP, not FTP; use the protocol smtp",
    ),
    _upgrade(
        "ldap",
        (
            bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037",
            bytes.fromhex("300c02010178070a010004000400"),
        ),
    ),
    _upgrade(
        "ldap",
        (None, bytes.fromhex("300c02010178070a010204000400")),
        then=FailureKind.NOT_OFFERED,
        why="protocolError",
    ),
    _upgrade(
        "ldap",
        (None, bytes.fromhex("300c02010178070a013404000400")),
        then=FailureKind.DECLINED,
        why="unavailable",
    ),
    _upgrade(
        "xmpp-client",
        (None, _XMPP_FEATURES),
        (b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", b"<proceed xmlns='urn:x'/>"),
    ),
    _upgrade(
        "xmpp-client",
        (None, _XMPP_FEATURES),
        (None, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>"),
    ),
    _upgrade(
        "xmpp-client",
        (
            None,
            b"<stream:stream><stream:features xmlns:stream='http://etherx.jabber.org/streams'/>",
        ),
        then=FailureKind.NOT_OFFERED,
        why="XMPP does not list starttls",
    ),
    _upgrade("xmpp-server", (None, _XMPP_FEATURES), (None, b"<tls:proceed xmlns:tls='urn:x'/>")),
    _upgrade(
        "xmpp-server",
        (None, b"<stream:stream><stream:features><bidi/></stream:features>"),
        then=FailureKind.NOT_OFFERED,
        why="XMPP does not list starttls",
    ),
    _upgrade(
        "xmpp-client",
        (None, b"<stream:stream><stream:error><host-unknown xmlns='x'/></stream:error>"),
        then=FailureKind.DECLINED,
        why="host-unknown",
    ),
    _upgrade(
        "nntp",
        (b"", b"200 news.example\r\n"),
        (b"CAPABILITIES\r\n", b"101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n"),
        (b"STARTTLS\r\n", b"382 go\r\n"),
    ),
    _upgrade(
        "nntp",
        (b"", b"400 load at 18.41, try later\r\n"),
        then=FailureKind.TURNED_AWAY,
        why="load at 18.41",
    ),
    _upgrade(
        "irc",
        (b"CAP LS 302\r\n", b":irc NOTICE * :*** Looking up\r\nPING :1\r\n"),
        (b"PONG :1\r\n", b":irc CAP * LS * :away-notify\r\n:irc CAP * LS :tls sasl\r\n"),
        (b"STARTTLS\r\n", b":irc 670 * :STARTTLS successful\r\n"),
    ),
    _upgrade(
        "irc",
        (None, b"ERROR :Closing link: throttled\r\n"),
        then=FailureKind.TURNED_AWAY,
        why="throttled",
    ),
    _upgrade("postgres", (bytes.fromhex("0000000804d2162f"), b"S")),
    _upgrade(
        "postgres", (None, b"N"), then=FailureKind.NOT_OFFERED, why="answers SSLRequest with N"
    ),
    _upgrade(
        "postgres",
        (None, b"E\x00\x00\x00\x2cSFATAL\0C53300\0Msorry, too many clients\0\0"),
        then=FailureKind.TURNED_AWAY,
        why="too many clients",
    ),
    _upgrade(
        "postgres",
        (None, b"HTTP/1.1 400 Bad Request\r\n"),
        then=FailureKind.OTHER_PROTOCOL,
    ),
    _upgrade("mysql", (b"", _MYSQL_GREETING)),
    _upgrade(
        "mysql",
        (b"", _MYSQL_GREETING.replace(b"\xff\xff\xff\x02", b"\xff\xf7\xff\x02", 1)),
        (None, b""),
        then=FailureKind.NOT_OFFERED,
        why="no CLIENT_SSL",
    ),
    _upgrade(
        "mysql",
        (b"", b"\x17\x00\x00\x00\xff\x10\x04Too many connections"),
        then=FailureKind.TURNED_AWAY,
        why="Too many connections",
    ),
    _upgrade(
        "mysql",
        (b"", b"\x12\x00\x00\x00\xff\x69\x04Host is blocked"),
        then=FailureKind.BLOCKED,
        why="(Host is blocked); its operator clears this by FLUSH HOSTS",
    ),
    _upgrade(
        "mssql",
        (
            bytes.fromhex("1201001a00000000 00000b0006 0100110001 ff 000000000000 01"),
            bytes.fromhex("0401001a00000100 00000b0006 0100110001 ff 0c0007d00000 01"),
        ),
    ),
    _upgrade(
        "mssql",
        (None, bytes.fromhex("0401001a00000100 00000b0006 0100110001 ff 0c0007d00000 02")),
        then=FailureKind.NOT_OFFERED,
        why="ENCRYPT_NOT_SUP",
    ),
    _upgrade(
        "rdp",
        (
            bytes.fromhex("030000130ee000000000000100080003000000"),
            bytes.fromhex("030000130ed000001234000200080001000000"),
        ),
    ),
    _upgrade(
        "rdp",
        (None, bytes.fromhex("030000130ed000001234000300080002000000")),
        then=FailureKind.NOT_OFFERED,
        why="SSL_NOT_ALLOWED_BY_SERVER",
    ),
    _upgrade(
        "rdp",
        (None, bytes.fromhex("0300000b06d00000123400")),
        then=FailureKind.NOT_OFFERED,
        why="its own encryption",
    ),
    _upgrade(
        "vnc",
        (b"", b"RFB 003.008\n"),
        (b"RFB 003.008\n", b"\x02\x01\x13"),
        (b"\x13", b"\x00\x02"),
        (b"\x00\x02", bytes.fromhex("000200000101 00000104".replace(" ", ""))),
        (bytes.fromhex("00000104"), b"\x01"),
    ),
    _upgrade(
        "vnc",
        (b"", b"RFB 003.008\n"),
        (None, b"\x00\x00\x00\x00\x0fToo many fails!"),
        then=FailureKind.TURNED_AWAY,
        why="Too many fails!",
    ),
    _upgrade("amqp", (b"AMQP\x02\x01\x00\x00", b"AMQP\x02\x01\x00\x00")),
    _upgrade(
        "amqp",
        (None, b"AMQP\x00\x00\x09\x01"),
        then=FailureKind.NOT_OFFERED,
        why="AMQP asks for the protocol 0 0 9 1",
    ),
    _upgrade(
        "amqp",
        (None, bytes.fromhex("15030300020246")),
        then=FailureKind.OTHER_PROTOCOL,
        why="the server may speak TLS from the first byte",
    ),
)
