"""Every hard case by name: each visit ends in time, in the right state, and claims only what was proved.

The servers are in ``behaviours``; the limits are short, so that tests do not wait long.
"""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass

import pytest

from model.observation import ClientAuthMode, State
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from probe.visit.settings import ProbeSettings
from tests.probe.programmable import behaviours, wire
from tests.probe.programmable.server import Behaviour, serve, served_on_a_port
from tests.probe.programmable.server_model import ServerModel
from tests.probe.programmable.soundness import falsehoods, omissions
from tests.probe.programmable.visiting import visit, visit_server

pytestmark = pytest.mark.slow

IMPATIENT = ProbeSettings(
    deadline_seconds=3.0, connect_timeout_seconds=0.5, answer_timeout_seconds=0.5
)
ECDHE_SUITES = (0xC02B, 0xC02C, 0xCCA9, 0xC023, 0xC009)
TLS12 = ServerModel(cipher_suites={wire.TLSV1_2: ECDHE_SUITES})
OLD = ServerModel(
    cipher_suites={
        wire.TLSV1_0: (0xC009, 0xC00A),
        wire.TLSV1_1: (0xC009, 0xC00A),
        wire.TLSV1_2: ECDHE_SUITES,
    }
)
TLS13 = ServerModel(cipher_suites={wire.TLSV1_3: (0x1302, 0x1301)})


def is_one_sentence(reason: str | None) -> bool:
    """Whether it is one non-empty line of words."""
    return reason is not None and "\n" not in reason and len(reason.split()) >= 3


# --- endpoints that do not speak TLS ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTls:
    """A server without TLS, and the states that describe it correctly."""

    name: str
    behaviour: Behaviour
    states: frozenset[State]


NO_TLS = (
    NoTls(
        name="closes at once",
        behaviour=behaviours.closes_at_once,
        # Its system sends a reset if the hello arrived before it closed, and the two look alike.
        states=frozenset({State.NOT_TLS, State.REFUSED}),
    ),
    NoTls(
        name="closes after the hello",
        behaviour=behaviours.closes_after_the_hello,
        states=frozenset({State.NOT_TLS}),
    ),
    NoTls(
        name="resets at once",
        behaviour=behaviours.resets_at_once,
        states=frozenset({State.REFUSED}),
    ),
    NoTls(
        name="resets after the hello",
        behaviour=behaviours.resets_after_the_hello,
        states=frozenset({State.REFUSED, State.NOT_TLS}),
    ),
    NoTls(
        name="says nothing",
        behaviour=behaviours.says_nothing,
        states=frozenset({State.TIMEOUT}),
    ),
    NoTls(
        name="answers in HTTP",
        behaviour=behaviours.answers_in_http,
        states=frozenset({State.PLAINTEXT}),
    ),
    NoTls(
        name="greets as SSH",
        behaviour=behaviours.greets_as_ssh,
        states=frozenset({State.NOT_TLS, State.PLAINTEXT}),
    ),
    NoTls(
        name="greets as SMTP",
        behaviour=behaviours.greets_as_smtp,
        states=frozenset({State.NOT_TLS, State.PLAINTEXT}),
    ),
    NoTls(
        name="drips a byte at a time",
        behaviour=behaviours.drips(TLS12, seconds_between_bytes=0.1),
        states=frozenset({State.TIMEOUT}),
    ),
    NoTls(
        name="sends 10 MB of garbage",
        behaviour=behaviours.sends_garbage,
        states=frozenset({State.NOT_TLS}),
    ),
    NoTls(
        name="sends 10 MB of application data",
        behaviour=behaviours.sends_application_data,
        states=frozenset({State.NOT_TLS}),
    ),
    NoTls(
        name="refuses every hello with an alert",
        behaviour=behaviours.refuses_with_an_alert,
        states=frozenset({State.REFUSED}),
    ),
    NoTls(
        name="refuses every hello with close_notify",
        behaviour=behaviours.refuses_with_close_notify,
        states=frozenset({State.REFUSED}),
    ),
)
NOTHING_BUT_ALERTS = {"refuses every hello with an alert", "refuses every hello with close_notify"}


