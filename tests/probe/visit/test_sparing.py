"""Visits to a server that counts connections which end without a login: what they cost it, and what they learn."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from model.clock import SystemClock
from model.observation import Mode, Observation, State
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from pki.net_guard.connect_errors import MOST_ERRORS, MOST_HELLOS, ConnectErrors
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.programmable.server import Connection, serve
from tests.zoo.certificates import Certificates

pytestmark = pytest.mark.slow

Result = TypeVar("Result")

_HOST = "127.0.0.2"
"""Not the loopback address whose errors are not counted."""

_GREETING = bytes.fromhex(
    "4a0000000a382e302e333600 08000000 3b4f7a1c2d3e4f50 00 ffff ff 0200 ffdf 15"
    "00000000000000000000 6162636465666768696a6b6c 00"
    "63616368696e675f736861325f70617373776f726400"
)
"""HandshakeV10 of MySQL 8.0 with CLIENT_SSL."""

_SSL_REQUEST_LENGTH = 36
_PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.PLAINTEXT, Part.CERTIFICATES})


def _packet(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes((number,)) + payload


@dataclass(slots=True, kw_only=True)
class MySql:
    """A server that asks each login for an empty password once more, and denies it.

    ``broken`` counts as MySQL does (sql/auth/sql_authentication.cc): every connection whose login is not complete.
    """

    tls: ssl.SSLContext
    broken: int = 0
    denied: list[bytes] = field(default_factory=list)

    async def behave(self, connection: Connection) -> None:
        """One connection; it ends quietly if a handshake breaks off."""
        self.broken += 1
        await connection.send(_GREETING)
        with suppress(EOFError, ssl.SSLError):
            await self._log_in(connection)

    async def _log_in(self, connection: Connection) -> None:
        login = await _packet_of(connection.reader.readexactly)
        if len(login) > _SSL_REQUEST_LENGTH:
            channel = _Channel(connection=connection)
        else:
            channel = _Channel(connection=connection, tls=self.tls)
            await channel.shake_hands()
            login = await channel.receive()
        number = login[3]
        switch = b"\xfecaching_sha2_password\0" + b"x" * 20 + b"\0"
        await channel.send(_packet(number + 1, switch))
        if await channel.receive() == _packet(number + 2, b""):
            self.broken -= 1
            self.denied.append(login)
            await channel.send(_packet(number + 3, b"\xff\x15\x04#28000Access denied"))


class _Channel:
    """A connection, with TLS in memory on it if there is a context: its hello may follow SSLRequest at once."""

    def __init__(self, *, connection: Connection, tls: ssl.SSLContext | None = None) -> None:
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls.wrap_bio(self._incoming, self._outgoing, server_side=True) if tls else None

    async def shake_hands(self) -> None:
        """Finishes the handshake."""
        assert self._tls is not None
        await self._until_done(self._tls.do_handshake)

    async def receive(self) -> bytes:
        """Some bytes. Raises EOFError at the end."""
        if self._tls is None:
            return await self._some()
        tls = self._tls
        return await self._until_done(lambda: tls.read(65536))

    async def send(self, content: bytes) -> None:
        """Sends, encrypted if there is TLS."""
        if self._tls is None:
            await self._connection.send(content)
            return
        self._tls.write(content)
        await self._connection.send(self._outgoing.read())

    async def _until_done(self, step: Callable[[], Result]) -> Result:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                await self._connection.send(self._outgoing.read())
                self._incoming.write(await self._some())
            finally:
                if self._outgoing.pending:
                    await self._connection.send(self._outgoing.read())

    async def _some(self) -> bytes:
        some = await self._connection.receive()
        if not some:
            raise EOFError
        return some


async def _packet_of(read: Callable[[int], Awaitable[bytes]]) -> bytes:
    head = await read(4)
    return head + await read(int.from_bytes(head[:3], "little"))


def _context(certificates: Certificates, *, is_new: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM")
    key = certificates.ecdsa if is_new else certificates.rsa
    context.load_cert_chain(key.chain_file, key.key_file)
    return context


async def _visit(
    port: int, memory: Path, known: Observation | None = None, protocol: str = "mysql"
) -> Observation:
    settings = ProbeSettings(
        parts=_PARTS,
        connect_errors_directory=memory,
        answer_timeout_seconds=2.0,
        deadline_seconds=30.0,
    )
    target = Target(host=_HOST, port=port, server_name="zoo.test", protocol=protocol)
    engine = Engine(settings, SystemClock())
    return await engine.visit(Endpoint(target=target, address=_HOST), known=known)


def _remembered(memory: Path, port: int) -> int:
    tally = ConnectErrors(memory).tally(f"{_HOST} {port}")
    return 0 if tally is None else tally.count


async def test_only_the_first_visit_breaks_connections_off(
    certificates: Certificates, tmp_path: Path
) -> None:
    memory, server = tmp_path / "errors", MySql(tls=_context(certificates))
    async with serve(server.behave, (_HOST,)) as listening:
        first = await _visit(listening.port, memory)
        broken = server.broken
        later = [await _visit(listening.port, memory, first) for _ in range(3)]
        remembered = _remembered(memory, listening.port)
    assert 0 < broken == server.broken == remembered <= MOST_HELLOS
    for one in later:
        assert (one.mode, one.state, one.cost.connections) == (Mode.VERIFY, State.TLS, 2)
        assert (one.cipher_suites, one.protocols) == (first.cipher_suites, first.protocols)
        assert [chain.leaf for chain in one.certificates] == [
            chain.leaf for chain in first.certificates
        ]
    assert all(b"tlsprobe\0\0" in login for login in server.denied)


async def test_a_sparing_visit_shows_a_new_certificate_and_a_version_that_was_turned_off(
    certificates: Certificates, tmp_path: Path
) -> None:
    memory, server = tmp_path / "errors", MySql(tls=_context(certificates))
    async with serve(server.behave, (_HOST,)) as listening:
        first = await _visit(listening.port, memory)
        server.tls = _context(certificates, is_new=True)
        renewed = await _visit(listening.port, memory, first)
        server.tls.minimum_version = ssl.TLSVersion.TLSv1_3
        hardened = await _visit(listening.port, memory, renewed)
    assert {one.leaf.sha256 for one in renewed.certificates} == {
        certificates.ecdsa.chain.sha256s[0]
    }
    assert renewed.cipher_suites == first.cipher_suites
    assert hardened.protocols[ProtocolVersion.TLSV1_2].verdict is Verdict.NO
    assert set(hardened.cipher_suites) == {ProtocolVersion.TLSV1_3}
    assert hardened.protocols[ProtocolVersion.TLSV1_1] == first.protocols[ProtocolVersion.TLSV1_1]


async def test_a_lost_memory_does_not_make_a_known_server_pay_again(
    certificates: Certificates, tmp_path: Path
) -> None:
    server = MySql(tls=_context(certificates))
    async with serve(server.behave, (_HOST,)) as listening:
        first = await _visit(listening.port, tmp_path / "errors")
        broken = server.broken
        later = await _visit(listening.port, tmp_path / "others", first)
    assert (later.mode, server.broken) == (Mode.VERIFY, broken)


async def test_without_known_facts_and_without_an_allowance_versions_are_still_proved(
    certificates: Certificates, tmp_path: Path
) -> None:
    memory, server = tmp_path / "errors", MySql(tls=_context(certificates))
    async with serve(server.behave, (_HOST,)) as listening:
        ConnectErrors(memory).add(f"{_HOST} {listening.port}", MOST_ERRORS - 1, SystemClock().now())
        seen = await _visit(listening.port, memory)
    proved = [version for version, fact in seen.protocols.items() if fact.verdict is Verdict.YES]
    assert (set(proved), server.broken) == ({ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3}, 0)
    assert len(seen.certificates) == 1
    assert "asked again after" in (seen.reason or "")


async def test_a_detected_protocol_costs_no_more(
    certificates: Certificates, tmp_path: Path
) -> None:
    memory, server = tmp_path / "errors", MySql(tls=_context(certificates))
    async with serve(server.behave, (_HOST,)) as listening:
        first = await _visit(listening.port, memory, protocol="auto")
        broken = server.broken
        later = await _visit(listening.port, memory, first, protocol="auto")
        remembered = _remembered(memory, listening.port)
    fact = first.plaintext["application_protocol"]
    assert (fact.value, later.mode) == ("mysql", Mode.VERIFY)
    assert broken == server.broken == remembered


@pytest.mark.parametrize("protocol", ["tls", "smtp"])
async def test_a_target_with_another_protocol_stops_in_time(
    protocol: str, certificates: Certificates, tmp_path: Path
) -> None:
    memory, server = tmp_path / "errors", MySql(tls=_context(certificates))
    async with serve(server.behave, (_HOST,)) as listening:
        seen = await _visit(listening.port, memory, protocol=protocol)
        a_visit = server.broken
        assert "MySQL" in (seen.reason or "")
        ConnectErrors(memory).add(f"{_HOST} {listening.port}", MOST_ERRORS, SystemClock().now())
        last = await _visit(listening.port, memory, protocol=protocol)
    assert (server.broken, last.cost.connections) == (a_visit, 0)
    assert a_visit <= 5
