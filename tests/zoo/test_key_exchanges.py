"""Real servers with configured groups, finite fields and signatures, and the cost of their visits."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from model.encoding.facts_digest import facts_digest
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict
from probe.checks.part import Part
from tests.probe.programmable.primes import prime
from tests.zoo.certificates import Certificates
from tests.zoo.gnutls_servers import GNUTLS_SERVERS
from tests.zoo.nginx_servers import NGINX_MODERN, NGINX_SERVERS
from tests.zoo.openssl_servers import SServer
from tests.zoo.server import ZooServer
from tests.zoo.visit import visit

TLSV1_2, TLSV1_3 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
CORE = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES})
ASKED = CORE | {Part.GROUPS, Part.DH, Part.SIGNATURES}
BUDGET = 22
"""Five curves, eleven schemes at TLS 1.2 and four at TLS 1.3 of an RSA and an ECDSA key."""

RSA_DHE = "DHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0"


async def observed(server: SServer, certificates: Certificates, directory: Path) -> Observation:
    zoo_server = ZooServer(name=server.name, start=server.start, truth=server.truth)
    return (await visit(zoo_server, certificates, directory, ASKED)).observation


def write_named_parameters(directory: Path, name: str) -> None:
    """``dh.pem`` with the group that ``openssl`` knows by that name."""
    command = ["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"group:{name}"]
    subprocess.run([*command, "-out", str(directory / "dh.pem")], check=True, capture_output=True)


def new_prime(bits: int) -> int:
    """A prime that no other server uses; it is practically never safe by chance."""
    command = ["openssl", "prime", "-generate", "-bits", str(bits)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def write_parameters(directory: Path, field_prime: int) -> None:
    """``dh.pem`` in the form of PKCS #3: SEQUENCE { prime INTEGER, base INTEGER }; the base is 2."""
    digits = field_prime.to_bytes(field_prime.bit_length() // 8 + 1, "big")
    numbers = b"\x02\x81" + bytes([len(digits)]) + digits + b"\x02\x01\x02"
    body = base64.encodebytes(b"\x30\x81" + bytes([len(numbers)]) + numbers).decode("ascii")
    pem = f"-----BEGIN DH PARAMETERS-----\n{body}-----END DH PARAMETERS-----\n"
    (directory / "dh.pem").write_text(pem)


@pytest.mark.integration
async def test_an_uncommon_short_prime_is_logjam(
    certificates: Certificates, tmp_path: Path
) -> None:
    write_parameters(tmp_path, new_prime(1024))
    server = SServer(name="short", options=("-tls1_2", "-dhparam", "dh.pem"), ciphers=RSA_DHE)
    observation = await observed(server, certificates, tmp_path)
    (field,) = observation.dh
    assert (field.prime_bits, field.known_as, field.is_safe_prime) == (1024, None, Verdict.NO)
    assert observation.vulnerabilities["logjam"].value == "1024"
    assert observation.vulnerabilities["logjam"].verdict is Verdict.YES
    assert observation.vulnerabilities["raccoon"].verdict is Verdict.NO


@pytest.mark.integration
@pytest.mark.parametrize("name", ["modp_2048", "modp_1536", "dh_2048_256"])
async def test_a_well_known_prime_has_its_name(
    name: str, certificates: Certificates, tmp_path: Path
) -> None:
    write_named_parameters(tmp_path, name)
    server = SServer(name=name, options=("-tls1_2", "-dhparam", "dh.pem"), ciphers=RSA_DHE)
    (field,) = (await observed(server, certificates, tmp_path)).dh
    names = {
        "modp_1536": ("RFC 3526 group 5", Verdict.YES),
        "modp_2048": ("RFC 3526 group 14", Verdict.YES),
        "dh_2048_256": ("RFC 5114 2048-bit with 256-bit subgroup", Verdict.NO),
    }
    assert (field.known_as, field.is_safe_prime) == names[name]
    assert field.prime_bits == (prime("RFC 3526 group 5").bit_length() if "15" in name else 2048)


@pytest.mark.integration
async def test_the_configured_schemes_are_found_in_their_order(
    certificates: Certificates, tmp_path: Path
) -> None:
    words = "RSA+SHA512:RSA+SHA1:rsa_pss_rsae_sha384"
    server = SServer(
        name="schemes",
        options=("-no_tls1", "-no_tls1_1", "-serverpref", "-sigalgs", words),
        ciphers="ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0",
    )
    observation = await observed(server, certificates, tmp_path)
    found = observation.signature_schemes[TLSV1_2]
    assert found.accepted == ("rsa_pkcs1_sha512", "rsa_pkcs1_sha1", "rsa_pss_rsae_sha384")
    assert (found.complete, found.preference) == (True, Preference.SERVER)
    assert observation.signature_schemes[TLSV1_3].accepted == ("rsa_pss_rsae_sha384",)
    assert observation.signature_schemes[TLSV1_3].complete
    assert observation.features["signs_with_sha1"].verdict is Verdict.YES


@pytest.mark.integration
async def test_the_configured_curves_are_found_in_their_order(
    certificates: Certificates, tmp_path: Path
) -> None:
    curves = "P-384:brainpoolP256r1:X25519:secp256k1:P-224"
    server = SServer(
        name="curves",
        options=("-tls1_2", "-serverpref", "-groups", curves),
        ciphers="ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0",
    )
    found = (await observed(server, certificates, tmp_path)).groups[TLSV1_2]
    names = ("secp384r1", "brainpoolP256r1", "x25519", "secp256k1", "secp224r1")
    assert (found.accepted, found.complete, found.preference) == (names, True, Preference.SERVER)


@pytest.mark.integration
async def test_key_exchanges_schemes_and_groups_cost_no_more_than_the_budget(
    certificates: Certificates, tmp_path: Path
) -> None:
    """The groups of TLS 1.3, which belong to the same part, have a budget of their own."""
    without = await visit(NGINX_MODERN, certificates, tmp_path, CORE)
    seen = await visit(NGINX_MODERN, certificates, tmp_path, ASKED)
    for_tls13_groups = len(seen.observation.groups[TLSV1_3].accepted) + 1
    cost = seen.connections_seen - without.connections_seen - for_tls13_groups
    assert set(seen.observation.signature_schemes) == {TLSV1_2, TLSV1_3}
    assert cost <= BUDGET


@pytest.mark.integration
@pytest.mark.parametrize(
    "server",
    [
        one
        for one in (*NGINX_SERVERS, *GNUTLS_SERVERS)
        if one.name in {"nginx-old", "gnutls-legacy"}
    ],
    ids=lambda server: server.name,
)
async def test_a_second_visit_finds_the_same_facts(
    server: ZooServer, certificates: Certificates, tmp_path: Path
) -> None:
    first = await visit(server, certificates, tmp_path, ASKED)
    second = await visit(server, certificates, tmp_path, ASKED)
    elsewhere = replace(second.observation, endpoint=first.observation.endpoint)
    assert facts_digest(first.observation) == facts_digest(elsewhere)
