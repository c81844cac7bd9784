"""A target's label chooses the trust stores that must trust its chain."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from model.certificates.certificate import Problem, ServedChain
from model.clock import SystemClock
from model.target import Endpoint, Target
from model.target_labels import TRUST_STORES
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.pki.certificates.making import NOW, SERVER_NAME, SERVER_NAMES, make
from tests.probe.programmable import wire
from tests.probe.programmable.server import Connection, serve

INTERNAL = make("internal root", is_ca=True)
STRANGER = make("other root", is_ca=True)
LEAF = make("server", issuer=INTERNAL, names=SERVER_NAMES)
PARTS = frozenset({Part.VERSIONS, Part.CERTIFICATES})


class ClockOfTheCertificates(SystemClock):
    """The time for which the certificates are made."""

    def now(self) -> datetime:
        """A clock that always shows the same time."""
        return NOW


async def serves_the_leaf(connection: Connection) -> None:
    await connection.receive()
    messages = (
        wire.server_hello(wire.TLSV1_2, 0x009C, session_id=b"", extensions=None)
        + wire.certificate(LEAF.der)
        + wire.server_hello_done()
    )
    await connection.send(wire.records(wire.TLSV1_2, messages))
    await connection.until_closed()


async def deployment(directory: Path, **labels: str) -> ServedChain:
    stores = {}
    for name, root in (("internal", INTERNAL), ("other", STRANGER)):
        stores[name] = directory / f"{name}.pem"
        stores[name].write_bytes(root.pem)
    settings = ProbeSettings(parts=PARTS, trust_stores=dict(stores))
    async with serve(serves_the_leaf) as server:
        target = Target(host="127.0.0.1", port=server.port, server_name=SERVER_NAME, labels=labels)
        engine = Engine(settings, ClockOfTheCertificates())
        (found,) = (await engine.visit(Endpoint(target=target, address="127.0.0.1"))).certificates
    return found


@pytest.mark.parametrize(
    ("labels", "verdicts", "problems"),
    [
        ({}, {"internal": "yes", "other": "no"}, set()),
        ({TRUST_STORES: "internal"}, {"internal": "yes"}, set()),
        ({TRUST_STORES: "other"}, {"other": "no"}, {Problem.INCOMPLETE}),
        ({TRUST_STORES: " other, internal "}, {"internal": "yes", "other": "no"}, set()),
        ({TRUST_STORES: "misspelt"}, {"misspelt": "no"}, {Problem.INCOMPLETE}),
    ],
)
async def test_a_label_selects_the_trust_stores(
    labels: dict[str, str], verdicts: dict[str, str], problems: set[Problem], tmp_path: Path
) -> None:
    found = await deployment(tmp_path, **labels)
    assert {name: one.verdict.value for name, one in found.trust.items()} == verdicts
    assert set(found.problems) == problems
