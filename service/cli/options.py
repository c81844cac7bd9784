"""Options that several commands share, with their help texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypeAlias

from model.findings.finding import Severity
from model.intrusiveness import Intrusiveness
from service.cli.completing import complete_policy
from service.cli.parameters import Argument, Option
from service.scan.formats import OutputFormat

Policies: TypeAlias = Annotated[
    list[str] | None,
    Option(
        "--policy",
        metavar="NAME|FILE",
        complete=complete_policy,
        help="Check against this profile (see tlsprobe policy list), or against the policies in this "
        "file that match the endpoint; repeatable.",
    ),
]
Labels: TypeAlias = Annotated[
    list[str] | None,
    Option(
        "--label",
        metavar="NAME=VALUE",
        help="Give the endpoints this label, for policies that select by labels; repeatable.",
    ),
]
FailOn: TypeAlias = Annotated[
    Severity | None,
    Option(
        help="With --policy: exit with 3 only for findings of this severity or higher. [default: info]"
    ),
]
ReportFiles: TypeAlias = Annotated[
    list[str] | None,
    Option(
        "--report",
        metavar="FORMAT=FILE",
        help="With --policy: also write a report to FILE, in a format of tlsprobe report, such as "
        "junit=junit.xml or sarif=tlsprobe.sarif; repeatable.",
    ),
]
AllowUnknown: TypeAlias = Annotated[
    bool,
    Option(
        "--allow-unknown",
        help="With --policy: treat unknown results as passing.",
    ),
]
IntrusivenessLevel: TypeAlias = Annotated[
    Intrusiveness,
    Option(
        "--intrusiveness",
        help="What may be sent: safe (handshakes), standard (also forged client certificates and "
        "requests without TLS), full (also probes of attacks, such as Heartbleed's request).",
    ),
]
Checks: TypeAlias = Annotated[
    str | None,
    Option(
        metavar="NAME,NAME",
        help="Run only these checks, such as versions,suites,certificates.",
    ),
]
Proxy: TypeAlias = Annotated[
    str | None,
    Option(
        metavar="URL",
        help="Connect through this proxy: http://host:3128 (CONNECT) or socks5://host:1080. Put a "
        "user in the URL (user@host); the password is read from TLSPROBE_PROXY_PASSWORD.",
    ),
]
SourceAddress: TypeAlias = Annotated[
    str | None,
    Option(metavar="ADDRESS", help="Local address to connect from."),
]
ProxyProtocol: TypeAlias = Annotated[
    str | None,
    Option(metavar="v1|v2", help="Begin each connection with a PROXY protocol header."),
]
OnlyIpv4: TypeAlias = Annotated[bool, Option("--ipv4", "-4", help="Use IPv4 only.")]
OnlyIpv6: TypeAlias = Annotated[bool, Option("--ipv6", "-6", help="Use IPv6 only.")]
ProbedHost: TypeAlias = Annotated[
    str, Argument(metavar="HOST[:PORT]", help="The endpoint to probe, as in tlsprobe scan.")
]
ServerName: TypeAlias = Annotated[
    str | None,
    Option(metavar="NAME", help="Send this server name (SNI) instead of HOST."),
]
Timeout: TypeAlias = Annotated[
    float, Option(metavar="SECONDS", help="Time limit for each endpoint.")
]
TrustStores: TypeAlias = Annotated[
    list[str] | None,
    Option(
        "--trust-store",
        metavar="NAME=FILE",
        help="Also verify chains against the CA certificates in FILE (PEM); repeatable.",
    ),
]
Fetch: TypeAlias = Annotated[
    bool,
    Option("--fetch", help="Fetch what certificates refer to: OCSP, CRLs, missing issuers."),
]
Dns: TypeAlias = Annotated[
    bool, Option("--dns", help="Check CAA, TLSA, HTTPS and SVCB records, and the ECH key in them.")
]
NameServers: TypeAlias = Annotated[
    list[str] | None,
    Option(
        "--name-server",
        metavar="ADDRESS[:PORT]",
        help="Ask this name server for --dns and mail-domain:, instead of the system's; repeatable. "
        "It should validate DNSSEC.",
    ),
]
LogList: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE", help="Verify certificate timestamps (SCTs) by this log list (version 3)."
    ),
]
NoEvidence: TypeAlias = Annotated[
    bool, Option("--no-evidence", help="With --json: omit the raw proofs.")
]
Output: TypeAlias = Annotated[
    OutputFormat,
    Option(
        help="Output format. json: all Observations as one list; jsonl: one per line; with "
        "--policy also a report in a format of tlsprobe report.",
    ),
]
ObservationsAsJson: TypeAlias = Annotated[
    bool,
    Option(
        "--json",
        help="Short for --output jsonl: print one Observation per line as JSON, with all evidence.",
    ),
]
AsJson: TypeAlias = Annotated[bool, Option("--json", help="Print one JSON object.")]
Verbose: TypeAlias = Annotated[
    bool,
    Option(
        "--verbose",
        "-v",
        help="Also show every feature and attack, OpenSSL's names, serial numbers and fingerprints.",
    ),
]
NoColour: TypeAlias = Annotated[
    bool,
    Option("--no-color", help="Print without colour, as with NO_COLOR in the environment."),
]
AllowUnauthenticated: TypeAlias = Annotated[
    bool,
    Option(
        "--allow-unauthenticated",
        help="Let clients read without a password, also if --listen is not a loopback address.",
    ),
]
DEFAULT_DATABASE: Final = "sqlite:///tlsprobe.db"
Database: TypeAlias = Annotated[
    str, Option("--database", metavar="URL", help="The service's database.")
]
Since: TypeAlias = Annotated[
    str, Option(metavar="TIME", help="A duration before now, such as 24h or 7d, or a date.")
]
OnlyLabels: TypeAlias = Annotated[
    list[str] | None,
    Option("--label", metavar="NAME=VALUE", help="Only targets with this label; repeatable."),
]
KnownHost: TypeAlias = Annotated[
    str,
    Argument(
        metavar="HOST",
        help="A host, a target such as a.example:443, an endpoint of tlsprobe inventory, or the "
        "beginning of one.",
    ),
]
OnlyHost: TypeAlias = Annotated[
    str | None,
    Argument(metavar="HOST", help="Only the endpoints of this host, target or endpoint."),
]
NewestRows: TypeAlias = Annotated[
    int,
    Option(
        "--limit", metavar="COUNT", bounds=(1, 10_000), help="Show at most this many, newest first."
    ),
]
PolicyName: TypeAlias = Annotated[
    str,
    Argument(
        metavar="NAME|FILE",
        complete=complete_policy,
        help="A profile, or a policy file.",
    ),
]
