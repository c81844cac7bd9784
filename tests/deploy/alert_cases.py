"""For each alert, a small fleet for which it fires and one for which it stays silent.

Prometheus' own evaluator reads them (promtool test rules). Its clock starts at zero, so times of day are
seconds from zero. A number is a constant series; a text is a series in promtool's notation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600
DAY: Final = 24 * HOUR

_NOT_BEFORE: Final = "tlsprobe_cert_not_before_timestamp_seconds"
_NOT_AFTER: Final = "tlsprobe_cert_not_after_timestamp_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``series`` in promtool's notation; ``alert`` then fires for ``firing`` label sets at ``at`` seconds."""

    alert: str
    what: str
    series: Mapping[str, float | str]
    at: int = 2 * HOUR
    firing: int = 1


def pair(
    alert: str,
    fires: Mapping[str, float | str],
    silent: Mapping[str, float | str],
    *,
    at: int = 2 * HOUR,
) -> tuple[Case, Case]:
    return (
        Case(alert=alert, what="fires", series=fires, at=at),
        Case(alert=alert, what="is silent", series=silent, at=at, firing=0),
    )


def _scheduler(instance: str = "a", **values: float | str) -> dict[str, float | str]:
    return {f'tlsprobe_{name}{{instance="{instance}"}}': value for name, value in values.items()}


def _dead_fleet() -> Iterator[Case]:
    """What dies after ten minutes, scraped every minute: two minutes later it is known."""
    down = 'up{job="tlsprobe",instance="x"}'
    fleets: tuple[tuple[str, dict[str, float | str]], ...] = (
        ("TlsprobeNoWorkers", _scheduler(leader="1x20", workers="1x9 0x10")),
        ("TlsprobeNoLeader", _scheduler(leader="1x9 0x10")),
        ("TlsprobeServiceDown", {down: "1x9 0x10", 'tlsprobe_build_info{version="1"}': 1}),
    )
    for alert, series in fleets:
        yield Case(alert=alert, what="is seen within two minutes", series=series, at=12 * 60)
        yield Case(alert=alert, what="waits for a restart", series=series, at=10 * 60, firing=0)


def _burning() -> Iterator[Case]:
    """Sixty visits or deliveries a minute for seven hours, of which some fail."""
    started = "tlsprobe_probe_delay_seconds"
    objectives = (
        # The alert, the counter of failures, and how many failures a minute are too many.
        ("TlsprobeSloVisitErrors", 'tlsprobe_probe_failures_total{reason="error"}', 0.5),
        ("TlsprobeSloDeliveries", 'tlsprobe_delivery_failures_total{sink="ops"}', 5.0),
    )
    for alert, failures, too_many in objectives:
        good = (
            "tlsprobe_probes_total" if "Visit" in alert else 'tlsprobe_deliveries_total{sink="ops"}'
        )
        for a_minute, firing in ((too_many, 1), (too_many / 10, 0)):
            series = {failures: f"0+{a_minute}x430", good: "0+60x430"}
            yield Case(
                alert=alert,
                what=f"sees {a_minute:g} a minute",
                series=series,
                at=7 * HOUR,
                firing=firing,
            )
        over = f"0+{too_many * 4}x360 {too_many * 1440}+0x70"
        yield Case(
            alert=alert,
            what="ends soon after the failures",
            series={failures: over, good: "0+60x430"},
            at=7 * HOUR,
            firing=0,
        )
    for on_time, firing in ((54, 1), (59.9, 0)):
        series = {
            f'{started}_bucket{{le="60.0"}}': f"0+{on_time}x430",
            f"{started}_count": "0+60x430",
        }
        yield Case(
            alert="TlsprobeSloLateVisits",
            what=f"sees {on_time:g} of 60 on time",
            series=series,
            at=7 * HOUR,
            firing=firing,
        )


def labelled(name: str, **labels: str) -> str:
    inner = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f'tlsprobe_{name}{{target="a:443"{"," if inner else ""}{inner}}}'


