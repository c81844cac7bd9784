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
    description="Everything that is known of one target; its changes stand on the time line.",
    scope="endpoint",
    panels=(
        stat(
            "Answers",
            "1 where an address answered the last visit as TLS.",
            _of("up"),
            thresholds=ONE_IS_GOOD,
        ),
        stat("Addresses", "How many addresses its name has.", _of("addresses")),
        stat(
            "Last visit",
            "How long ago it was visited.",
            f"time() - max({_of('last_probe_timestamp_seconds')})",
            unit="s",
        ),
        stat(
            "Leaf ends in",
            "What is left of its leaf; negative where it has ended.",
            f"min({_of('cert_not_after_timestamp_seconds', LEAF)}) - time()",
            unit="s",
            thresholds=TIME_LEFT,
        ),
        stat(
            "Trusted",
            "1 where a trust store takes its chain.",
            f"min(max by (address, cert) ({_of('cert_verify_success')}))",
            thresholds=ONE_IS_GOOD,
        ),
        stat(
            "Unknown facts",
            "Facts that the last visit could not prove.",
            f"count({_of('check_unknown')}) or vector(0)",
            thresholds=TROUBLE,
        ),
        _panel(
            "statetimeline",
            "Protocol versions",
            "1 where the version is accepted, 0 where it was proved not to be.",
            f"max by (protocol) ({_of('protocol_supported')})",
            "{{protocol}}",
        ),
        _panel(
            "statetimeline",
            "Up",
            "Each address: 1 where it answered as TLS.",
            _of("address_up"),
            "{{address}}",
        ),
        _panel(
            "bargauge",
            "Cipher suites by strength",
            "How many suites of each strength each version accepts.",
            f"max by (protocol, strength) ({_of('cipher_suites')})",
            "{{protocol}} {{strength}}",
        ),
        _table(
            "What clients get",
            "The newest version, with the suite, group and application protocol that go with it.",
            _of("negotiated_info"),
        ),
        _table("Certificates", "What the served certificates say of themselves.", _of("cert_info")),
        _table(
            "Ends of certificates",
            "What is left of each.",
            f"{_of('cert_not_after_timestamp_seconds')} - time()",
            unit="s",
        ),
        _table(
            "Trust",
            "1 where the trust store takes the chain, 0 where it does not.",
            _of("cert_verify_success"),
        ),
        _table(
            "Groups",
            "Groups of the key exchange that are accepted; at detail all.",
            _of("group_supported"),
        ),
        _table(
            "Client certificates",
            "1 for the mode of each version.",
            f"{_of('client_auth')} == 1",
        ),
        _table(
            "Policies",
            "1 where the policy is met, 0 where it is not.",
            _of("policy_compliant"),
        ),
        Panel(
            kind="timeseries",
            title="Open findings",
            description="Findings of each severity that are open.",
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
            title="What a visit costs",
            description="Connections that each visit opened.",
            queries=(Query(expr=_of("connections_used"), legend="{{address}}"),),
        ),
    ),
)
