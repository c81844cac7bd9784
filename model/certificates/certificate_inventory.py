"""Certificates across the inventory: who serves which, what expires when, what is shared.

It is built from the newest status of every endpoint and covers leaf certificates, which owners renew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from model.certificates.certificate import Certificate, KeyType
from model.frozen import frozen
from model.observation import ClientAuthMode
from model.snapshot import EndpointStatus

_NEVER = datetime.max.replace(tzinfo=UTC)


@frozen
class Held:
    """One leaf, and the keys of the endpoints that serve it, in inventory order."""

    certificate: Certificate
    endpoints: tuple[str, ...]


@frozen
class SharedKey:
    """One public key that occurs in several certificates."""

    public_key_sha256: str
    held: tuple[Held, ...]


@frozen
class Mismatch:
    """One target whose addresses serve different certificates of the same key type.

    ``by_address`` maps each address to the SHA-256 hashes of its leaves.
    """

    target: str
    key_type: KeyType
    by_address: Mapping[str, tuple[str, ...]]


@frozen
class Unevenness:
    """One target whose addresses differ in what they require of client certificates.

    ``by_address`` maps each address to its modes, each as ``required at TLSv1.3``.
    """

    target: str
    by_address: Mapping[str, tuple[str, ...]]


@frozen
class CertificateInventory:
    """``held`` is the expiry calendar: earliest first, certificates without an end date last."""

    held: tuple[Held, ...]
    shared_keys: tuple[SharedKey, ...]
    mismatches: tuple[Mismatch, ...]
    uneven: tuple[Unevenness, ...]


def certificate_inventory(statuses: Iterable[EndpointStatus]) -> CertificateInventory:
    """The certificates that the endpoints serve now."""
    known = list(statuses)
    held = tuple(sorted(_held(known), key=lambda one: one.certificate.not_after or _NEVER))
    return CertificateInventory(
        held=held,
        shared_keys=tuple(_shared_keys(held)),
        mismatches=tuple(_mismatches(known)),
        uneven=tuple(_uneven(known)),
    )


def _held(statuses: Iterable[EndpointStatus]) -> Iterator[Held]:
    certificates: dict[str, Certificate] = {}
    endpoints: dict[str, dict[str, None]] = {}
    for status in statuses:
        for deployment in status.observation.own_certificates:
            sha256 = deployment.leaf.sha256
            certificates.setdefault(sha256, deployment.leaf)
            endpoints.setdefault(sha256, {})[status.observation.endpoint.key] = None
    for sha256, certificate in certificates.items():
        yield Held(certificate=certificate, endpoints=tuple(endpoints[sha256]))


def _shared_keys(held: Iterable[Held]) -> Iterator[SharedKey]:
    by_key: dict[str, list[Held]] = {}
    for one in held:
        if one.certificate.public_key_sha256 is not None:
            by_key.setdefault(one.certificate.public_key_sha256, []).append(one)
    for key, several in by_key.items():
        if len(several) > 1:
            yield SharedKey(public_key_sha256=key, held=tuple(several))


def _mismatches(statuses: Iterable[EndpointStatus]) -> Iterator[Mismatch]:
    """A server may serve RSA and ECDSA, so certificates are compared within one key type."""
    served: dict[tuple[str, KeyType], dict[str, tuple[str, ...]]] = {}
    for status in statuses:
        endpoint = status.observation.endpoint
        leaves: dict[KeyType, list[str]] = {}
        for deployment in status.observation.own_certificates:
            leaves.setdefault(deployment.key_type, []).append(deployment.leaf.sha256)
        for key_type, sha256s in leaves.items():
            by_address = served.setdefault((endpoint.target.key, key_type), {})
            by_address[endpoint.address or ""] = tuple(sorted(sha256s))
    for (target, key_type), by_address in served.items():
        if len(set(by_address.values())) > 1:
            yield Mismatch(target=target, key_type=key_type, by_address=by_address)


def _uneven(statuses: Iterable[EndpointStatus]) -> Iterator[Unevenness]:
    """Addresses about which nothing is known are ignored."""
    asked: dict[str, dict[str, tuple[str, ...]]] = {}
    for status in statuses:
        observation = status.observation
        known = {
            version: auth.mode
            for version, auth in sorted(observation.client_auth.items())
            if auth.mode is not ClientAuthMode.UNKNOWN
        }
        if known:
            words = tuple(f"{mode} at {version.label}" for version, mode in known.items())
            endpoint = observation.endpoint
            asked.setdefault(endpoint.target.key, {})[endpoint.address or ""] = words
    for target, by_address in asked.items():
        if len(set(by_address.values())) > 1:
            yield Unevenness(target=target, by_address=by_address)