def certificate(
    not_before: float, not_after: float, position: str = "leaf"
) -> dict[str, float | str]:
    own = f'{{target="a:443",position="{position}",cert="c1"}}'
    return {f"{_NOT_BEFORE}{own}": not_before, f"{_NOT_AFTER}{own}": not_after}


LIFETIMES: Final = (
    # lifetime, warning and critical: the time left at each, in seconds.
    (398 * DAY, 30 * DAY, 7 * DAY),
    (200 * DAY, 30 * DAY, 7 * DAY),
    (100 * DAY, 25 * DAY, 7 * DAY),
    (90 * DAY, 22.5 * DAY, 7 * DAY),
    (47 * DAY, 11.75 * DAY, 4.7 * DAY),
    (160 * HOUR, 40 * HOUR, 16 * HOUR),
)
"""The thresholds of the specification: a quarter, at most 30 days; a tenth, at most 7."""

_AT: Final = 2 * HOUR
_PENDING: Final = 16 * 60
"""A little more than the 15 minutes for which the condition of both alerts must hold."""


def _ends() -> Iterator[Case]:
    for lifetime, warning, critical in LIFETIMES:
        for alert, left in (("TlsprobeExpirySoon", warning), ("TlsprobeExpiryCritical", critical)):
            days = f"{lifetime / DAY:g} days"
            # Below the threshold for the required time, and still above it.
            below, above = _AT + left - _PENDING, _AT + left + 60
            yield Case(
                alert=alert,
                what=f"fires for {days}",
                series=certificate(below - lifetime, below),
            )
            yield Case(
                alert=alert,
                what=f"is silent for {days}",
                series=certificate(above - lifetime, above),
                firing=0,
            )
        # The critical alert replaces the other one; after expiry neither fires.
        below = _AT + critical - _PENDING - 15 * 60
        yield Case(
            alert="TlsprobeExpirySoon",
            what=f"gives way at {lifetime / DAY:g} days",
            series=certificate(below - lifetime, below),
            firing=0,
        )
    for alert in ("TlsprobeExpirySoon", "TlsprobeExpiryCritical"):
        yield Case(
            alert=alert,
            what="gives way to the end",
            series=certificate(HOUR - 90 * DAY, HOUR),
            firing=0,
        )


_CHANGED: Final = labelled("cert_changed_timestamp_seconds")
_OLD_LEAF: Final = '{target="a:443",position="leaf",cert="old"}'

