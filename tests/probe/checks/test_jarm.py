"""JARM follows its published form, and yields the same values as another implementation.

The values of real servers come from pyjarm 0.0.5 and the same configurations of the zoo.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from model.observation import State
from model.protocol_version import ProtocolVersion
from probe.checks.features.jarm import jarm
from probe.checks.features.jarm_hellos import JARM_HELLOS, JARM_SUITES
from probe.checks.part import Part
from probe.tls.extensions import Extension
from probe.tls.hello import ClientHello, ServerHello
from tests.probe.programmable.behaviours import silent_after
from tests.probe.programmable.server_model import ServerModel
from tests.probe.programmable.visiting import THOROUGH, visit_server
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.visit import visit

PARTS = frozenset({Part.VERSIONS, Part.JARM})
MODEL = ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: (0xC02F,)})
HEADERS_LENGTH = 5 + 4
PYJARM_SAYS = {
    "openssl-tls12-only": "07d14d16d21d21d00007d14d07d21d0ae59125bcd90b8876b50928af8f6cd4",
    "openssl-tls13-chacha20-only": "00000000000000000043d43d0000009535d5979f591ae8e547c5e5743e5b64",
    "node010-sslv3-only": "04a02a00004a04a04a04a02a04a04a2bb1101b28b790bf5d9d4dcad463fdc2",
}


def hello(suite: int, *extensions: tuple[int, bytes]) -> ServerHello:
    return ServerHello(
        legacy_version=0x0303,
        random=bytes(32),
        session_id=b"",
        cipher_suite=suite,
        compression_method=0,
        extensions=tuple(Extension(code_point=kind, body=body) for kind, body in extensions),
    )


def test_only_refusals_give_sixty_two_zeros() -> None:
    assert jarm([None] * len(JARM_HELLOS)) == 62 * "0"


def test_suites_are_numbered_and_extensions_hashed() -> None:
    """0x0004 is the lowest number, 0x1301 follows 0xCCA9, and an unknown number is last."""
    with_h2 = hello(0x1301, (16, b"\0\3\2h2"), (0xFF01, b"\0"))
    found = jarm([hello(0x0004), with_h2, hello(0xFFFF), *[None] * 7])
    digest = hashlib.sha256(b"h20010-ff01").hexdigest()[:32]
    assert found == "01d41d46d" + 7 * "000" + digest


def test_suite_orders_match_their_names() -> None:
    forward, backward, top, bottom, middle = (one.suites for one in JARM_HELLOS[:5])
    assert (backward, bottom) == (forward[::-1], forward[35:])
    assert top == forward[34::-1]
    assert middle[:5] == (forward[34], forward[35], forward[33], forward[36], forward[32])
    assert sorted(middle) == sorted(JARM_SUITES)


def test_every_generated_hello_is_valid() -> None:
    for one in JARM_HELLOS:
        sent = ClientHello.decode(one.encode("zoo.test", bytes(64))[HEADERS_LENGTH:])
        assert sent.legacy_version == one.legacy_version
        assert (sent.cipher_suites[0] == 0x0A0A) is one.greases


async def test_a_server_that_falls_silent_has_no_fingerprint() -> None:
    settings = replace(THOROUGH, answer_timeout_seconds=0.2, parts=PARTS)
    observation = await visit_server(silent_after(12, MODEL), settings)
    assert (observation.state, observation.fingerprints) == (State.TLS, {})


@pytest.mark.integration
@pytest.mark.parametrize("name", PYJARM_SAYS)
async def test_real_servers_have_the_fingerprint_that_others_see(
    name: str, certificates: Certificates, tmp_path: Path
) -> None:
    (server,) = [server for server in SERVERS if server.name == name]
    found = (await visit(server, certificates, tmp_path, PARTS)).observation.fingerprints
    assert found == {"jarm": PYJARM_SAYS[name]}
