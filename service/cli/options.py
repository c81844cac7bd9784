"""Options that several commands have, with their words."""

from __future__ import annotations

from typing import Annotated, TypeAlias

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
Proxy = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Reach endpoints through this proxy: http://host:3128 (CONNECT) or socks5://host:1080; a "
        "user stands before the host, its password in TLSPROBE_PROXY_PASSWORD.",
    ),
]
SourceAddress = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Come from this address of the machine's."),
]
ProxyProtocol = Annotated[
    str | None,
    typer.Option(metavar="v1|v2", help="Begin each connection with the PROXY protocol's preamble."),
]
OnlyIpv4 = Annotated[bool, typer.Option("--ipv4", "-4", help="Visit addresses of IPv4 alone.")]
OnlyIpv6 = Annotated[bool, typer.Option("--ipv6", "-6", help="Visit addresses of IPv6 alone.")]
