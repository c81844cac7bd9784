"""What the cryptographic assets of a bill list, in the registries' names, by topic.

A name that no registry has makes its topic incomplete: what the server accepts may be what the bill calls so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Final

from discovery.bills.document import Bill, Json, as_object, name_of, objects, texts, time_of
from discovery.bills.names import (
    group_of,
    key_exchange_of,
    ssh_kind_of,
    suite_of,
    transform_of,
    version_of,
)
from model.frozen import frozen
from model.judging.ssh import ALGORITHM_LISTS
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry.ike_transforms import TransformType

ALL: Final = "all"
"""The topic that stands for every topic, among incomplete ones."""
STREAM: Final = "TLS"
DATAGRAM: Final = "DTLS"
"""Topics of version labels, the others of a transport begin with them: ``TLS groups``, ``TLS suites TLSv1.2``."""
GROUPS: Final = "groups"
SUITES: Final = "suites"
QUIC: Final = "QUIC"
SSH: Final = "SSH"
IKE: Final = "IKE"
LEAVES: Final = "certificates"
ENDS: Final = "ends of certificates"

_WITH_GROUPS: Final = frozenset({"ECDHE", "DHE", "any"})
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_IKE_LISTS: Final = {
    "encr": TransformType.ENCRYPTION,
    "prf": TransformType.PRF,
    "integ": TransformType.INTEGRITY,
    "ke": TransformType.KEY_EXCHANGE,
}
_SHOWN: Final = 60


@frozen
class Listed:
    """The names of each topic, and the topics of which the bill may lack some; ``problems`` are sentences."""

    names: dict[str, frozenset[str]]
    incomplete: frozenset[str]
    problems: tuple[str, ...] = ()

    def has_all(self, topic: str) -> bool:
        """Whether the bill lists everything of ``topic``."""
        return self.incomplete.isdisjoint({topic, ALL})


@dataclass(slots=True)
class Listing:
    """Collects what several assets list."""

    names: dict[str, set[str]] = field(default_factory=dict)
    incomplete: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def add(self, topic: str, name: str | None, given: Any, what: str) -> None:
        """Add a name, or, if it is None, that ``given`` is not a ``what``."""
        if name is not None:
            self.names.setdefault(topic, set()).add(name)
        else:
            self.lack(topic, f"{str(given)[:_SHOWN]!r} is not a {what} that tlsprobe knows")

    def lack(self, topic: str, problem: str) -> None:
        """Some of ``topic`` is missing; only the first sentence of each topic is kept."""
        if topic not in self.incomplete:
            self.incomplete.add(topic)
            self.problems.append(problem)

    def merge(self, other: Listed) -> None:
        """Add what one more asset lists."""
        for topic, names in other.names.items():
            self.names.setdefault(topic, set()).update(names)
        self.incomplete |= other.incomplete

    @property
    def listed(self) -> Listed:
        """Everything so far."""
        return Listed(
            names={topic: frozenset(names) for topic, names in self.names.items()},
            incomplete=frozenset(self.incomplete),
            problems=tuple(self.problems),
        )


def listed_by(asset: Json, bill: Bill) -> Listed:
    """What a protocol or certificate lists; other assets list nothing."""
    properties = as_object(asset.get("cryptoProperties"))
    found = Listing()
    if properties.get("assetType") == "certificate":
        _certificate(as_object(properties.get("certificateProperties")), found)
    elif properties.get("assetType") == "protocol":
        fields = as_object(properties.get("protocolProperties"))
        _protocol(asset, fields, bill, found)
        for one in related(fields, bill):
            of = as_object(one.get("cryptoProperties"))
            if of.get("assetType") == "certificate":
                _certificate(as_object(of.get("certificateProperties")), found)
    return found.listed


def related(fields: Json, bill: Bill) -> Iterator[Json]:
    """The assets to which a protocol refers, in the way of CycloneDX 1.7 or of 1.6."""
    references = [one.get("ref") for one in objects(fields.get("relatedCryptographicAssets"))]
    for reference in (*references, *texts(fields.get("cryptoRefArray"))):
        if isinstance(reference, str) and (asset := bill.assets.get(reference)) is not None:
            yield asset


def _protocol(asset: Json, fields: Json, bill: Bill, found: Listing) -> None:
    kind = fields.get("type")
    version = str(fields.get("version") or "")
    match kind:
        case "tls" | "dtls":
            _tls(version_of(version, kind), version, fields, found)
        case "quic":
            _suites(QUIC, QUIC, fields, found)
        case "ssh":
            _ssh(fields, bill, found)
        case "ike" if version.lower().removeprefix("ikev") in {"2", "2.0"}:
            _ike(as_object(fields.get("ikev2TransformTypes")), bill, found)
        case "other" if (old := version_of(name_of(asset), "")) is not None:
            _tls(old, version, fields, found)
        case _:
            shown = f"{str(kind)[:_SHOWN]} {version[:_SHOWN]}".strip()
            found.lack(ALL, f"no rule is about the protocol {shown}")


def _tls(version: ProtocolVersion | None, text: str, fields: Json, found: Listing) -> None:
    if version is None:
        found.lack(ALL, f"{text[:_SHOWN]!r} is not a protocol version that tlsprobe knows")
        return
    transport = STREAM if version in STREAM_VERSIONS else DATAGRAM
    found.names.setdefault(transport, set()).add(version.label)
    _suites(transport, f"{transport} {SUITES} {version.label}", fields, found)


def _suites(transport: str, topic: str, fields: Json, found: Listing) -> None:
    """The suites of one version, and their groups; without a list, both are not complete."""
    groups = f"{transport} {GROUPS}"
    suites = objects(fields.get("cipherSuites"))
    if not suites:
        found.incomplete |= {topic, groups}
    for one in suites:
        suite = suite_of(one)
        found.add(topic, None if suite is None else suite.name, one.get("name"), "cipher suite")
        named = texts(one.get("tlsGroups"))
        for name in named:
            found.add(groups, group_of(name), name, "group")
        if not named and (suite is None or suite.key_exchange in _WITH_GROUPS):
            found.incomplete.add(groups)


def _ssh(fields: Json, bill: Bill, found: Listing) -> None:
    algorithms = [
        one
        for one in related(fields, bill)
        if as_object(one.get("cryptoProperties")).get("assetType") == "algorithm"
    ]
    for one in algorithms:
        name = str(one.get("name"))
        kind = ssh_kind_of(name)
        if kind is not None:
            found.names.setdefault(f"{SSH} {kind}", set()).add(name)
            continue
        for every in ALGORITHM_LISTS:
            found.lack(f"{SSH} {every}", f"{name[:_SHOWN]!r} is not an algorithm of SSH")


def _ike(lists: Json, bill: Bill, found: Listing) -> None:
    for name, kind in _IKE_LISTS.items():
        topic = f"{IKE} {kind.name.lower()}"
        several = lists.get(name)
        for one in several if isinstance(several, list) else ():
            found.add(topic, *_transform(kind, one, bill), "transform of IKE")


def _transform(kind: TransformType, one: Any, bill: Bill) -> tuple[str | None, Any]:
    """The transform, by its properties or as the name of an algorithm (CycloneDX 1.6), and what the bill says."""
    if isinstance(one, str):
        given = as_object(bill.assets.get(one)).get("name", one)
        return transform_of(kind, given, None), given
    entry = as_object(one)
    if kind is TransformType.KEY_EXCHANGE:
        return key_exchange_of(entry.get("group")), entry.get("group")
    given, bits = entry.get("name"), entry.get("keyLength")
    return transform_of(kind, given, bits), given if bits is None else f"{given} of {bits} bits"


def _certificate(fields: Json, found: Listing) -> None:
    """A certificate by its SHA-256, or else by its end."""
    fingerprint = as_object(fields.get("fingerprint"))
    sha256 = str(fingerprint.get("content")).lower()
    if fingerprint.get("alg") == "SHA-256" and _SHA256.fullmatch(sha256):
        found.names.setdefault(LEAVES, set()).add(sha256)
        return
    end = time_of(fields.get("notValidAfter"))
    try:
        at = None if end is None else end.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        at = None
    if at is None:
        found.lack(LEAVES, "the certificate has neither a SHA-256 nor a notValidAfter")
    else:
        found.names.setdefault(ENDS, set()).add(at.isoformat())