@pytest.mark.parametrize("case", NO_TLS, ids=lambda case: case.name)
async def test_without_tls_the_state_names_what_was_found(case: NoTls) -> None:
    observation = await visit_server(case.behaviour, IMPATIENT)
    assert (observation.state in case.states, is_one_sentence(observation.reason)) == (
        True,
        True,
    ), f"{observation.state}: {observation.reason}"


@pytest.mark.parametrize(
    "case", [case for case in NO_TLS if case.name not in NOTHING_BUT_ALERTS], ids=lambda c: c.name
)
async def test_an_answer_without_hello_or_alert_proves_nothing(case: NoTls) -> None:
    observation = await visit_server(case.behaviour, IMPATIENT)
    known = {
        version.label
        for version, fact in observation.protocols.items()
        if fact.verdict is not Verdict.UNKNOWN
    }
    assert (known, observation.cipher_suites, observation.certificates) == (set(), {}, ())


async def test_a_closed_port_is_refused() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        observation = await visit(reserved.getsockname()[1], IMPATIENT)
    assert (observation.state, is_one_sentence(observation.reason)) == (State.REFUSED, True)


async def test_a_flood_is_not_read_to_its_end() -> None:
    observation = await visit_server(behaviours.sends_garbage, IMPATIENT)
    flood = behaviours.TEN_MEGABYTES * observation.cost.connections
    assert observation.cost.bytes_received < flood / 2


# --- servers that speak TLS with peculiarities ------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """An odd server all of whose versions, suites and TLS 1.3 groups can be found nevertheless."""

    name: str
    model: ServerModel
    behaviour: Behaviour


def plain(name: str, model: ServerModel) -> Odd:
    return Odd(name=name, model=model, behaviour=served_on_a_port(model))


def rewritten(name: str, model: ServerModel, rewrite: behaviours.Rewrite) -> Odd:
    return Odd(name=name, model=model, behaviour=behaviours.rewrites(model, rewrite))


INTOLERANT = ServerModel(cipher_suites=OLD.cipher_suites, intolerant_above=wire.TLSV1_2)
FEW_SUITES = ServerModel(cipher_suites=OLD.cipher_suites, most_suites=128)
FEWER_SUITES = ServerModel(cipher_suites=OLD.cipher_suites, most_suites=64)
HANGS = ServerModel(cipher_suites=OLD.cipher_suites, hangs_at_lengths=range(256, 512))
CLOSES = ServerModel(cipher_suites=OLD.cipher_suites, close_instead_of_alert=True)
CLIENT_DECIDES = ServerModel(cipher_suites=OLD.cipher_suites, server_decides=False)
ONLY_SSLV3 = ServerModel(cipher_suites={wire.SSLV3: (0x0035, 0x0005)})

LEARNABLE = (
    plain("in its own way only by its order", OLD),
    plain("leaves the order to the client", CLIENT_DECIDES),
    plain("SSLv3 only", ONLY_SSLV3),
    plain("TLS 1.3 by HelloRetryRequest only", TLS13),
    plain("refuses a hello of TLS 1.3 (IIS 6 and other intolerant servers)", INTOLERANT),
    plain("closes on more than 128 suites (Cisco ACE)", FEW_SUITES),
    plain("closes on more than 64 suites", FEWER_SUITES),
    plain("hangs on hellos of 256 to 511 bytes (F5)", HANGS),
    plain("closes in place of an alert", CLOSES),
    rewritten("one-byte records", OLD, behaviours.in_one_byte_records),
    rewritten("one record for each message", OLD, behaviours.one_record_for_each_message),
    rewritten("warns of the name and continues (Java)", OLD, behaviours.after_a_warning),
    rewritten("a certificate that does not parse", OLD, behaviours.unparsable_certificate),
    Odd(
        name="resets above 3 connections at once",
        model=OLD,
        behaviour=behaviours.resets_above(3, OLD),
    ),
)


@pytest.mark.parametrize("case", LEARNABLE, ids=lambda case: case.name)
async def test_an_unusual_server_is_probed_completely(case: Odd) -> None:
    observation = await visit_server(case.behaviour)
    assert (
        observation.state,
        falsehoods(case.model, observation),
        omissions(case.model, observation),
    ) == (State.TLS, [], [])


