"""Endpoint: all facts of one target, with its changes as annotations."""

from __future__ import annotations

from typing import Final

from scripts.dashboards.fleet import LEAF
from scripts.dashboards.spec import (
    ANY_IS_BAD,
    ONE_IS_GOOD,
    TIME_LEFT,
    TROUBLE,
    Dashboard,
    Kind,
    Panel,
    Query,
    Step,
    stat,
)

_ONE: Final = 'target=~"$target"'


def _of(metric: str, matchers: str = "") -> str:
    return f"tlsprobe_{metric}{{{_ONE}{',' if matchers else ''}{matchers}}}"


def _panel(
    kind: Kind,
    title: str,
    description: str,
    expr: str,
    legend: str,
    thresholds: tuple[Step, ...] = ONE_IS_GOOD,
) -> Panel:
    return Panel(
        kind=kind,
        title=title,
        description=description,
        queries=(Query(expr=expr, legend=legend),),
        thresholds=thresholds,
    )


def _table(title: str, description: str, expr: str, unit: str = "short") -> Panel:
    return Panel(
        kind="table", title=title, description=description, queries=(Query(expr=expr),), unit=unit
    )


ENDPOINT: Final = Dashboard(
    uid="endpoint",
    title="Endpoint",
    description="All facts about one target; changes are marked on the time axis.",
    scope="endpoint",
    panels=(
        stat(
            "Answers",
            "1 if an address answered the last visit as TLS.",
            _of("up"),
            thresholds=ONE_IS_GOOD,
        ),
        stat("Addresses", "Number of addresses of its name.", _of("addresses")),
        stat(
            "Last visit",
            "Time since the last visit.",
            f"time() - max({_of('last_probe_timestamp_seconds')})",
            unit="s",
        ),
        stat(
            "Leaf expires in",
            "Time until the leaf certificate expires; negative after expiry.",
            f"min({_of('cert_not_after_timestamp_seconds', LEAF)}) - time()",
            unit="s",
            thresholds=TIME_LEFT,
        ),
        stat(
            "Trusted",
            "1 if a trust store accepts the chain.",
            f"min(max by (address, cert) ({_of('cert_verify_success')}))",
            thresholds=ONE_IS_GOOD,
        ),
        stat(
            "Unknown facts",
            "Facts that the last visit could not determine.",
            f"count({_of('check_unknown')}) or vector(0)",
            thresholds=TROUBLE,
        ),
        _panel(
            "statetimeline",
            "Protocol versions",
            "1 if the version is accepted, 0 if it is proved refused.",
            f"max by (protocol) ({_of('protocol_supported')})",
            "{{protocol}}",
        ),
        _panel(
            "statetimeline",
            "Up",
            "1 if the address answered the last visit.",
            _of("address_up"),
            "{{address}}",
        ),
        _panel(
            "bargauge",
            "Cipher suites by strength",
            "Number of accepted suites by version and strength.",
            f"max by (protocol, strength) ({_of('cipher_suites')})",
            "{{protocol}} {{strength}}",
        ),
        _table(
            "Negotiated version and suite",
            "The newest version, with the negotiated suite, group and application protocol.",
            _of("negotiated_info"),
        ),
        _table("Certificates", "The content of the served certificates.", _of("cert_info")),
        _table(
            "Certificate expiry",
            "Time until each certificate expires.",
            f"{_of('cert_not_after_timestamp_seconds')} - time()",
            unit="s",
        ),
        _table(
            "Trust",
            "1 if the trust store accepts the chain, else 0.",
            _of("cert_verify_success"),
        ),
        _table(
            "Groups",
            "Accepted key exchange groups; requires detail all.",
            _of("group_supported"),
        ),
        _table(
            "Client certificates",
            "The mode at each version, marked by 1.",
            f"{_of('client_auth')} == 1",
        ),
        _table(
            "Policies",
            "1 if the endpoint complies with the policy, else 0.",
            _of("policy_compliant"),
        ),
        Panel(
            kind="timeseries",
            title="Open findings",
            description="Open findings by severity.",
            queries=(
                Query(
                    expr=f"sum by (severity) ({_of('findings')})",
                    legend="{{severity}}",
                ),
            ),
            thresholds=ANY_IS_BAD,
        ),
        Panel(
            kind="timeseries",
            title="Cost of a visit",
            description="Connections opened per visit.",
            queries=(Query(expr=_of("connections_used"), legend="{{address}}"),),
        ),
    ),
)
