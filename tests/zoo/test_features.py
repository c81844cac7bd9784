"""Features and vulnerabilities of real servers, compared with the known behaviour of each stack.

The facts that a configuration determines are listed here per server. Every feature of these servers is
listed, so that none may be missing or unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from model.verdict import Verdict
from probe.checks.part import USUAL_PARTS, Part
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.server import ZooServer
from tests.zoo.visit import visit

ASKED: Final = frozenset({Part.FEATURES, Part.VULNERABILITIES, Part.REVOCATION})
MOST_EXTRA_CONNECTIONS: Final = 44
"""Puma and ejabberd take 41, all others at most 40; on a busy machine a slow answer costs a control more."""

OPENSSL_FORMATS = "uncompressed,ansiX962_compressed_prime,ansiX962_compressed_char2"
TOLERANT = {"grease_tolerance": None, "long_hello_tolerance": None}
NEWEST = {"hello_retry_completes": None, "unknown_key_share_tolerance": None}
EARLIER = {"secure_renegotiation": None, "session_ids": None, "session_tickets": None}
NGINX_PROTOCOLS = {"alpn": "http/1.1,http/1.0,http/0.9", "alpn_unknown_refused": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """All features that are yes, with their values; all vulnerabilities that are yes; and the undecidable
    ones: Node 0.10 hangs up without the alert by which CCS injection is recognised."""

    features: dict[str, str | None]
    vulnerabilities: frozenset[str] = field(default_factory=frozenset)
    unknown: tuple[str, ...] = ()


EXPECTED: Final = {
    "nginx-rsa-client-preference": Expected(
        features={
            **TOLERANT,
            **NEWEST,
            **EARLIER,
            **NGINX_PROTOCOLS,
            "downgrade_sentinel": None,
            "encrypt_then_mac": None,
            "extended_main_secret": None,
            "fallback_scsv": None,
            "point_formats": OPENSSL_FORMATS,
            "resumption_by_ticket": "300",
            "session_id_echo": "TLSv1.3",
            "tls13_resumption": None,
            "version_tolerance": None,
        }
    ),
    "nginx-tls13-only": Expected(
        features={
            **TOLERANT,
            **NEWEST,
            **NGINX_PROTOCOLS,
            "session_id_echo": "TLSv1.3",
            "tls13_resumption": None,
        }
    ),
    "nginx-stapling-tls13-only": Expected(
        features={
            **TOLERANT,
            **NEWEST,
            **NGINX_PROTOCOLS,
            "ocsp_stapling": "rsa",
            "session_id_echo": "TLSv1.3",
            "tls13_resumption": None,
        }
    ),
    "openssl-tls12-only": Expected(
        features={
            **TOLERANT,
            **EARLIER,
            "encrypt_then_mac": None,
            "extended_main_secret": None,
            "point_formats": OPENSSL_FORMATS,
            "resumption_by_ticket": "7200",
            "version_tolerance": None,
        }
    ),
    "tlslite-compressed-chain": Expected(
        features={
            **TOLERANT,
            **NEWEST,
            "alpn": "http/1.1",
            "certificate_compression": "zlib",
            "session_id_echo": "TLSv1.3",
        }
    ),
    "gnutls-legacy": Expected(
        features={
            **TOLERANT,
            **NEWEST,
            **EARLIER,
            "client_renegotiation": None,
            "downgrade_sentinel": None,
            "fallback_scsv": None,
            "point_formats": "uncompressed",
            "record_size_limit": "16384",
            "resumption_by_id": None,
            "resumption_by_ticket": "21600",
            "session_id_echo": "TLSv1.3",
            "signs_with_sha1": None,
            "tls13_resumption": None,
            "version_tolerance": None,
        },
        vulnerabilities=frozenset(
            {
                "anonymous_suites",
                "beast",
                "client_renegotiation_dos",
                "lucky13",
                "rc4",
                "sweet32",
            }
        ),
    ),
    "node0100-heartbleed": Expected(
        features={
            **TOLERANT,
            **EARLIER,
            "clock_in_random": None,
            "heartbeat": None,
            "npn": None,
            "resumption_by_ticket": "300",
            "version_tolerance": None,
        },
        vulnerabilities=frozenset(
            {
                *("beast", "drown", "heartbleed", "lucky13"),
                *("null_suites", "poodle_ssl3", "rc4", "sweet32"),
            }
        ),
        unknown=("ccs_injection",),
    ),
    "node010-sslv3-to-tls12-everything": Expected(
        features={
            **TOLERANT,
            **EARLIER,
            "fallback_scsv": None,
            "npn": None,
            "resumption_by_ticket": "300",
            "version_tolerance": None,
        },
        vulnerabilities=frozenset(
            {"beast", "lucky13", "null_suites", "poodle_ssl3", "rc4", "sweet32"}
        ),
    ),
}
SERVER_BY_NAME: Final = {server.name: server for server in SERVERS}


@pytest.mark.integration
@pytest.mark.parametrize("name", EXPECTED)
async def test_every_feature_and_vulnerability_is_as_the_stack_implements_it(
    name: str, certificates: Certificates, tmp_path: Path
) -> None:
    seen = (await visit(SERVER_BY_NAME[name], certificates, tmp_path)).observation
    facts = {**seen.features, **seen.vulnerabilities}
    unknown = tuple(fact for fact, one in facts.items() if one.verdict is Verdict.UNKNOWN)
    assert unknown == EXPECTED[name].unknown
    assert {
        fact: one.value for fact, one in seen.features.items() if one.verdict is Verdict.YES
    } == EXPECTED[name].features
    assert {
        fact for fact, one in seen.vulnerabilities.items() if one.verdict is Verdict.YES
    } == EXPECTED[name].vulnerabilities


@pytest.mark.integration
@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
async def test_features_and_vulnerabilities_cost_few_extra_connections(
    server: ZooServer, certificates: Certificates, tmp_path: Path
) -> None:
    costs = []
    for part, parts in {"all": USUAL_PARTS, "core": USUAL_PARTS - ASKED}.items():
        directory = tmp_path / part
        directory.mkdir()
        costs.append((await visit(server, certificates, directory, parts)).connections_seen)
    whole, core = costs
    assert whole - core <= MOST_EXTRA_CONNECTIONS
