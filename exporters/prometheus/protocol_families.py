"""What an endpoint speaks: versions, cipher suites by strength, groups, client certificates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from exporters.prometheus.family import Family, Sample
from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.registry import NAMED_GROUPS, Strength, strength_by_name
from model.snapshot import EndpointStatus
from model.verdict import Preference, Verdict

_POST_QUANTUM: Final = {group.name for group in NAMED_GROUPS if group.post_quantum}
_SHOWN_BY_NAME: Final = {Strength.INSECURE, Strength.WEAK}
_MODES: Final = (ClientAuthMode.NONE, ClientAuthMode.REQUESTED, ClientAuthMode.REQUIRED)


def _versions(status: EndpointStatus) -> Iterator[Sample]:
    for version, fact in status.observation.protocols.items():
        if fact.verdict is not Verdict.UNKNOWN:
            yield (version.label,), float(fact.verdict is Verdict.YES)


def _strength(name: str) -> Strength:
    """A suite that no registry knows has shown nothing in its favour."""
    return strength_by_name(name) or Strength.INSECURE


def _suites(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.cipher_suites.items():
        counted = Counter(_strength(name) for name in found.accepted)
        for strength in Strength:
            if found.complete or counted[strength]:
                yield (version.label, strength.value), float(counted[strength])


def _weak_suites(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.cipher_suites.items():
        for name in found.accepted:
            if _strength(name) in _SHOWN_BY_NAME:
                yield (version.label, name), 1.0


def _preference(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.cipher_suites.items():
        if found.preference is not Preference.UNKNOWN:
            yield (version.label,), float(found.preference is Preference.SERVER)


def _groups(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.groups.items():
        for name in found.accepted:
            yield (version.label, name), 1.0


def _post_quantum(status: EndpointStatus) -> Iterator[Sample]:
    """Known where a group was found, all groups were, or TLS 1.3, which alone has them, is off."""
    observation = status.observation
    groups = observation.groups.get(ProtocolVersion.TLSV1_3)
    tls13 = observation.protocols.get(ProtocolVersion.TLSV1_3)
    if groups is not None and not _POST_QUANTUM.isdisjoint(groups.accepted):
        yield (), 1.0
    elif (groups is not None and groups.complete) or (
        tls13 is not None and tls13.verdict is Verdict.NO
    ):
        yield (), 0.0


def _client_auth(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.client_auth.items():
        if found.mode in _MODES:
            for mode in _MODES:
                yield (version.label, mode.value), float(found.mode is mode)


def _client_auth_verified(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.client_auth.items():
        if found.verifies in {Verdict.YES, Verdict.NO}:
            yield (version.label,), float(found.verifies is Verdict.YES)


def _client_cert_accepted(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.client_auth.items():
        if found.own is not None and found.own.is_accepted is not Verdict.UNKNOWN:
            accepted = found.own.is_accepted is Verdict.YES
            yield (version.label, found.own.identity), float(accepted)


def _client_cert_not_after(status: EndpointStatus) -> Iterator[Sample]:
    own = (found.own for found in status.observation.client_auth.values())
    ends = {one.identity: one.not_after for one in own if one is not None}
    for identity, not_after in ends.items():
        yield (identity,), not_after.timestamp()


PROTOCOL_FAMILIES: Final = (
    Family(
        name="protocol_supported",
        help="1 where the protocol version is accepted, 0 where it was proved not to be.",
        labels=("protocol",),
        samples=_versions,
    ),
    Family(
        name="cipher_suites",
        help="How many cipher suites of each strength a protocol version accepts. A strength "
        "without a suite is 0 only where nothing was left unasked.",
        labels=("protocol", "strength"),
        samples=_suites,
    ),
    Family(
        name="weak_cipher_suite_supported",
        help="1 for each accepted cipher suite that is weak or insecure.",
        labels=("protocol", "cipher"),
        samples=_weak_suites,
    ),
    Family(
        name="server_cipher_preference",
        help="1 where the server's order of cipher suites decides, 0 where the client's does.",
        labels=("protocol",),
        samples=_preference,
    ),
    Family(
        name="group_supported",
        help="1 for each group of the key exchange that is accepted.",
        labels=("protocol", "group"),
        samples=_groups,
    ),
    Family(
        name="post_quantum_key_exchange",
        help="1 where a post-quantum group is accepted, 0 where it was proved that none is.",
        samples=_post_quantum,
    ),
    Family(
        name="client_auth",
        help="1 for the mode in which a client certificate is asked for, 0 for the other two.",
        labels=("protocol", "mode"),
        samples=_client_auth,
    ),
    Family(
        name="client_auth_verified",
        help="1 where client certificates that nobody issued are refused, 0 where one is taken.",
        labels=("protocol",),
        samples=_client_auth_verified,
    ),
    Family(
        name="client_cert_accepted",
        help="1 where the user's own client certificate is taken, 0 where it is refused.",
        labels=("protocol", "identity"),
        samples=_client_cert_accepted,
    ),
    Family(
        name="client_cert_not_after_timestamp_seconds",
        help="Until when the user's own client certificate is valid.",
        labels=("identity",),
        samples=_client_cert_not_after,
    ),
)
