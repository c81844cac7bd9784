"""Each scanner's output is parsed as that scanner prints it; the samples are from the named versions."""

from __future__ import annotations

import json

from benchmarks.support.scanners import read_nmap, read_sslscan, read_sslyze, read_tlsprobe

NMAP_7_93 = """\
PORT      STATE SERVICE
44789/tcp open  unknown
| ssl-enum-ciphers:
|   TLSv1.2:
|     ciphers:
|       TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (ecdh_x25519) - A
|       TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 (ecdh_x25519) - A
|     compressors:
|       NULL
|     cipher preference: server
|   TLSv1.3:
|     ciphers:
|       TLS_AKE_WITH_AES_256_GCM_SHA384 (ecdh_x25519) - A
|     cipher preference: server
|_  least strength: A
"""
SSLSCAN_2_0_7 = """\
TLSv1.2   enabled

  Supported Server Cipher(s):
Preferred TLSv1.3  256 bits  TLS_AES_256_GCM_SHA384        Curve 25519 DHE 253
Preferred TLSv1.2  128 bits  ECDHE-ECDSA-AES128-GCM-SHA256 Curve 25519 DHE 253
Accepted  TLSv1.2  256 bits  ECDHE-RSA-CHACHA20-POLY1305   Curve 25519 DHE 253

  Server Key Exchange Group(s):
TLSv1.3  128 bits  secp256r1 (NIST P-256)
"""
FOUND = frozenset(
    {
        ("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        ("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        ("TLSv1.2", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    }
)


def test_nmap() -> None:
    assert read_nmap(NMAP_7_93) == FOUND


def test_sslscan() -> None:
    assert read_sslscan(SSLSCAN_2_0_7) == FOUND


def test_sslyze() -> None:
    accepted = {
        f"tls_1_{minor}_cipher_suites": {
            "result": {
                "accepted_cipher_suites": [
                    {"cipher_suite": {"name": name}}
                    for version, name in FOUND
                    if version == f"TLSv1.{minor}"
                ]
            }
        }
        for minor in range(4)
    }
    assert read_sslyze(json.dumps({"server_scan_results": [{"scan_result": accepted}]})) == FOUND


def test_tlsprobe() -> None:
    suites = {
        version: {"accepted": [name for each, name in FOUND if each == version]}
        for version in ("TLSv1.2", "TLSv1.3")
    }
    assert read_tlsprobe(json.dumps({"cipher_suites": suites}) + "\n") == FOUND
