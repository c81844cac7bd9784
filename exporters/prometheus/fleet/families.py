"""All metrics of the whole fleet. The sum of their ``most`` bounds the page, whatever the size of the fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from heapq import nlargest, nsmallest
from typing import Final

from exporters.prometheus.families.family import Sample
from exporters.prometheus.fleet.conditions import conditions
from exporters.prometheus.fleet.family import (
    Amounts,
    FleetFamily,
    Reads,
    Statuses,
    by_value,
    counted,
    summed,
)
from exporters.prometheus.fleet.quantum import by_deadline, exposures, post_quantum_leaves
from model.claims.held import HeldClaim
from model.snapshot import Snapshot

_DAY_SECONDS: Final = 86_400
_HOUR_SECONDS: Final = 3600
_LISTED: Final = 50
_SEVERE: Final = frozenset({"critical", "high", "medium"})
_EXPIRY: Final = ((0, "expired"), (7, "7d"), (30, "30d"), (90, "90d"), (400, "400d"))
"""Days left, and the label of certificates that have less."""


_READS: Final = {
    **dict.fromkeys(
        (
            "protocol_supported",
            "cipher_suites",
            "weak_cipher_suites",
            "groups",
            "negotiated",
            "server_cipher_preference",
            "features",
            "vulnerable",
            "client_auth",
        ),
        Reads.CONFIGURATION,
    ),
    **dict.fromkeys(
        (
            "targets_changed_last_day",
            "next_expiry_timestamp_seconds",
            "most_findings",
            "most_consecutive_failures",
            "claims",
            "post_quantum_deadlines",
        ),
        Reads.STATUS,
    ),
}
"""By family; all others read the facts."""


def _key(statuses: Statuses) -> str:
    return statuses[0].observation.endpoint.target.key


def _leaf_ends(statuses: Statuses) -> Iterator[Sample]:
    """By the hour: a sum of certificates that end in the same one needs no certificate's own end."""
    for (_,), ends in _not_after(statuses):
        yield (str(int(ends // _HOUR_SECONDS)),), 1.0


_not_after = summed("cert_not_after_timestamp_seconds", "cert", position="leaf")
_begins = summed("cert_not_before_timestamp_seconds", "cert", position="leaf")


def _lifetimes(statuses: Statuses) -> Iterator[Sample]:
    began = dict(_begins(statuses))
    for labels, ends in dict(_not_after(statuses)).items():
        if labels in began:
            yield (str(round((ends - began[labels]) / _DAY_SECONDS)),), 1.0


def _by_time_left(amounts: Amounts, now: datetime) -> Iterable[Sample]:
    found = dict.fromkeys((*(label for _, label in _EXPIRY), "later"), 0.0)
    for (hour,), number in amounts.items():
        days = (int(hour) * _HOUR_SECONDS - now.timestamp()) / _DAY_SECONDS
        found[next((label for most, label in _EXPIRY if days < most), "later")] += number
    return [((label,), number) for label, number in found.items()]


def _changed(statuses: Statuses) -> Iterator[Sample]:
    changes = [one.config_changed_at for one in statuses if one.config_changed_at is not None]
    if changes:
        yield (str(int(max(changes).timestamp() // _HOUR_SECONDS)),), 1.0


def _within_a_day(amounts: Amounts, now: datetime) -> Iterable[Sample]:
    since = now.timestamp() // _HOUR_SECONDS - 24
    return [((), sum(number for (hour,), number in amounts.items() if int(hour) > since))]


def _ends_of_target(statuses: Statuses) -> Iterator[Sample]:
    for (cert,), ends in dict(_not_after(statuses)).items():
        yield (_key(statuses), cert), ends


def _severe_findings(statuses: Statuses) -> Iterator[Sample]:
    severities = summed("findings", "severity")
    found = sum(number for (severity,), number in severities(statuses) if severity in _SEVERE)
    if found:
        yield (_key(statuses),), found


def _failures(statuses: Statuses) -> Iterator[Sample]:
    most = max(one.consecutive_failures for one in statuses)
    if most:
        yield (_key(statuses),), float(most)


def _claims(statuses: Statuses) -> Iterator[Sample]:
    for status in statuses:
        yield from map(_claim, status.claims)


def _resource_claims(snapshot: Snapshot) -> Iterator[Sample]:
    for one in snapshot.resource_claims:
        yield _claim(one.held)


def _claim(one: HeldClaim) -> Sample:
    return (one.verdict.value, one.claim.source, one.claim.kind.value), 1.0


def _first(amounts: Amounts, _: datetime) -> Iterable[Sample]:
    return nsmallest(_LISTED, amounts.items(), key=lambda one: (one[1], one[0]))


def _highest(amounts: Amounts, _: datetime) -> Iterable[Sample]:
    return nlargest(_LISTED, amounts.items(), key=lambda one: (one[1], one[0]))


def _family(
    name: str,
    text: str,
    labels: tuple[str, ...],
    most: int,
    contributions: Callable[[Statuses], Iterator[Sample]],
    shown: Callable[[Amounts, datetime], Iterable[Sample]] | None = None,
) -> FleetFamily:
    full = f"fleet_{name}"
    by = f" by ({', '.join(labels)})" if labels else ""
    return FleetFamily(
        name=full,
        help=text,
        example=f"sum{by} (tlsprobe_{full})" if shown is None else f"tlsprobe_{full}",
        labels=labels,
        contributions=contributions,
        most=most,
        shown=shown,
        reads=_READS.get(name, Reads.FACTS),
    )


FLEET_FAMILIES: Final = (
    _family("targets", "Number of targets for which the condition is true.",
            ("condition",), 20, conditions),
    _family("targets_changed_last_day", "Number of targets whose facts changed in the last 24 hours.",
            (), 1, _changed, _within_a_day),
    _family("protocol_supported", "Number of endpoints that accept the version.",
            ("protocol",), 10, summed("protocol_supported", "protocol")),
    _family("cipher_suites", "Accepted suites of all endpoints and versions, by strength.",
            ("strength",), 8, summed("cipher_suites", "strength")),
    _family("weak_cipher_suites", "Number of endpoints and versions that accept the weak or insecure suite.",
            ("cipher",), 200, counted("weak_cipher_suite_supported", "cipher")),
    _family("groups", "Number of endpoints that accept the key exchange group.",
            ("group",), 100, counted("group_supported", "group")),
    _family("negotiated", "Number of endpoints that negotiate this at their newest version.",
            ("version", "cipher"), 100, counted("negotiated_info", "version", "cipher")),
    _family("server_cipher_preference", "Number of endpoints whose server's order decides (1) or the client's (0).",
            ("protocol", "server"), 20, by_value("server_cipher_preference", "protocol")),
    _family("features", "Number of endpoints that support the feature.",
            ("feature",), 100, summed("feature_supported", "feature")),
    _family("vulnerable", "Number of endpoints that are vulnerable to the attack.",
            ("check",), 40, summed("vulnerable", "check")),
    _family("client_auth", "Number of endpoints with this mode of client authentication at the version.",
            ("protocol", "mode"), 30, summed("client_auth", "protocol", "mode")),
    _family("policy_compliant", "Number of endpoints that meet every rule of the policy (1), or violate one (0).",
            ("policy", "compliant"), 100, by_value("policy_compliant", "policy")),
    _family("findings", "Number of open violations without waived ones.",
            ("policy", "severity"), 250, summed("findings", "policy", "severity")),
    _family("findings_waived", "Number of findings that are waived.",
            ("policy",), 50, summed("findings_waived", "policy")),
    replace(
        _family("claims", "Number of claims about endpoints and other resources by verdict and source.",
                ("verdict", "source", "kind"), 100, _claims),
        of_snapshot=_resource_claims,
    ),
    _family("check_unknown", "Number of facts that the last visits could not prove.",
            ("check", "reason"), 300, counted("check_unknown", "check", "reason")),
    _family("leaf_expiry", "Number of leaf certificates by the time that is left, to the hour: 30d are those from 7 to 30 days.",
            ("within",), 6, _leaf_ends, _by_time_left),
    _family("leaf_issuers", "Number of leaf certificates of the issuer.",
            ("issuer",), 100, counted("cert_info", "issuer", position="leaf")),
    _family("leaf_key_types", "Number of leaf certificates with the type of key.",
            ("key_type",), 12, counted("cert_info", "key_type", position="leaf")),
    _family("leaf_post_quantum", "Number of leaf certificates whose key or signature is of ML-DSA (1), or is not (0).",
            ("part", "post_quantum"), 4, post_quantum_leaves),
    _family("post_quantum_deadlines", "Number of endpoints that miss the deadline without post-quantum key exchange: yes, no or unknown.",
            ("deadline", "missed"), 9, exposures, by_deadline),
    _family("leaf_lifetimes", "Number of leaf certificates by their whole lifetime in days.",
            ("days",), 100, _lifetimes),
    _family("cert_verify_success", "Number of chains that verify against the trust store (1), or do not (0).",
            ("trust_store", "success"), 40, by_value("cert_verify_success", "trust_store")),
    _family("cert_verify_errors", "Number of reasons why chains do not verify, over all trust stores.",
            ("reason",), 30, counted("cert_verify_error", "reason")),
    _family("cert_problems", "Number of chains with the problem.",
            ("problem",), 40, counted("cert_problem", "problem")),
    _family("cert_hostname_matches", "Number of chains whose leaf is valid for the requested name (1), or is not (0).",
            ("matches",), 2, by_value("cert_hostname_matches")),
    _family("next_expiry_timestamp_seconds", "The leaf certificates that expire first.",
            ("target", "cert"), _LISTED, _ends_of_target, _first),
    _family("most_findings", "The targets with the most findings of severity medium or higher.",
            ("target",), _LISTED, _severe_findings, _highest),
    _family("most_consecutive_failures", "The targets that did not answer the most consecutive visits.",
            ("target",), _LISTED, _failures, _highest),
)  # fmt: skip
