"""Each demo server matches its recipe, checked by independent clients."""

from __future__ import annotations

import ssl

import pytest

from service.demo import DemoFleet
from tests.service.demo.clients import (
    HELLO_RETRY_REQUEST_RANDOM,
    KEY_SHARE,
    client_context,
    client_hello,
    fetch,
    first_record,
    read_server_hello,
    target_of,
)

pytestmark = pytest.mark.slow

FATAL_HANDSHAKE_FAILURE = bytes([2, 40])
FATAL_PROTOCOL_VERSION = bytes([2, 70])
TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = 0x0301, 0x0302, 0x0303, 0x0304

# What the specification requires of each server, not what its recipe says.
ACCEPTED_VERSIONS = {
    "modern": {TLS_1_2, TLS_1_3},
    "legacy": {TLS_1_0, TLS_1_1, TLS_1_2},
    "expired": {TLS_1_2, TLS_1_3},
    "incomplete": {TLS_1_2, TLS_1_3},
    "mtls": {TLS_1_2, TLS_1_3},
    "pq": {TLS_1_3},
}
# ECDHE with AES-128-GCM, AES-256-GCM and ChaCha20: C02B C02C CCA9 for ECDSA, C02F C030 CCA8 for RSA.
ECDSA_AEAD, RSA_AEAD = {0xC02B, 0xC02C, 0xCCA9}, {0xC02F, 0xC030, 0xCCA8}
ACCEPTED_TLS12_SUITES = {
    "modern": ECDSA_AEAD | RSA_AEAD,
    "expired": ECDSA_AEAD,
    "incomplete": ECDSA_AEAD,
    "mtls": ECDSA_AEAD,
    # ECDHE_RSA and RSA with AES-256 and AES-128; RSA with Camellia-128 and SEED: CBC and SHA-1, all.
    "legacy": {0xC014, 0xC013, 0x0035, 0x002F, 0x0041, 0x0096},
}
TLS13_SUITES = {0x1301, 0x1302, 0x1303}
X25519_MLKEM768, SECP256R1 = 0x11EC, 0x0017
OLD_SUITES = {*range(0x0001, 0x00C6), *range(0xC001, 0xC0B0), *range(0xCCA8, 0xCCAF)}

EVERY_VERSION = (
    (TLS_1_0, ssl.TLSVersion.TLSv1),
    (TLS_1_1, ssl.TLSVersion.TLSv1_1),
    (TLS_1_2, ssl.TLSVersion.TLSv1_2),
    (TLS_1_3, ssl.TLSVersion.TLSv1_3),
)


@pytest.mark.parametrize("name", [each for each in ACCEPTED_VERSIONS if each != "mtls"])
async def test_each_version_is_accepted_or_refused_with_an_alert(
    fleet: DemoFleet, name: str
) -> None:
    target = target_of(fleet, name)
    outcomes = {}
    for number, version in EVERY_VERSION:
        try:
            page = await fetch(target, client_context(version))
            outcomes[number] = page.split(b"\r\n", 1)[0].decode()
        except ssl.SSLError as error:
            outcomes[number] = error.reason
    assert outcomes == {
        number: (
            "HTTP/1.1 200 OK"
            if number in ACCEPTED_VERSIONS[name]
            else "TLSV1_ALERT_PROTOCOL_VERSION"
        )
        for number, _ in EVERY_VERSION
    }


@pytest.mark.parametrize("name", ACCEPTED_VERSIONS)
async def test_an_old_hello_is_refused_by_openssls_own_alert(fleet: DemoFleet, name: str) -> None:
    target = target_of(fleet, name)
    oldest = min(ACCEPTED_VERSIONS[name])
    suites = OLD_SUITES | TLS13_SUITES
    for version in {TLS_1_0, TLS_1_1, TLS_1_2} & set(range(oldest)):
        hello = client_hello(
            server_name=target.server_name or "", version=version, suites=sorted(suites)
        )
        record = await first_record(target, hello)
        assert (record.content_type, record.body) == (21, FATAL_PROTOCOL_VERSION)


@pytest.mark.parametrize("name", ACCEPTED_TLS12_SUITES)
async def test_the_suites_are_exactly_the_configured_ones(fleet: DemoFleet, name: str) -> None:
    target = target_of(fleet, name)
    accepted: set[int] = set()
    while True:
        hello = client_hello(
            server_name=target.server_name or "",
            version=TLS_1_2,
            suites=sorted(OLD_SUITES - accepted),
        )
        record = await first_record(target, hello)
        if record.content_type == 21:
            break
        accepted.add(read_server_hello(record).cipher_suite)
    assert (accepted, record.body) == (ACCEPTED_TLS12_SUITES[name], FATAL_HANDSHAKE_FAILURE)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("pq", X25519_MLKEM768),
        ("modern", X25519_MLKEM768),
        ("expired", SECP256R1),
        ("incomplete", SECP256R1),
        ("mtls", SECP256R1),
    ],
)
async def test_an_empty_key_share_is_answered_with_the_group(
    fleet: DemoFleet, name: str, group: int
) -> None:
    target = target_of(fleet, name)
    hello = client_hello(
        server_name=target.server_name or "", version=TLS_1_3, suites=sorted(TLS13_SUITES)
    )
    answer = read_server_hello(await first_record(target, hello))
    named = int.from_bytes(answer.extensions[KEY_SHARE], "big")
    assert (answer.random, named) == (HELLO_RETRY_REQUEST_RANDOM, group)


@pytest.mark.parametrize(
    ("name", "version", "complaint"),
    [
        ("modern", ssl.TLSVersion.TLSv1_3, None),
        ("modern", ssl.TLSVersion.TLSv1_2, None),
        ("legacy", ssl.TLSVersion.TLSv1_2, None),
        ("pq", ssl.TLSVersion.TLSv1_3, None),
        ("expired", ssl.TLSVersion.TLSv1_3, "certificate has expired"),
        ("incomplete", ssl.TLSVersion.TLSv1_3, "unable to get local issuer certificate"),
    ],
)
async def test_the_chain_has_only_its_intended_problem(
    fleet: DemoFleet, name: str, version: ssl.TLSVersion, complaint: str | None
) -> None:
    context = client_context(version, trusted=fleet.trust_stores["demo"])
    if name == "legacy":
        context.set_ciphers("ALL:@SECLEVEL=0")
    found = None
    try:
        await fetch(target_of(fleet, name), context)
    except ssl.SSLCertVerificationError as error:
        found = error.verify_message
    assert found == complaint


async def test_the_chain_is_trusted_only_by_the_demo(fleet: DemoFleet) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await fetch(target_of(fleet, "modern"), ssl.create_default_context())


@pytest.mark.parametrize(
    ("version", "alert"),
    [
        (ssl.TLSVersion.TLSv1_2, "ALERT_HANDSHAKE_FAILURE"),
        (ssl.TLSVersion.TLSv1_3, "ALERT_CERTIFICATE_REQUIRED"),
    ],
)
async def test_a_client_without_certificate_is_refused_by_openssls_own_alert(
    fleet: DemoFleet, version: ssl.TLSVersion, alert: str
) -> None:
    with pytest.raises(ssl.SSLError, match=alert):
        await fetch(target_of(fleet, "mtls"), client_context(version))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_with_the_demo_certificate_is_accepted(
    fleet: DemoFleet, version: ssl.TLSVersion
) -> None:
    context = client_context(version)
    context.load_cert_chain(fleet.client_certificate)
    page = await fetch(target_of(fleet, "mtls"), context)
    assert page.startswith(b"HTTP/1.1 200 OK\r\n")
