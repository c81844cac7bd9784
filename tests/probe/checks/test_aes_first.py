"""The order of a server that puts ChaCha20 first unless the client begins with AES-GCM, as Go does."""

from __future__ import annotations

import pytest

from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_name
from model.verdict import Preference, Verdict
from probe.checks.part import Part
from tests.probe.checks.simulation import CORE, Simulation
from tests.probe.programmable.server_model import ServerModel
from tests.zoo.languages.go import TLS12_SUITES

_TLSV1_2 = ProtocolVersion.TLSV1_2
_CHACHA20_FIRST = (
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
)


def _code_points(names: tuple[str, ...]) -> tuple[int, ...]:
    suites = [cipher_suite_by_name(name) for name in names]
    return tuple(suite.code_point for suite in suites if suite is not None)


@pytest.mark.parametrize("key", ["_RSA_", "_ECDSA_"])
async def test_the_order_is_the_one_for_clients_that_begin_with_aes_gcm(key: str) -> None:
    """Go 1.19, crypto/tls/cipher_suites.go: cipherSuitesPreferenceOrder."""
    names = tuple(name for name in TLS12_SUITES if key in name)
    model = ServerModel(cipher_suites={_TLSV1_2: _code_points(names)}, wants_aes_first=True)
    observation = await Simulation(model).visit(CORE | {Part.FEATURES})
    found = observation.cipher_suites[_TLSV1_2]
    assert (found.accepted, found.preference) == (names, Preference.SERVER)
    assert observation.features["yields_to_chacha20"].verdict is Verdict.YES


async def test_an_order_of_the_server_that_begins_with_chacha20_stays() -> None:
    model = ServerModel(cipher_suites={_TLSV1_2: _code_points(_CHACHA20_FIRST)})
    found = (await Simulation(model).visit()).cipher_suites[_TLSV1_2]
    assert (found.accepted, found.preference) == (_CHACHA20_FIRST, Preference.SERVER)
