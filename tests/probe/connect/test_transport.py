"""Every way to an endpoint is one ProbeTransport, whose options never change after its creation."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from inspect import getmembers, isfunction

import pytest

from model.clock import SystemClock
from model.protocol_version import ProtocolVersion
from pki.net_guard.politeness import Politeness
from probe.connect.datagram_session import DatagramSession
from probe.connect.options import NONCE_LENGTH, TransportOptions
from probe.connect.session import EndpointSession
from probe.connect.starttls.peer import Peer
from probe.dialogue.offer import Shape, offer
from probe.recording.record import RecordingSession
from probe.recording.replay import ReplaySession
from probe.transport import ProbeTransport
from probe.visit.settings import ProbeSettings
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable.server import Behaviour, serve, served_on_a_port
from tests.probe.programmable.server_model import ServerModel
from tests.probe.starttls.scripted_servers import smtp_before

HELLO = offer(ProtocolVersion.TLSV1_2, (0xC02F,), Shape(server_name=None))
MODEL = ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: (0xC02F,)})
SETTINGS = ProbeSettings(deadline_seconds=60.0)


def options(port: int) -> TransportOptions:
    return TransportOptions(
        address=("127.0.0.1", port),
        peer=Peer(name="zoo.test"),
        nonce=bytes(NONCE_LENGTH),
        application=None,
    )


def public(kind: type) -> set[str]:
    return {name for name, _ in getmembers(kind, isfunction) if not name.startswith("_")}


@pytest.mark.parametrize(
    "kind", [EndpointSession, DatagramSession, RecordingSession, ReplaySession]
)
def test_a_transport_offers_what_the_protocol_has_and_no_setter(kind: type) -> None:
    assert ProbeTransport in kind.__mro__
    assert public(kind) - public(ProbeTransport) <= {"recorded"}


def test_an_in_memory_simulation_is_a_transport() -> None:
    assert ProbeTransport in Simulation.__mro__


def test_options_cannot_be_changed() -> None:
    one = options(9)
    for field in fields(one):
        with pytest.raises(FrozenInstanceError):
            setattr(one, field.name, None)


@pytest.mark.parametrize(
    ("behaviour", "name", "is_greeted"),
    [
        (smtp_before(MODEL), "smtp", True),
        (served_on_a_port(MODEL), "tls", False),
    ],
)
async def test_a_server_greeting_is_read_before_tls_begins(
    behaviour: Behaviour, name: str, is_greeted: bool
) -> None:
    async with serve(behaviour) as server:
        session = EndpointSession(
            options(server.port), SETTINGS, Politeness(SETTINGS), SystemClock()
        )
        found = await session.find_application()
        answer = await session.ask(HELLO)
        await session.close()
    assert (found.name, bool(found.greeting), found.begins_in_plaintext) == (
        name,
        is_greeted,
        is_greeted,
    )
    assert answer.version is ProtocolVersion.TLSV1_2
