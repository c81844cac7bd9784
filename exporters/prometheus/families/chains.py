"""The chains that an endpoint serves, each as a whole: trust, names, logs and problems.

``cert`` is the chain's leaf. If verification fails, the other series are still present.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.certificates import fingerprint
from exporters.prometheus.families.family import Family, Sample
from exporters.prometheus.options import Detail
from model.certificates.certificate import Problem, ServedChain, TrustFailure
from model.snapshot import EndpointStatus
from model.verdict import Verdict

_REASONS: Final = {
    Problem.INCOMPLETE: "incomplete_chain",
    Problem.STAPLE_MISSING: "other",
    Problem.UNPARSABLE: "other",
}
"""The problems whose ``reason`` differs from their own name; the others use their name."""

_HARMLESS: Final = {
    Problem.SURPLUS,
    Problem.CONTAINS_ROOT,
    Problem.MISORDERED,
    Problem.LIFETIME_TOO_LONG,
    Problem.INTERNAL_NAME,
}
"""Untidy, but no verifier refuses it."""

_FAILURES: Final = {
    TrustFailure.PURPOSE: "bad_eku",
    TrustFailure.NAME_CONSTRAINT: "name_constraint",
}
"""Failures that only a verifier finds."""

VERIFY_REASONS: Final = (
    "expired",
    "not_yet_valid",
    "hostname_mismatch",
    "self_signed",
    "unknown_ca",
    "incomplete_chain",
    "revoked",
    "weak_signature",
    "weak_key",
    "bad_eku",
    "name_constraint",
    "other",
)
"""All values of ``reason``."""


def _chain_length(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        yield (fingerprint(deployment.leaf),), float(len(deployment.chain))


def _served_expiry(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        ends = [one.not_after for one in deployment.chain if one.not_after is not None]
        if len(ends) == len(deployment.chain):
            yield (fingerprint(deployment.leaf),), min(ends).timestamp()


def _verified_expiry(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for store, trust in deployment.trust.items():
            if trust.verdict is Verdict.YES and trust.path_not_after is not None:
                labels = (fingerprint(deployment.leaf), store)
                yield labels, trust.path_not_after.timestamp()


def _self_signed(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        yield (fingerprint(deployment.leaf),), float(deployment.leaf.is_self_signed)


def _must_staple(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        yield (fingerprint(deployment.leaf),), float(deployment.leaf.must_staple)


def _hostname(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        if deployment.hostname_matches is not Verdict.UNKNOWN:
            matches = deployment.hostname_matches is Verdict.YES
            yield (fingerprint(deployment.leaf),), float(matches)


def _scts(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        counts = Counter((sct.source.value, sct.is_valid.value) for sct in deployment.scts)
        for (source, valid), count in sorted(counts.items()):
            yield (fingerprint(deployment.leaf), source, valid), float(count)


def _transparency(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for policy, found in deployment.transparency.items():
            if found.verdict is not Verdict.UNKNOWN:
                labels = (fingerprint(deployment.leaf), policy)
                yield labels, float(found.verdict is Verdict.YES)


def _dns(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for record, found in deployment.dns.items():
            if found.verdict is not Verdict.UNKNOWN:
                labels = (fingerprint(deployment.leaf), record)
                yield labels, float(found.verdict is Verdict.YES)


def _verify_success(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for store, trust in deployment.trust.items():
            if trust.verdict is not Verdict.UNKNOWN:
                trusted = trust.verdict is Verdict.YES
                yield (fingerprint(deployment.leaf), store), float(trusted)


def _strictly_valid(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for store, trust in deployment.trust.items():
            if trust.strict is not Verdict.UNKNOWN:
                labels = (fingerprint(deployment.leaf), store)
                yield labels, float(trust.strict is Verdict.YES)


def _verify_error(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for store, trust in deployment.trust.items():
            if trust.verdict is Verdict.NO:
                for reason in _reasons(deployment, trust.failure):
                    yield (fingerprint(deployment.leaf), store, reason), 1.0


def _reasons(deployment: ServedChain, failure: TrustFailure | None) -> set[str]:
    """The reasons of a failed verification; ``unknown_ca`` if nothing else is wrong."""
    told = {
        _REASONS.get(problem, problem.value)
        for problem in deployment.problems
        if problem not in _HARMLESS
    }
    if failure is not None:
        told.add(_FAILURES[failure])
    return told or {"unknown_ca"}


def _problems(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for problem in deployment.problems:
            yield (fingerprint(deployment.leaf), problem.value), 1.0


CHAIN_FAMILIES: Final = (
    Family(
        name="cert_verify_success",
        fact="certificates.trust.{trust_store}",
        help="1 if the served chain verifies against the trust store, 0 if it does not.",
        example='tlsprobe_cert_verify_success{trust_store="mozilla"} == 0',
        labels=("cert", "trust_store"),
        samples=_verify_success,
    ),
    Family(
        name="cert_verify_error",
        fact="certificates.trust.{trust_store}",
        help="1 for each reason why the served chain does not verify against the trust store.",
        example="count by (reason) (tlsprobe_cert_verify_error)",
        labels=("cert", "trust_store", "reason"),
        samples=_verify_error,
    ),
    Family(
        name="cert_verify_strict_success",
        fact="certificates.trust.{trust_store}",
        help="1 if the chain also meets the Web PKI's profile, 0 if it does not.",
        example="tlsprobe_cert_verify_strict_success == 0 "
        "and on (target, address, cert, trust_store) tlsprobe_cert_verify_success == 1",
        labels=("cert", "trust_store"),
        samples=_strictly_valid,
        detail=Detail.ALL,
    ),
    Family(
        name="cert_problem",
        fact="certificates.problems.{problem}",
        help="1 for each problem of the served chain.",
        example="count by (problem) (tlsprobe_cert_problem)",
        labels=("cert", "problem"),
        samples=_problems,
    ),
    Family(
        name="chain_expiry_timestamp_seconds",
        fact="certificates.trust.{trust_store}",
        help="When the first certificate of the best path to the trust store expires; absent if "
        "the chain does not verify.",
        example="tlsprobe_chain_expiry_timestamp_seconds - time() < 7 * 86400",
        labels=("cert", "trust_store"),
        samples=_verified_expiry,
    ),
    Family(
        name="served_chain_expiry_timestamp_seconds",
        fact="certificates.chain",
        help="When the first certificate of the served chain expires, whether the chain is "
        "trusted or not.",
        example="tlsprobe_served_chain_expiry_timestamp_seconds - time() < 7 * 86400",
        labels=("cert",),
        samples=_served_expiry,
        detail=Detail.ALL,
    ),
    Family(
        name="cert_chain_length",
        fact="certificates.chain",
        help="Number of certificates in the served chain, including the leaf.",
        example="tlsprobe_cert_chain_length == 1",
        labels=("cert",),
        samples=_chain_length,
    ),
    Family(
        name="cert_self_signed",
        fact="certificates.leaf",
        help="1 if the leaf is self-signed, 0 if it is not.",
        example="tlsprobe_cert_self_signed == 1",
        labels=("cert",),
        samples=_self_signed,
    ),
    Family(
        name="cert_hostname_matches",
        fact="certificates.hostname_matches",
        help="1 if the leaf is valid for the requested name, 0 if it is not (RFC 9525).",
        example="tlsprobe_cert_hostname_matches == 0",
        labels=("cert",),
        samples=_hostname,
    ),
    Family(
        name="cert_must_staple",
        fact="certificates.leaf",
        help="1 if the leaf requires a stapled OCSP response (RFC 7633), 0 if it does not.",
        example="tlsprobe_cert_must_staple == 1",
        labels=("cert",),
        samples=_must_staple,
    ),
    Family(
        name="cert_scts",
        fact="certificates.scts",
        help="Number of signed certificate timestamps of public logs that come with the leaf, by "
        "source and validity.",
        example="sum by (target, address, cert) (tlsprobe_cert_scts) < 2",
        labels=("cert", "source", "valid"),
        samples=_scts,
    ),
    Family(
        name="cert_transparency_compliant",
        fact="certificates.transparency.{policy}",
        help="1 if the timestamps meet the browser's policy, 0 if they do not.",
        example='tlsprobe_cert_transparency_compliant{policy="chrome"} == 0',
        labels=("cert", "policy"),
        samples=_transparency,
    ),
    Family(
        name="cert_dns_record_matches",
        fact="certificates.dns.{record}",
        help="1 if the chain matches the name's CAA or TLSA records, 0 if it does not.",
        example='tlsprobe_cert_dns_record_matches{record="tlsa"} == 0',
        labels=("cert", "record"),
        samples=_dns,
    ),
)
