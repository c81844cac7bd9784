"""Features and vulnerabilities of real servers, compared with the known behaviour of each stack.

The facts that a configuration determines are listed here per server. Every feature of these servers is
listed, so that none may be missing or unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pytest

from model.observation import Observation
from model.verdict import Verdict
from tests.zoo.catalogue import SERVERS
from tests.zoo.visit import ThreeVisits

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


def test_every_stack_with_expectations_is_in_the_zoo() -> None:
    assert EXPECTED.keys() <= {server.name for server in SERVERS}


@pytest.mark.integration
def test_features_and_vulnerabilities_are_as_the_stack_implements_them_at_little_cost(
    visits: ThreeVisits,
) -> None:
    extra = visits.whole.connections_seen - visits.core.connections_seen
    assert extra <= MOST_EXTRA_CONNECTIONS
    if (expected := EXPECTED.get(visits.server.name)) is not None:
        assert found_in(visits.whole.observation) == expected


def found_in(seen: Observation) -> Expected:
    """The features and vulnerabilities of a visit, in the form of the expectations."""
    facts = {**seen.features, **seen.vulnerabilities}
    return Expected(
        features={
            name: fact.value for name, fact in seen.features.items() if fact.verdict is Verdict.YES
        },
        vulnerabilities=frozenset(
            name for name, fact in seen.vulnerabilities.items() if fact.verdict is Verdict.YES
        ),
        unknown=tuple(name for name, fact in facts.items() if fact.verdict is Verdict.UNKNOWN),
    )
