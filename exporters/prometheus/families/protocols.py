"""What an endpoint speaks: versions, cipher suites by strength, groups, and what they negotiate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample
from exporters.prometheus.options import Detail
from model.judging.exposure import exposure_of
from model.judging.quantum import post_quantum_key_exchange
from model.observation import AcceptedSet, Observation
from model.registry import Strength, strength_by_name
from model.snapshot import EndpointStatus
from model.verdict import Preference, Verdict

_BAD: Final = {Strength.INSECURE, Strength.WEAK}


def _versions(status: EndpointStatus) -> Iterator[Sample]:
    for version, fact in status.observation.protocols.items():
        if fact.verdict is not Verdict.UNKNOWN:
            yield (version.label,), float(fact.verdict is Verdict.YES)


def _strength(name: str) -> Strength:
    """A suite that no registry has counts as insecure: nothing speaks in its favour."""
    return strength_by_name(name) or Strength.INSECURE


def _suites(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.cipher_suites.items():
        counted = Counter(_strength(name) for name in found.accepted)
        for strength in Strength:
            if counted[strength] or (found.complete and strength in _BAD):
                yield (version.label, strength.value), float(counted[strength])


def _weak_suites(status: EndpointStatus) -> Iterator[Sample]:
    for labels, value in _every_suite(status):
        if labels[-1] in _BAD:
            yield labels, value


def _every_suite(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.cipher_suites.items():
        for name in found.accepted:
            yield (version.label, name, _strength(name).value), 1.0


def _preference(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.cipher_suites.items():
        if found.preference is not Preference.UNKNOWN:
            yield (version.label,), float(found.preference is Preference.SERVER)


def _groups(status: EndpointStatus) -> Iterator[Sample]:
    for group in _accepted_groups(status.observation):
        yield (group,), 1.0


def _group_count(status: EndpointStatus) -> Iterator[Sample]:
    if status.observation.groups:
        yield (), float(len(_accepted_groups(status.observation)))


def _accepted_groups(observation: Observation) -> dict[str, None]:
    """The accepted groups of all versions, without duplicates."""
    return {name: None for found in observation.groups.values() for name in found.accepted}


def _post_quantum(status: EndpointStatus) -> Iterator[Sample]:
    verdict = post_quantum_key_exchange(status.observation)
    if verdict is not Verdict.UNKNOWN:
        yield (), float(verdict is Verdict.YES)


def _missed_deadlines(status: EndpointStatus) -> Iterator[Sample]:
    observation = status.observation
    if not observation.answered:
        return
    for name, verdict in exposure_of(observation).deadlines(status.last_probe_at).items():
        if verdict is not Verdict.UNKNOWN:
            yield (name,), float(verdict is Verdict.YES)


def _negotiated(status: EndpointStatus) -> Iterator[Sample]:
    """The result of a handshake at the newest version, by the order of the side that decides."""
    observation = status.observation
    spoken = [
        version for version, fact in observation.protocols.items() if fact.verdict is Verdict.YES
    ]
    if not spoken:
        return
    newest = max(spoken)
    labels = (
        newest.label,
        _picked_suite(observation.cipher_suites.get(newest)),
        _first(observation.groups.get(newest)),
        next(iter(observation.alpn), ""),
        _first(observation.signature_schemes.get(newest)),
    )
    yield labels, 1.0


def _picked_suite(found: AcceptedSet | None) -> str:
    """The server's first suite; if the client's order decides, the strongest one."""
    if found is None or not found.accepted:
        return ""
    if found.preference is Preference.SERVER:
        return found.accepted[0]
    strengths = list(Strength)
    return max(found.accepted, key=lambda name: strengths.index(_strength(name)))


def _first(found: AcceptedSet | None) -> str:
    return found.accepted[0] if found is not None and found.accepted else ""


PROTOCOL_FAMILIES: Final = (
    Family(
        name="protocol_supported",
        fact="protocols.{protocol}",
        help="1 if the protocol version is accepted, 0 if it is proved not to be.",
        example='count by (protocol) (tlsprobe_protocol_supported{protocol=~"SSL.*|TLSv1.[01]"} == 1)',
        labels=("protocol",),
        samples=_versions,
    ),
    Family(
        name="cipher_suites",
        fact="cipher_suites.{protocol}",
        help="Number of accepted cipher suites by strength and protocol version. Insecure and "
        "weak are 0 if it is proved that there are none; the other strengths are absent then.",
        example='sum by (target) (tlsprobe_cipher_suites{strength=~"insecure|weak"}) > 0',
        labels=("protocol", "strength"),
        samples=_suites,
    ),
    Family(
        name="weak_cipher_suite_supported",
        fact="cipher_suites.{protocol}.{cipher}",
        help="1 for each accepted cipher suite that is weak or insecure.",
        example="count by (cipher) (tlsprobe_weak_cipher_suite_supported)",
        labels=("protocol", "cipher", "strength"),
        samples=_weak_suites,
        detail=Detail.STANDARD,
    ),
    Family(
        name="cipher_suite_supported",
        fact="cipher_suites.{protocol}.{cipher}",
        help="1 for each accepted cipher suite.",
        example='tlsprobe_cipher_suite_supported{cipher=~".*_3DES_.*"}',
        labels=("protocol", "cipher", "strength"),
        samples=_every_suite,
        detail=Detail.ALL,
    ),
    Family(
        name="negotiated_info",
        fact="cipher_suites.{version}.{cipher}",
        help="Always 1; the labels show what a client that supports everything negotiates at the "
        "newest version: the first suite in the server's order, or the strongest suite if the "
        "client decides. Unknown values are empty.",
        example="count by (version, cipher) (tlsprobe_negotiated_info)",
        labels=("version", "cipher", "group", "alpn", "signature_algorithm"),
        samples=_negotiated,
    ),
    Family(
        name="server_cipher_preference",
        fact="cipher_suites.{protocol}.preference",
        help="1 if the server's order of cipher suites decides, 0 if the client's does.",
        example='tlsprobe_server_cipher_preference{protocol="TLSv1.2"} == 0',
        labels=("protocol",),
        samples=_preference,
    ),
    Family(
        name="groups",
        fact="groups",
        help="Number of accepted key exchange groups.",
        example="tlsprobe_groups < 2",
        samples=_group_count,
    ),
    Family(
        name="group_supported",
        fact="groups.{group}",
        help="1 for each key exchange group that is accepted at any version.",
        example="count by (group) (tlsprobe_group_supported)",
        labels=("group",),
        samples=_groups,
        detail=Detail.ALL,
    ),
    Family(
        name="post_quantum_key_exchange",
        fact="post_quantum_handshake",
        help="1 if a handshake finished with a post-quantum group, 0 if it is proved that none does.",
        example="avg(tlsprobe_post_quantum_key_exchange)",
        samples=_post_quantum,
    ),
    Family(
        name="post_quantum_deadline_missed",
        help="1 if, as of the last visit, data that the endpoint sends without post-quantum key exchange must stay secret "
        "after the authority's day, 0 if not.",
        example="count by (deadline) (tlsprobe_post_quantum_deadline_missed == 1)",
        labels=("deadline",),
        samples=_missed_deadlines,
    ),
)
