"""Options that several commands share, with their help texts."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import typer

from model.findings.finding import Severity
from model.intrusiveness import Intrusiveness

Policies: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="NAME|FILE",
        help="Judge by this profile (see tlsprobe policy list) or by the policies of this file that "
        "hold for the endpoint; repeatable.",
    ),
]
Labels: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="NAME=VALUE",
        help="A label of what is probed, for policies to choose it by; repeatable.",
    ),
]
FailOn: TypeAlias = Annotated[
    Severity | None,
    typer.Option(
        help="With --policy: exit with 3 for findings of this severity or worse only. [default: info]"
    ),
]
AllowUnknown: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--allow-unknown",
        help="With --policy: do not exit with 3 for what was neither proved nor refuted.",
    ),
]
IntrusivenessLevel: TypeAlias = Annotated[
    Intrusiveness,
    typer.Option(
        "--intrusiveness",
        help="How much may be asked: safe (handshakes), standard (also forged client certificates and "
        "requests without TLS), full (also what attacks send, such as Heartbleed's request).",
    ),
]
Proxy: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Reach endpoints through this proxy: http://host:3128 (CONNECT) or socks5://host:1080; a "
        "user stands before the host, its password in TLSPROBE_PROXY_PASSWORD.",
    ),
]
SourceAddress: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Come from this address of the machine's."),
]
ProxyProtocol: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="v1|v2", help="Begin each connection with the PROXY protocol's preamble."),
]
OnlyIpv4: TypeAlias = Annotated[
    bool, typer.Option("--ipv4", "-4", help="Visit addresses of IPv4 alone.")
]
OnlyIpv6: TypeAlias = Annotated[
    bool, typer.Option("--ipv6", "-6", help="Visit addresses of IPv6 alone.")
]
ProbedHost: TypeAlias = Annotated[
    str, typer.Argument(metavar="HOST[:PORT]", help="What to probe, as in scan.")
]
ServerName: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The server name (SNI) to send in place of HOST's."),
]
ObservationsAsJson: TypeAlias = Annotated[
    bool,
    typer.Option("--json", help="Print one Observation per line as JSON, with all evidence."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
NoColour: TypeAlias = Annotated[
    bool, typer.Option("--no-color", help="No colour on a terminal (as does NO_COLOR).")
]
DEFAULT_DATABASE: Final = "sqlite:///tlsprobe.db"
Database: TypeAlias = Annotated[
    str, typer.Option("--database", metavar="URL", help="Where the service keeps what it learns.")
]
Since: TypeAlias = Annotated[
    str, typer.Option(metavar="MOMENT", help="How long ago, such as 24h or 7d, or a day.")
]
OnlyLabels: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME=VALUE", help="Only targets with this label; repeatable."),
]
KnownHost: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="HOST", help="A host, a target such as a.example:443, or an endpoint."),
]
OnlyHost: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="[HOST]", help="Only the endpoints of this host.")
]
NewestRows: TypeAlias = Annotated[
    int, typer.Option("--limit", min=1, max=10_000, help="The newest so many.")
]
PolicyName: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME|FILE", help="A profile, or a file of policies.")
]