CASES: Final = (
    *_ends(),
    Case(
        alert="TlsprobeCertificateExpired",
        what="fires days later",
        series=certificate(-90 * DAY, 2 * HOUR - 3 * DAY),
    ),
    *pair(
        "TlsprobeCertificateExpired",
        certificate(-90 * DAY, HOUR),
        certificate(-90 * DAY, HOUR, "root") | {labelled("up"): 1},
    ),
    *pair(
        "TlsprobeCertificateExpired",
        certificate(-90 * DAY, HOUR, "intermediate"),
        certificate(-90 * DAY, HOUR, "surplus") | {labelled("up"): 1},
    ),
    *pair("TlsprobeNotYetValid", certificate(3 * HOUR, 90 * DAY), certificate(HOUR, 90 * DAY)),
    *pair(
        "TlsprobeClientCertificateExpiry",
        {labelled("client_cert_not_after_timestamp_seconds", identity="ops"): 13 * DAY},
        {labelled("client_cert_not_after_timestamp_seconds", identity="ops"): 15 * DAY},
    ),
    Case(
        alert="TlsprobeClientCertificateExpiry",
        what="fires after the end",
        series={labelled("client_cert_not_after_timestamp_seconds", identity="ops"): -3 * DAY},
    ),
    *pair(
        "TlsprobeVerificationFailed",
        {
            labelled("cert_verify_success", cert="c", trust_store="mozilla"): 0,
            labelled("cert_verify_success", cert="c", trust_store="internal"): 0,
            labelled("cert_verify_error", cert="c", trust_store="mozilla", reason="unknown_ca"): 1,
        },
        # One trusting store is enough; a failure with an alert of its own is reported once.
        {
            labelled("cert_verify_success", cert="c", trust_store="mozilla"): 0,
            labelled("cert_verify_success", cert="c", trust_store="internal"): 1,
            labelled("cert_verify_success", cert="d", trust_store="mozilla"): 0,
            labelled("cert_verify_error", cert="d", trust_store="mozilla", reason="expired"): 1,
        },
    ),
    *pair(
        "TlsprobeHostnameMismatch",
        {labelled("cert_hostname_matches", cert="c"): 0},
        {labelled("cert_hostname_matches", cert="c"): 1},
    ),
    *pair(
        "TlsprobeRevoked",
        {labelled("revoked", position="leaf", cert="c", method="crl"): 1},
        {labelled("revoked", position="leaf", cert="c", method="crl"): 0},
    ),
    *pair(
        "TlsprobeRevocationDataStale",
        {
            labelled(
                "ocsp_next_update_timestamp_seconds", position="leaf", cert="c", method="staple"
            ): 10 * 60
        },
        # Renewed within the permitted hour.
        {
            labelled(
                "crl_next_update_timestamp_seconds", position="leaf", cert="c", method="crl"
            ): f"{HOUR + 600}+0x110 {5 * HOUR}+0x400"
        },
    ),
    *pair(
        "TlsprobeStapleMissing",
        {labelled("cert_problem", cert="c", problem="staple_missing"): 1},
        {labelled("cert_problem", cert="c", problem="surplus"): 1},
    ),
    *pair(
        "TlsprobeWeakKeyOrSignature",
        {labelled("cert_problem", cert="c", problem="weak_signature"): 1},
        {labelled("cert_problem", cert="c", problem="misordered"): 1},
    ),
    *pair(
        "TlsprobeLifetimeExceedsLimit",
        {labelled("cert_problem", cert="c", problem="lifetime_too_long"): 1},
        {labelled("cert_problem", cert="c", problem="internal_name"): 1},
    ),
    *pair(
        "TlsprobeMismatchAcrossAddresses",
        {
            labelled("cert_info", address="x", position="leaf", cert="1", key_type="rsa"): 1,
            labelled("cert_info", address="y", position="leaf", cert="1", key_type="rsa"): 1,
            labelled("cert_info", address="z", position="leaf", cert="2", key_type="rsa"): 1,
        },
        # RSA in addition to ECDSA is normal, and so are two chains at one address.
        {
            labelled("cert_info", address="x", position="leaf", cert="1", key_type="rsa"): 1,
            labelled("cert_info", address="y", position="leaf", cert="1", key_type="rsa"): 1,
            labelled("cert_info", address="x", position="leaf", cert="2", key_type="ecdsa"): 1,
            'tlsprobe_cert_info{target="b:1",position="leaf",cert="3",key_type="rsa"}': 1,
            'tlsprobe_cert_info{target="b:1",position="leaf",cert="4",key_type="rsa"}': 1,
        },
        at=4 * HOUR,
    ),
    *pair(
        "TlsprobeChangedUnexpectedly",
        {
            _CHANGED: f"_x179 {3 * HOUR}+0x60",
            f"{_NOT_BEFORE}{_OLD_LEAF}": f"{-20 * DAY}+0x179 stale",
            f"{_NOT_AFTER}{_OLD_LEAF}": f"{70 * DAY}+0x179 stale",
        },
        # Two thirds of its lifetime are over: an ACME client renewed it.
        {
            _CHANGED: f"_x179 {3 * HOUR}+0x60",
            f"{_NOT_BEFORE}{_OLD_LEAF}": f"{-61 * DAY}+0x179 stale",
            f"{_NOT_AFTER}{_OLD_LEAF}": f"{29 * DAY}+0x179 stale",
        },
        at=3 * HOUR + 600,
    ),
    *pair(
        "TlsprobeWeakProtocol",
        {labelled("protocol_supported", protocol="TLSv1.0"): 1},
        {
            labelled("protocol_supported", protocol="TLSv1.0"): 0,
            labelled("protocol_supported", protocol="TLSv1.2"): 1,
        },
    ),
    *pair(
        "TlsprobeWeakCipherSuite",
        {labelled("cipher_suites", protocol="TLSv1.2", strength="weak"): 2},
        {
            labelled("cipher_suites", protocol="TLSv1.2", strength="weak"): 0,
            labelled("cipher_suites", protocol="TLSv1.2", strength="legacy"): 2,
        },
    ),
    # Two suites are two, at however many versions; one of another strength is an alert of its own.
    Case(
        alert="TlsprobeWeakCipherSuite",
        what="counts each suite once",
        series={
            labelled(
                "weak_cipher_suite_supported", protocol=protocol, cipher=cipher, strength=strength
            ): 1
            for protocol in ("TLSv1.0", "TLSv1.1", "TLSv1.2")
            for cipher, strength in (("A", "weak"), ("B", "weak"), ("C", "insecure"))
        },
        firing=2,
    ),
    *pair(
        "TlsprobeVulnerable",
        {labelled("vulnerable", check="heartbleed"): 1},
        {labelled("vulnerable", check="heartbleed"): 0, labelled("vulnerable", check="beast"): 1},
    ),
    *pair(
        "TlsprobePolicyRegression",
        {
            labelled("policy_compliant", policy="corp"): "1+0x60 0+0x200",
            labelled("findings", policy="corp", severity="high"): "0+0x60 1+0x200",
        },
        {
            labelled("policy_compliant", policy="corp"): 0,
            labelled("findings", policy="corp", severity="high"): 1,
        },
    ),
    Case(
        alert="TlsprobePolicyRegression",
        what="is silent if all is waived",
        series={
            labelled("policy_compliant", policy="corp"): "1+0x60 0+0x200",
            labelled("findings", policy="corp", severity="high"): 0,
        },
        firing=0,
    ),
    *pair(
        "TlsprobeClaimContradicted",
        {
            labelled(
                "claim_proved", claim="declared_certificate", source="nginx", kind="declared"
            ): 0
        },
        {
            labelled(
                "claim_proved", claim="declared_certificate", source="nginx", kind="declared"
            ): 1,
            labelled("claim_proved", claim="elb_policy", source="prowler", kind="reported"): 0,
        },
    ),
    *pair(
        "TlsprobePlaintextReachable",
        {labelled("plaintext", fact="answers_in_plaintext"): 1},
        {
            labelled("plaintext", fact="answers_in_plaintext"): 1,
            labelled("http", fact="redirects_to_https"): 1,
            labelled("probe_failure", stage="connect", reason="refused"): 1,
        },
    ),
    *pair(
        "TlsprobeClientAuthNotEnforced",
        {
            labelled("client_auth", protocol="TLSv1.2", mode="required"): 0,
            labelled("client_auth_expected", mode="required"): 1,
        },
        # The owner expects no client certificates, or the server's behaviour is unknown.
        {
            labelled("client_auth", protocol="TLSv1.2", mode="required"): 0,
            'tlsprobe_client_auth_expected{target="b:443",mode="required"}': 1,
        },
    ),
    *pair(
        "TlsprobeClientAuthNotVerified",
        {labelled("client_auth_verified", protocol="TLSv1.3"): 0},
        {labelled("client_auth_verified", protocol="TLSv1.3"): 1},
    ),
    *pair(
        "TlsprobeEndpointDown",
        {labelled("up"): 0, labelled("consecutive_failures"): 3},
        # One failure is a restart; if another address answers, the target is not down.
        {
            labelled("up"): 0,
            labelled("consecutive_failures"): 2,
            'tlsprobe_up{target="b:443"}': 1,
            'tlsprobe_consecutive_failures{target="b:443",address="x"}': 9,
        },
    ),
    *pair(
        "TlsprobeAddressDown",
        {
            labelled("up"): 1,
            labelled("address_up", address="x"): 1,
            labelled("address_up", address="y"): 0,
        },
        {labelled("up"): 0, labelled("address_up", address="x"): 0},
    ),
    *pair(
        "TlsprobeProbeStale",
        {labelled("last_probe_timestamp_seconds"): 0, labelled("probe_interval_seconds"): 600},
        {labelled("last_probe_timestamp_seconds"): 0, labelled("probe_interval_seconds"): HOUR},
    ),
    *pair(
        "TlsprobeUnknownTooLong",
        {
            labelled("check_unknown", check=check, protocol="", reason="inconclusive"): 1
            for check in ("robot", "ticketbleed")
        },
        {
            labelled(
                "check_unknown", check="robot", protocol="", reason="inconclusive"
            ): "1+0x60 stale",
            labelled(
                "check_unknown", check="ticketbleed", protocol="", reason="inconclusive"
            ): "_x1400 1+0x200",
        },
        at=26 * HOUR,
    ),
    Case(
        alert="TlsprobeUnknownTooLong",
        what="is silent where no question can help",
        series={
            labelled(
                "check_unknown", check="groups", protocol="TLSv1.2", reason="no_hello_shows"
            ): 1,
            labelled("facts_needing_client_certificate"): 8,
        },
        at=26 * HOUR,
        firing=0,
    ),
    *pair(
        "TlsprobeServiceDown",
        {'up{job="tlsprobe",instance="x"}': 0, 'tlsprobe_build_info{version="1"}': 1},
        {'up{job="tlsprobe",instance="x"}': 1, 'tlsprobe_build_info{version="1"}': 1},
    ),
    Case(alert="TlsprobeServiceDown", what="fires where nothing is scraped", series={}),
    *pair(
        "TlsprobeEndpointQuarantined",
        {"tlsprobe_endpoints_quarantined": 1},
        {"tlsprobe_endpoints_quarantined": 0},
    ),
    *pair(
        "TlsprobeJobsWaiting",
        {'tlsprobe_jobs_waiting{queue="zone=dmz"}': 1},
        {'tlsprobe_jobs_waiting{queue="any"}': 0},
    ),
    *pair("TlsprobeNoLeader", {"tlsprobe_leader": 0}, {"tlsprobe_leader": 1}),
    *pair(
        "TlsprobeNoWorkers",
        {**_scheduler(leader=1, workers=0), **_scheduler("b", leader=0, workers=0)},
        {**_scheduler(leader=1, workers=1), **_scheduler("b", leader=0, workers=0)},
    ),
    Case(
        alert="TlsprobeNoWorkers",
        what="leaves a fleet without a leader to TlsprobeNoLeader",
        series=_scheduler(leader=0, workers=0),
        firing=0,
    ),
    *_dead_fleet(),
    *pair("TlsprobeStoreDown", {"tlsprobe_store_up": 0}, {"tlsprobe_store_up": 1}),
    *pair(
        "TlsprobeConfigReloadFailed",
        {"tlsprobe_config_last_reload_successful": 0},
        {"tlsprobe_config_last_reload_successful": 1},
    ),
    *pair(
        "TlsprobeScheduleLag",
        {"tlsprobe_schedule_lag_seconds": 601},
        {"tlsprobe_schedule_lag_seconds": 599},
    ),
    *_burning(),
    *pair(
        "TlsprobeSeriesDropped",
        {labelled("endpoint_series_dropped"): 12},
        {labelled("up"): 1},
    ),
    *pair(
        "TlsprobeDeliveryFailing",
        {
            'tlsprobe_delivery_failures_total{sink="ops"}': "0+1x300",
            'tlsprobe_deliveries_total{sink="ops"}': 3,
        },
        {
            'tlsprobe_delivery_failures_total{sink="ops"}': "0+1x300",
            'tlsprobe_deliveries_total{sink="ops"}': "0+1x300",
        },
    ),
    *pair(
        "TlsprobeNotificationsRefused",
        {'tlsprobe_notifications_refused_total{sink="ops"}': "0+0x90 1+0x60"},
        {'tlsprobe_notifications_refused_total{sink="ops"}': "1+0x300"},
    ),
    *pair(
        "TlsprobeDiscoverySourceDown",
        {'tlsprobe_discovery_up{source="file:a"}': 0},
        {'tlsprobe_discovery_up{source="file:a"}': 1},
    ),
    *pair(
        "TlsprobeDiscoveryShrunk",
        {'tlsprobe_discovery_targets{source="file:a"}': "100+0x60 60+0x200"},
        {'tlsprobe_discovery_targets{source="file:a"}': "100+0x60 80+0x200"},
    ),
)
