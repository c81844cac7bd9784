"""The attacks behind the vulnerability facts: their usual names and CVE numbers, how severe each is, and its fix.

The severities are those of the profile ``known-vulnerabilities``, so that a scan without a policy agrees with
a finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from model.findings.finding import Severity
from model.frozen import frozen


@frozen
class Attack:
    """``title`` follows ``Vulnerable to`` in a sentence; ``fix`` says in a few words what to do.

    ``cves`` are the CVE numbers of ``docs/reference/checks.md``; a flaw of the protocol may have none.
    """

    title: str
    severity: Severity
    fix: str
    cves: tuple[str, ...] = ()


_ROWS: Final = (
    (
        "heartbleed",
        "Heartbleed",
        Severity.CRITICAL,
        "update OpenSSL to 1.0.1g or newer, then replace the key and the certificate",
        ("CVE-2014-0160",),
    ),
    (
        "ccs_injection",
        "CCS injection",
        Severity.CRITICAL,
        "update OpenSSL to 1.0.1h, 1.0.0m or 0.9.8za, or newer",
        ("CVE-2014-0224",),
    ),
    (
        "ticketbleed",
        "Ticketbleed",
        Severity.CRITICAL,
        "update the load balancer (F5 BIG-IP), or turn off its session tickets",
        ("CVE-2016-9244",),
    ),
    (
        "robot",
        "ROBOT",
        Severity.CRITICAL,
        "turn off cipher suites with RSA key exchange (TLS_RSA_…), and update the TLS library",
        ("CVE-2017-13099",),
    ),
    (
        "drown",
        "DROWN",
        Severity.CRITICAL,
        "turn off SSL 2.0 on every server that uses this key",
        ("CVE-2016-0800",),
    ),
    (
        "poodle_tls",
        "POODLE over TLS",
        Severity.CRITICAL,
        "update the TLS library or the load balancer: it must check the padding of CBC records",
        ("CVE-2014-8730",),
    ),
    (
        "anonymous_suites",
        "interception through anonymous suites",
        Severity.CRITICAL,
        "turn off anonymous cipher suites (aNULL in OpenSSL)",
        (),
    ),
    (
        "null_suites",
        "eavesdropping through suites without encryption",
        Severity.CRITICAL,
        "turn off cipher suites without encryption (eNULL in OpenSSL)",
        (),
    ),
    (
        "export_suites",
        "attacks on export cipher suites",
        Severity.CRITICAL,
        "turn off export cipher suites (EXPORT in OpenSSL)",
        (),
    ),
    (
        "starttls_injection",
        "command injection before STARTTLS",
        Severity.HIGH,
        "update the server: it must discard what came before TLS began",
        ("CVE-2011-0411", "CVE-2021-23214"),
    ),
    (
        "insecure_renegotiation",
        "insecure renegotiation",
        Severity.HIGH,
        "update the TLS library: it must support secure renegotiation (RFC 5746)",
        ("CVE-2009-3555",),
    ),
    ("poodle_ssl3", "POODLE", Severity.HIGH, "turn off SSL 3.0", ("CVE-2014-3566",)),
    (
        "freak",
        "FREAK",
        Severity.HIGH,
        "turn off export cipher suites, and update the TLS library",
        ("CVE-2015-0204",),
    ),
    (
        "logjam",
        "Logjam",
        Severity.HIGH,
        "use Diffie-Hellman parameters of 2048 bits or more, or only ECDHE; turn off export suites",
        ("CVE-2015-4000",),
    ),
    (
        "rc4",
        "RC4 biases",
        Severity.HIGH,
        "turn off RC4 cipher suites",
        ("CVE-2013-2566", "CVE-2015-2808"),
    ),
    (
        "sweet32",
        "SWEET32",
        Severity.MEDIUM,
        "turn off cipher suites with 3DES, DES, IDEA and RC2",
        ("CVE-2016-2183",),
    ),
    ("crime", "CRIME", Severity.MEDIUM, "turn off TLS compression", ("CVE-2012-4929",)),
    (
        "raccoon",
        "Raccoon",
        Severity.LOW,
        "turn off static DH cipher suites; use a new DHE key for each connection",
        ("CVE-2020-1968",),
    ),
    ("beast", "BEAST", Severity.LOW, "turn off TLS 1.0 and SSL 3.0", ("CVE-2011-3389",)),
    (
        "lucky13",
        "Lucky Thirteen",
        Severity.LOW,
        "turn off CBC cipher suites: AES-GCM and ChaCha20-Poly1305 are enough for all current clients",
        ("CVE-2013-0169",),
    ),
    (
        "client_renegotiation_dos",
        "denial of service by renegotiation",
        Severity.LOW,
        "turn off renegotiation by clients",
        ("CVE-2011-1473",),
    ),
)
ATTACKS: Final[Mapping[str, Attack]] = MappingProxyType(
    {
        name: Attack(title=title, severity=severity, fix=fix, cves=cves)
        for name, title, severity, fix, cves in _ROWS
    }
)
"""By the names of ``docs/reference/checks.md``."""


def attack_title(name: str) -> str:
    """The usual name of the attack; the fact's name if the table does not have it."""
    return ATTACKS[name].title if name in ATTACKS else name


def attack_with_cves(name: str) -> str:
    """The usual name of the attack with its CVE numbers: ``SWEET32 (CVE-2016-2183)``."""
    title = attack_title(name)
    cves = ATTACKS[name].cves if name in ATTACKS else ()
    return f"{title} ({', '.join(cves)})" if cves else title
