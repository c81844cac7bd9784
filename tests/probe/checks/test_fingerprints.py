"""JA3S and JA4S follow their published forms, and are equal on every visit to the same stack."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from model.protocol_version import ProtocolVersion
from probe.checks.features.fingerprints import ja3s, ja4s
from probe.checks.part import Part
from probe.tls.extensions import Extension
from probe.tls.hello import ServerHello
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.visit import visit

PARTS = frozenset({Part.VERSIONS, Part.FINGERPRINTS})


def hello(version: int, suite: int, *extensions: tuple[int, bytes]) -> ServerHello:
    return ServerHello(
        legacy_version=version,
        random=bytes(32),
        session_id=b"",
        cipher_suite=suite,
        compression_method=0,
        extensions=tuple(Extension(code_point=kind, body=body) for kind, body in extensions),
    )


def test_ja3s_is_the_hash_of_version_suite_and_extensions() -> None:
    """The example from the method's own description: 769,47,65281-0-11-35-5-16."""
    kinds = (65281, 0, 11, 35, 5, 16)
    found = ja3s(hello(769, 47, *((kind, b"") for kind in kinds)))
    assert found == "836ce314215654b5b1f85f97c73e506f"


def test_a_hello_without_extensions_has_an_empty_field() -> None:
    expected = hashlib.md5(b"768,5,", usedforsecurity=False).hexdigest()
    assert ja3s(hello(768, 5)) == expected
    assert ja4s(hello(768, 5), ProtocolVersion.SSLV3) == "ts30000_0005_000000000000"


def test_ja4s_counts_names_and_hashes() -> None:
    """Two extensions, supported_versions and key_share, as most servers of TLS 1.3 send them."""
    found = ja4s(hello(771, 0x1301, (0x33, b""), (0x2B, b"")), ProtocolVersion.TLSV1_3)
    digest = hashlib.sha256(b"0033,002b").hexdigest()[:12]
    assert found == f"t130200_1301_{digest}"
    with_h2 = ja4s(hello(771, 0xC030, (16, b"\0\3\2h2")), ProtocolVersion.TLSV1_2)
    assert with_h2.startswith("t1201h2_c030_")


@pytest.mark.integration
async def test_stacks_are_distinguished_and_recognised(
    certificates: Certificates, tmp_path: Path
) -> None:
    seen = []
    for number, name in enumerate(("nginx-expired", "nginx-expired", "gnutls-normal")):
        directory = tmp_path / str(number)
        directory.mkdir()
        (server,) = [server for server in SERVERS if server.name == name]
        found = (await visit(server, certificates, directory, PARTS)).observation.fingerprints
        seen.append(found["ja4s_tlsv1.2"] + found["ja3s_tlsv1.2"])
    once, again, other = seen
    assert once == again != other
