"""For each script of the catalogue, endless input that a server may send: one row per script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from probe.connect.starttls.application import Application
from probe.connect.starttls.catalogue import APPLICATIONS
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import Ending
from probe.dialogue.before_tls.scripted import Scripted
from tests.probe.growth.measuring import Row, Run

PEER: Final = Peer(name="x.example")


@dataclass(frozen=True, slots=True)
class Flood:
    """First ``before``, one piece per turn; then a head, a repeated unit, and a tail."""

    before: tuple[bytes, ...]
    unit: bytes
    head: bytes = b""
    tail: bytes = b""

    def content(self, length: int) -> bytes:
        """``length`` bytes of it, or a few more."""
        return self.head + self.unit * (length // len(self.unit)) + self.tail


_SMTP = (b"220 mail.example ESMTP\r\n",)
_MAIL = (
    Flood(_SMTP, b"250-x\r\n", tail=b"250 STARTTLS\r\n"),
    Flood(_SMTP, b" ", head=b"250-AUTH"),
    Flood((), b"\r\n", head=b"220-"),
)
_XMPP = (
    Flood((), b"<starttls>", head=b"<stream:features>", tail=b"<starttls/></stream:features>"),
    Flood((), b"<a/>", head=b"<s:stream xmlns:s='x'><s:features>", tail=b"</s:features>"),
    Flood((), b"<", tail=b"></features>"),
    Flood((), b"<mechanism>X</mechanism>", head=b"<features>", tail=b"</features>"),
    Flood((), b" ", head=b"<features ", tail=b"></features>"),
    Flood((), b" "),
)
_ENTRY = bytes.fromhex("30070201026402 0400".replace(" ", ""))
_LDAP_DONE = bytes.fromhex("300c02010165070a010004000400")
_VNC = (b"RFB 003.008\n",)
_AMQP = (Flood((), b"\0", head=b"\x01\x00\x00\x00\x00\xff\xff"), Flood((), b"A"))
_OPENVPN = (
    Flood((), b"\x28", head=b"\x3f\xff\x28"),
    Flood((), b"\x00\x0a\x28" + bytes(9)),
    Flood((), b"H"),
)
_LINES = (Flood((), b"x"), Flood((), b"\0 "))

FLOODS: Final[dict[str, tuple[Flood, ...]]] = {
    "smtp": _MAIL,
    "submission": _MAIL,
    "lmtp": _MAIL,
    "imap": (
        Flood((b"* OK ready\r\n",), b"* CAPABILITY AUTH=X\r\n", tail=b"a1 OK done\r\n"),
        Flood((b"* OK ready\r\n",), b"AUTH=X ", head=b"* CAPABILITY ", tail=b"\r\na1 OK\r\n"),
        Flood((b"* OK ready\r\n",), b"*"),
    ),
    "pop3": (
        Flood((b"+OK ready\r\n",), b"SASL X\r\n", head=b"+OK\r\n", tail=b".\r\n"),
        Flood((b"+OK ready\r\n",), b".\r", head=b"+OK"),
    ),
    "sieve": (
        Flood((), b'"SASL" "PLAIN"\r\n', tail=b"OK\r\n"),
        Flood((), b'"', head=b'"'),
    ),
    "ftp": (
        Flood((), b"220-x\r\n", tail=b"220 x\r\n"),
        Flood((b"220 x\r\n",), b"211-AUTH \r\n", tail=b"211 x\r\n"),
        Flood((b"220 x\r\n",), b"AUTH ", head=b"211-"),
    ),
    "ldap": (Flood((), _ENTRY, tail=_LDAP_DONE), Flood((), b"\x04\x01", head=b"\x30\x82\xff\xff")),
    "xmpp-client": _XMPP,
    "xmpp-server": _XMPP,
    "nntp": (
        Flood((b"200 ready\r\n",), b"SASL X\r\n", head=b"101 list\r\n", tail=b".\r\n"),
        Flood((b"200 ready\r\n",), b"\n", head=b"101"),
    ),
    "irc": (
        Flood((), b":x NOTICE * :x\r\n"),
        Flood((), b"PING x\r\n"),
        Flood((), b":x CAP * LS * :tls\r\n", tail=b":x CAP * LS :tls\r\n"),
        Flood((), b"x", head=b":"),
    ),
    "postgres": (Flood((), b"C53", head=b"E\x00\x00\x7f\xff"),),
    "mysql": (Flood((), b"\x0a", head=b"\xff\xff\x00\x00"),),
    "mssql": (Flood((), b"\x02\x00\x00\x00\x01", head=b"\x04\x01\xff\xff\x00\x00\x00\x00"),),
    "rdp": (Flood((), b"\xd0", head=b"\x03\x00\xff\xff"),),
    "vnc": (Flood(_VNC, b"\x00", head=b"\x00\x00\x00\xff\xff"), Flood(_VNC, b"\x13", head=b"\xff")),
    "amqp": _AMQP,
    "openvpn": _OPENVPN,
    "openvpn-udp": _OPENVPN,
    "amqps": _AMQP,
    "telnet": _LINES,
    "rlogin": _LINES,
    "mqtt": _LINES,
    "mqtts": _LINES,
    "redis": _LINES,
    "mongodb": _LINES,
    "kafka": _LINES,
    "cassandra": _LINES,
    "elasticsearch": (*_LINES, Flood((), b"0", head=b"HTTP/1.1 200")),
    "memcached": _LINES,
    "sips": _LINES,
}
"""By the name of the application protocol."""


def scripted_names() -> set[str]:
    """The protocols of the catalogue that have a script of any kind."""
    return {one.name for one in APPLICATIONS.values() if one.upgrade or one.in_plaintext}


def script_rows() -> Iterator[Row]:
    """Every flood against each script of its protocol, in one piece and in single bytes."""
    for name, floods in FLOODS.items():
        for kind, makes in _scripts(APPLICATIONS[name]):
            for number, flood in enumerate(floods):
                for size in (2**16, 1):
                    how = "in bytes" if size == 1 else "whole"
                    prepare = partial(_prepared, makes, flood, size)
                    yield Row(name, f"{kind} flood {number} {how}", prepare)


def _scripts(application: Application) -> Iterator[tuple[str, Callable[[], Scripted[Any]]]]:
    upgrades, looks = application.upgrades(PEER), application.looks_in_plaintext(PEER)
    if upgrades is not None:
        yield "upgrade", upgrades
    if looks is not None:
        yield "plaintext", looks


def _prepared(makes: Callable[[], Scripted[Any]], flood: Flood, size: int, length: int) -> Run:
    content = flood.content(length)
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return partial(_play, makes(), [*flood.before, *pieces])


def _play(script: Scripted[Any], pieces: Sequence[bytes]) -> object:
    script.begin(lambda _: None)
    for piece in pieces:
        result = script.feed(piece)
        if result is not None:
            return result
    return script.end(Ending.CLOSED)