@pytest.mark.parametrize("last_answered", [1, 3, 8, 20])
async def test_silence_during_a_visit_is_not_a_no(last_answered: int) -> None:
    behaviour = behaviours.silent_after(last_answered, OLD)
    observation = await visit_server(behaviour, IMPATIENT)
    assert falsehoods(OLD, observation) == []


@pytest.mark.parametrize("seed", range(6))
async def test_random_silence_loses_facts_but_never_adds_a_false_one(seed: int) -> None:
    model = ServerModel(
        cipher_suites={**OLD.cipher_suites, **TLS13.cipher_suites},
        silence=0.25,
        dice=random.Random(seed),
    )
    observation = await visit_server(served_on_a_port(model), IMPATIENT)
    assert falsehoods(model, observation) == []


async def test_a_server_that_stalls_after_its_hello_has_proved_its_version() -> None:
    behaviour = behaviours.rewrites(TLS12, behaviours.stalls_after(1))
    observation = await visit_server(behaviour, IMPATIENT)
    verdict = observation.protocols[ProtocolVersion.TLSV1_2].verdict
    assert (verdict, falsehoods(TLS12, observation)) == (Verdict.YES, [])


async def test_an_endless_certificate_loses_the_chain_but_not_the_version() -> None:
    behaviour = behaviours.rewrites(TLS12, behaviours.endless_certificate)
    observation = await visit_server(behaviour, IMPATIENT)
    verdict = observation.protocols[ProtocolVersion.TLSV1_2].verdict
    assert (verdict, falsehoods(TLS12, observation)) == (Verdict.YES, [])


async def test_a_suite_that_was_not_offered_is_not_counted() -> None:
    only = ServerModel(cipher_suites={wire.TLSV1_2: (0xC02B,)})
    observation = await visit_server(behaviours.always_chooses(wire.TLSV1_2, 0xC02B))
    found = observation.cipher_suites[ProtocolVersion.TLSV1_2]
    assert (falsehoods(only, observation), found.accepted, found.complete) == (
        [],
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",),
        False,
    )


@pytest.mark.parametrize("version", [wire.TLSV1_0, wire.TLSV1_2])
async def test_a_version_that_was_not_offered_is_not_counted(version: int) -> None:
    only = ServerModel(cipher_suites={version: (0xC009,)})
    observation = await visit_server(behaviours.always_chooses(version, 0xC009))
    verdict = observation.protocols[ProtocolVersion(version)].verdict
    assert (verdict, falsehoods(only, observation)) == (Verdict.YES, [])


async def test_endless_hello_retry_requests_are_still_an_answer() -> None:
    observation = await visit_server(behaviours.retries_forever(TLS13), IMPATIENT)
    verdict = observation.protocols[ProtocolVersion.TLSV1_3].verdict
    assert (verdict, falsehoods(TLS13, observation)) == (Verdict.YES, [])


async def test_an_address_never_has_more_open_connections_than_allowed() -> None:
    settings = ProbeSettings(deadline_seconds=20.0, connections_per_address=2)
    async with serve(served_on_a_port(OLD)) as server:
        await visit(server.port, settings)
        assert server.most_open <= 2


async def test_client_certificates_at_ssl_3_0_cost_no_other_version() -> None:
    """OpenSSL finishes no handshake at SSL 3.0, so only the request itself is known there."""
    asking = ServerModel(
        cipher_suites={wire.SSLV3: (0xC014,), wire.TLSV1_2: (0xC02B,)},
        asks_client_certificate=True,
    )
    observation = await visit_server(served_on_a_port(asking), IMPATIENT)
    assert "Internal error" not in (observation.reason or "")
    assert set(observation.client_auth) == {ProtocolVersion.SSLV3, ProtocolVersion.TLSV1_2}
    at_sslv3 = observation.client_auth[ProtocolVersion.SSLV3]
    assert (at_sslv3.mode, at_sslv3.certificate_types) == (
        ClientAuthMode.UNKNOWN,
        observation.client_auth[ProtocolVersion.TLSV1_2].certificate_types,
    )
    assert at_sslv3.evidence is not None
    assert at_sslv3.evidence.note == (
        "CertificateRequest in plaintext; OpenSSL does not finish handshakes at SSLv3"
    )
