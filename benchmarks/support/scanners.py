"""The scanners in the comparison: their command lines, what they check, and the parsers of their output.

The suites in the output are compared with the server's configuration: a fast wrong answer is worthless. Each
entry of ``SCANNERS`` is one scanner.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.support.nginx import HOST

Suites = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """One scanner with one set of checks.

    ``arguments`` contains ``{host}`` and ``{port}``; ``read`` returns (version, IANA name) of each suite in the
    output.
    """

    name: str
    asks: str
    program: str
    arguments: str
    version_argument: str
    read: Callable[[str], Suites]

    def command(self, port: int) -> list[str]:
        """The command line that scans the server at ``port``."""
        return [self.path(), *self.arguments.format(host=HOST, port=port).split()]

    def path(self) -> str:
        """The program's path; raises FileNotFoundError if it is not installed."""
        # tlsprobe is always the one in this environment, whatever PATH has.
        beside_python = Path(sys.executable).parent / self.program
        found = str(beside_python) if beside_python.exists() else shutil.which(self.program)
        if found is None:
            raise FileNotFoundError(f"{self.program} is not installed; `make bench` installs it")
        return found

    def version(self) -> str:
        """The first version number in the program's version output."""
        told = subprocess.run(
            [self.path(), self.version_argument], capture_output=True, text=True, check=False
        )
        found = re.search(r"\d+(?:\.\d+)+\w*", told.stdout + told.stderr)
        return found[0] if found else "unknown"


def read_tlsprobe(printed: str) -> Suites:
    """Suites from ``tlsprobe scan --json``: docs/reference/observation.schema.json."""
    (line,) = printed.splitlines()
    suites = json.loads(line)["cipher_suites"]
    return frozenset((version, name) for version in suites for name in suites[version]["accepted"])


def read_sslyze(printed: str) -> Suites:
    """Suites from sslyze's JSON."""
    scan = json.loads(printed)["server_scan_results"][0]["scan_result"]
    return frozenset(
        (f"TLSv1.{minor}", accepted["cipher_suite"]["name"])
        for minor in range(4)
        for accepted in scan[f"tls_1_{minor}_cipher_suites"]["result"]["accepted_cipher_suites"]
    )


def read_sslscan(printed: str) -> Suites:
    """Suites from sslscan's text, such as ``Accepted  TLSv1.2  128 bits  ECDHE-RSA-AES…``."""
    lines = re.findall(r"^(?:Preferred|Accepted) +(\S+) +\d+ bits +(\S+)", printed, re.MULTILINE)
    return frozenset((version, _iana_name(name)) for version, name in lines)


def read_nmap(printed: str) -> Suites:
    """Suites from ssl-enum-ciphers: a heading for each version, followed by its suites."""
    suites = set()
    version = ""
    for line in printed.splitlines():
        if heading := re.match(r"\| +(SSLv\d|TLSv1\.\d): *$", line):
            version = heading[1]
        elif suite := re.match(r"\| +(TLS_\w+) ", line):
            # nmap's own names for the TLS 1.3 suites, whose names have no key exchange.
            suites.add((version, suite[1].replace("TLS_AKE_WITH_", "TLS_")))
    return frozenset(suites)


def _iana_name(openssl_name: str) -> str:
    """IANA's name for the AEAD suite with this OpenSSL name."""
    if openssl_name.startswith("TLS_"):
        return openssl_name
    # RFC 7905 fixes SHA-256 for it, so OpenSSL omits the hash.
    full = re.sub("POLY1305$", "POLY1305-SHA256", openssl_name)
    key_exchange, authentication, cipher = full.split("-", 2)
    spelt = re.sub(r"^AES(\d+)", r"AES-\1", cipher).replace("-", "_")
    return f"TLS_{key_exchange}_{authentication}_WITH_{spelt}"


SCANNERS: Final[tuple[Scanner, ...]] = (
    Scanner(
        name="tlsprobe, fewer checks",
        asks="versions, suites, preference, groups, chains, client certificates",
        program="tlsprobe",
        arguments="scan --json --checks suites,groups,certificates,client_auth {host}:{port}",
        version_argument="--version",
        read=read_tlsprobe,
    ),
    Scanner(
        name="tlsprobe",
        asks="the same, earlier groups, signature schemes, DH, every feature and vulnerability",
        program="tlsprobe",
        arguments="scan --json {host}:{port}",
        version_argument="--version",
        read=read_tlsprobe,
    ),
    Scanner(
        name="nmap",
        asks="versions, suites, preference, compression",
        program="nmap",
        arguments="-Pn -n -sT -p {port} --script ssl-enum-ciphers {host}",
        version_argument="--version",
        read=read_nmap,
    ),
    Scanner(
        name="sslscan, fewer checks",
        asks="versions, suites, preference, groups, one chain",
        program="sslscan",
        arguments="--no-colour --no-fallback --no-renegotiation --no-compression "
        "--no-heartbleed {host}:{port}",
        version_argument="--version",
        read=read_sslscan,
    ),
    Scanner(
        name="sslscan",
        asks="the same, fallback, renegotiation, compression, Heartbleed",
        program="sslscan",
        arguments="--no-colour {host}:{port}",
        version_argument="--version",
        read=read_sslscan,
    ),
    Scanner(
        name="sslyze, fewer checks",
        asks="versions, suites, groups, chains",
        program="sslyze",
        arguments="--json_out=- --mozilla_config=disable --sslv2 --sslv3 --tlsv1 --tlsv1_1 "
        "--tlsv1_2 --tlsv1_3 --certinfo --elliptic_curves {host}:{port}",
        version_argument="--help",
        read=read_sslyze,
    ),
    Scanner(
        name="sslyze",
        asks="the same, features and vulnerabilities that Mozilla's profile needs",
        program="sslyze",
        arguments="--json_out=- {host}:{port}",
        version_argument="--help",
        read=read_sslyze,
    ),
)
