"""Scripts for protocols and faults that no Debian package provides."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from model.clock import SystemClock
from model.observation import Mode, Observation, State
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.checks.part import USUAL_PARTS, Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.programmable import behaviours
from tests.probe.programmable.server import Behaviour, Connection, ScriptedServer, serve
from tests.probe.programmable.server_model import ServerModel
from tests.probe.programmable.soundness import falsehoods
from tests.probe.starttls.scripted_servers import (
    STORES,
    amqp_with_tls,
    says,
    smtp_before,
    smtp_that_buffers_plaintext_commands,
    sql_server,
    tls_context,
)
from tests.zoo.certificates import Certificates
from tests.zoo.truth import SERVER_NAME, TRUST_STORE

pytestmark = pytest.mark.slow

MODEL = ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: (0xC02F, 0x009C)})
ANSWER_SECONDS = 0.3
FEW = frozenset({Part.VERSIONS, Part.SUITES, Part.PLAINTEXT})


async def _asked(
    server: ScriptedServer,
    protocol: str,
    parts: frozenset[Part] = FEW,
    certificates: Certificates | None = None,
    deadline_seconds: float = 20.0,
) -> Observation:
    stores = {TRUST_STORE: certificates.root_file} if certificates else {}
    settings = ProbeSettings(
        parts=parts,
        trust_stores=stores,
        deadline_seconds=deadline_seconds,
        answer_timeout_seconds=0.5,
        greeting_timeout_seconds=0.5,
    )
    target = Target(host="127.0.0.1", port=server.port, server_name=SERVER_NAME, protocol=protocol)
    engine = Engine(settings, SystemClock())
    return await engine.visit(Endpoint(target=target, address="127.0.0.1"))


async def _visited(behaviour: Behaviour, protocol: str) -> Observation:
    async with serve(behaviour) as server:
        return await _asked(server, protocol)


async def test_sql_server_handshakes_are_sent_in_tds_packets(certificates: Certificates) -> None:
    context = tls_context(certificates, newest=ssl.TLSVersion.TLSv1_2)
    parts = USUAL_PARTS - {Part.FEATURES, Part.VULNERABILITIES}
    async with serve(sql_server(context, encryption=3)) as server:
        observation = await _asked(server, "mssql", parts, certificates)
    spoken = {
        version for version, fact in observation.protocols.items() if fact.verdict is Verdict.YES
    }
    served = {one.leaf.sha256 for one in observation.certificates}
    assert (observation.state, spoken) == (State.TLS, {ProtocolVersion.TLSV1_2})
    assert served == {certificates.rsa.chain.sha256s[0]}
    assert {name: fact.verdict for name, fact in observation.plaintext.items()} == {
        "answers_in_plaintext": Verdict.NO,
        "starttls_enforced": Verdict.YES,
        "starttls_works": Verdict.YES,
    }


async def test_sql_server_without_encryption_answers_in_plaintext(
    certificates: Certificates,
) -> None:
    async with serve(sql_server(tls_context(certificates), encryption=2)) as server:
        observation = await _asked(server, "mssql")
        assert (observation.state, server.connections) == (State.PLAINTEXT, 2)
    assert "ENCRYPT_NOT_SUP" in (observation.reason or "")
    assert observation.plaintext["answers_in_plaintext"].verdict is Verdict.YES


async def test_the_amqp_tls_header_starts_tls(certificates: Certificates) -> None:
    async with serve(amqp_with_tls(tls_context(certificates))) as server:
        observation = await _asked(server, "amqp")
    assert observation.state is State.TLS
    assert {name: fact.verdict for name, fact in observation.plaintext.items()} == {
        "answers_in_plaintext": Verdict.NO,
        "starttls_enforced": Verdict.YES,
        "starttls_works": Verdict.YES,
    }


@pytest.mark.parametrize(("protocol", "words", "reply"), STORES, ids=lambda one: str(one)[:12])
async def test_a_store_that_answers_in_plaintext_is_plaintext(
    protocol: str, words: bytes, reply: bytes
) -> None:
    observation = await _visited(says((words, reply)), protocol)
    assert observation.state is State.PLAINTEXT
    assert observation.plaintext["answers_in_plaintext"].verdict is Verdict.YES


async def test_mysql_that_requires_tls_reports_it_before_it_checks_the_user() -> None:
    greeting = bytes.fromhex("4a0000000a382e302e333600 08000000 3b4f7a1c2d3e4f50 00 ffff ff 0200")
    greeting += bytes.fromhex("ffdf15") + bytes(10) + b"abcdefghijkl\0caching_sha2_password\0"
    refusal = b"\xff\x57\x0c#HY000Connections using insecure transport are prohibited"
    framed = len(refusal).to_bytes(3, "little") + b"\x02" + refusal
    observation = await _visited(says((b"", greeting), (b"tlsprobe", framed)), "mysql")
    assert observation.plaintext["starttls_enforced"].verdict is Verdict.YES
    assert observation.plaintext["answers_in_plaintext"].verdict is Verdict.NO


FAULTS = (
    (says((b"", b"421 4.7.0 too many connections\r\n")), State.REFUSED, "turns clients away"),
    (
        says(
            (b"", b"220 x ESMTP\r\n"),
            (b"EHLO tlsprobe.invalid\r\n", b"450 greylisted\r\n"),
            (b"EHLO [127.0.0.1]\r\n", b"450 greylisted\r\n"),
        ),
        State.REFUSED,
        "greylisted",
    ),
    (
        says(
            (b"", b"220 x ESMTP\r\n"),
            (b"EHLO", b"250 STARTTLS\r\n"),
            (b"STARTTLS", b"454 4.7.0 TLS not available\r\n"),
        ),
        State.REFUSED,
        "STARTTLS is refused: 454 4.7.0 TLS not available",
    ),
    (says((b"", b"220-" + b"x" * 100_000)), State.NOT_TLS, "without the end of the SMTP greeting"),
    (says((b"", b"* OK IMAP4rev1\r\n")), State.NOT_TLS, "use the protocol imap"),
    (behaviours.says_nothing, State.TIMEOUT, "timed out before sending the SMTP greeting"),
    (
        behaviours.closes_at_once,
        State.NOT_TLS,
        "closed the connection instead of sending the SMTP greeting",
    ),
)


@pytest.mark.parametrize(
    ("behaviour", "state", "reason"), FAULTS, ids=[reason for _, _, reason in FAULTS]
)
async def test_a_fault_before_tls_is_reported_as_what_it_is(
    behaviour: Behaviour, state: State, reason: str
) -> None:
    observation = await _visited(behaviour, "smtp")
    assert (observation.state, reason in (observation.reason or "")) == (state, True)
    assert {fact.verdict for fact in observation.protocols.values()} <= {Verdict.UNKNOWN}


async def test_a_command_answered_after_the_upgrade_is_an_injection(
    certificates: Certificates,
) -> None:
    behaviour = smtp_that_buffers_plaintext_commands(tls_context(certificates))
    async with serve(behaviour) as server:
        observation = await _asked(server, "smtp", frozenset({Part.VERSIONS, Part.PLAINTEXT}))
    found = observation.vulnerabilities["starttls_injection"]
    assert found.verdict is Verdict.YES
    # Our messages before and inside TLS, and the server's answers to both, which arrived inside TLS.
    assert found.evidence is not None
    assert found.evidence.offer == b"STARTTLS\r\nRSET\r\nQUIT\r\n"
    assert found.evidence.answer == b"250 fine\r\n221 bye\r\n"


async def test_a_server_without_starttls_is_probed_on_two_connections() -> None:
    lists_nothing = says(
        (b"", b"220 x ESMTP\r\n"),
        (b"EHLO", b"250 SIZE 1000\r\n"),
        (b"MAIL", b"250 fine\r\n"),
        (b"QUIT", b"221 bye\r\n"),
    )
    async with serve(lists_nothing) as server:
        observation = await _asked(server, "smtp", USUAL_PARTS)
        assert (observation.state, server.connections) == (State.PLAINTEXT, 2)


async def test_starttls_costs_no_extra_connection() -> None:
    async with serve(smtp_before(MODEL)) as server:
        through_smtp = await _asked(server, "smtp", FEW - {Part.PLAINTEXT})
    assert through_smtp.state is State.TLS
    assert set(through_smtp.cipher_suites[ProtocolVersion.TLSV1_2].accepted) == {
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
    }
    # Four versions and SSL 3.0 and 2.0, the other suite, and the last refusal; two opened in advance.
    assert through_smtp.cost.connections <= 10


@pytest.mark.parametrize("welcome", [1, 3, 8])
async def test_a_refusal_halfway_proves_nothing(welcome: int) -> None:
    async with serve(smtp_before(MODEL, welcome=welcome)) as server:
        observation = await _asked(server, "smtp", deadline_seconds=2.0)
    assert falsehoods(MODEL, observation) == []


async def test_a_late_greeting_is_awaited() -> None:
    async def greets_late(connection: Connection) -> None:
        await asyncio.sleep(3 * ANSWER_SECONDS)
        await smtp_before(MODEL)(connection)

    async with serve(greets_late) as server:
        settings = ProbeSettings(
            parts=frozenset({Part.VERSIONS}), answer_timeout_seconds=ANSWER_SECONDS
        )
        target = Target(host="127.0.0.1", port=server.port, server_name=None, protocol="smtp")
        endpoint = Endpoint(target=target, address="127.0.0.1")
        observation = await Engine(settings, SystemClock()).visit(endpoint)
    assert observation.state is State.TLS


async def drips_a_greeting(connection: Connection) -> None:
    """Single bytes, and never a whole line."""
    while connection.client_is_connected:
        await connection.send(b"2")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("behaviour", [behaviours.says_nothing, drips_a_greeting])
async def test_no_visit_waits_for_a_greeting_after_its_deadline(behaviour: Behaviour) -> None:
    settings = ProbeSettings(deadline_seconds=2.0)
    async with serve(behaviour) as server:
        target = Target(host="127.0.0.1", port=server.port, server_name=None, protocol="smtp")
        endpoint = Endpoint(target=target, address="127.0.0.1")
        observation = await Engine(settings, SystemClock()).visit(endpoint)
    assert observation.state is State.TIMEOUT
    # Five times is for a busy machine: without the limit, both would take seven times as long.
    assert observation.cost.duration_seconds <= 5 * settings.deadline_seconds


async def test_a_visit_through_starttls_is_verified_on_equally_few_connections(
    certificates: Certificates,
) -> None:
    behaviour = smtp_that_buffers_plaintext_commands(tls_context(certificates))
    settings = ProbeSettings(trust_stores={TRUST_STORE: certificates.root_file})
    engine = Engine(settings, SystemClock())
    async with serve(behaviour) as server:
        target = Target(
            host="127.0.0.1", port=server.port, server_name=SERVER_NAME, protocol="smtp"
        )
        endpoint = Endpoint(target=target, address="127.0.0.1")
        known = await engine.visit(endpoint)
        verified = await engine.visit(endpoint, known=known)
    assert (verified.mode, verified.plaintext) == (Mode.VERIFY, known.plaintext)
    assert verified.cost.connections <= 2 * 2 + 6
