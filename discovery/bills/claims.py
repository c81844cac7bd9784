"""The claims that a bill makes about one endpoint: what it lists is accepted, and, if it is complete, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from discovery.bills.listed import (
    DATAGRAM,
    ENDS,
    GROUPS,
    IKE,
    LEAVES,
    QUIC,
    SSH,
    STREAM,
    SUITES,
    Listed,
)
from model.application_protocol import DTLS as OVER_UDP
from model.application_protocol import IKE as IKE_TARGET
from model.application_protocol import SSH as SSH_TARGET
from model.claims import Claim, ClaimedRule
from model.claims.declared import protocols_claim
from model.frozen import frozen
from model.judging.ssh import ALGORITHM_LISTS
from model.protocol_version import ProtocolVersion

CBOM: Final = "cbom"
"""The source of all claims that bills make."""

_REMEMBERED: Final = 4096
_FEW: Final = 6
_NO_OTHER: Final = " and no other"
_KINDS: Final = {
    "key_exchange": "key exchange",
    "host_keys": "host key",
    "ciphers": "cipher",
    "macs": "MAC",
}
_TRANSFORMS: Final = ("encryption", "prf", "integrity", "key_exchange")


@frozen
class About:
    """What a claim is about: the endpoint with the file, the protocol of its target, and when the bill was made."""

    resource: str
    protocol: str
    made_at: datetime | None


def bill_claims(listed: Listed, about: About) -> Iterator[Claim]:
    """The claims; a topic that another protocol than the target's has makes none."""
    if about.protocol == SSH_TARGET:
        yield from _only("ssh", "ssh_algorithms", SSH, tuple(ALGORITHM_LISTS), listed, about)
        return
    if about.protocol == IKE_TARGET:
        yield from _ike(listed, about)
        return
    transport = DATAGRAM if about.protocol == OVER_UDP else STREAM
    yield from _protocols(transport, listed, about)
    yield from _suites(transport, listed, about)
    yield from _groups(transport, listed, about)
    yield from _quic(listed, about)
    yield from _certificates(listed, about)


def _claim(name: str, statement: str, rules: tuple[ClaimedRule, ...], about: About) -> Claim:
    return Claim(
        name=f"cbom_{name}",
        statement=statement,
        source=CBOM,
        resource=about.resource,
        rules=rules,
        read_at=about.made_at,
    )


def _protocols(transport: str, listed: Listed, about: About) -> Iterator[Claim]:
    labels = listed.names.get(transport)
    if not labels:
        return
    is_whole = listed.has_all(transport)
    rules = _version_rules(labels, is_whole)
    names = [one.display_name for one in sorted(map(ProtocolVersion.from_label, labels))]
    more = f"{_NO_OTHER} version" if is_whole else ""
    yield _claim("protocols", f"the server accepts {', '.join(names)}{more}", rules, about)


@lru_cache(_REMEMBERED)
def _version_rules(labels: frozenset[str], is_whole: bool) -> tuple[ClaimedRule, ...]:
    allowed, required = protocols_claim({*map(ProtocolVersion.from_label, labels)}, "", "").rules
    return (allowed, required) if is_whole else (required,)


def _suites(transport: str, listed: Listed, about: About) -> Iterator[Claim]:
    start = f"{transport} {SUITES} "
    rules: list[ClaimedRule] = []
    parts = []
    for topic in sorted(topic for topic in listed.names if topic.startswith(start)):
        names, is_whole = listed.names[topic], listed.has_all(topic)
        version = ProtocolVersion.from_label(topic.removeprefix(start))
        rules += _suite_rules(names, _as_stream(version).label, is_whole)
        more = f"{_NO_OTHER} suite" if is_whole else ""
        parts.append(f"with {version.display_name} {_few(names)}{more}")
    if rules:
        yield _claim("cipher_suites", f"the server accepts {'; '.join(parts)}", tuple(rules), about)


def _as_stream(version: ProtocolVersion) -> ProtocolVersion:
    """The version by which rules judge a DTLS version."""
    return next((one for one in ProtocolVersion if one.over_datagrams is version), version)


@lru_cache(_REMEMBERED)
def _suite_rules(names: frozenset[str], version: str, is_whole: bool) -> tuple[ClaimedRule, ...]:
    versions = [version]
    required = (
        _rule("cipher_suites_required", any_of=[name], versions=versions) for name in sorted(names)
    )
    allowed = _rule("cipher_suites", allowed=sorted(names), versions=versions)
    return (allowed, *required) if is_whole else tuple(required)


def _groups(transport: str, listed: Listed, about: About) -> Iterator[Claim]:
    topic = f"{transport} {GROUPS}"
    if names := listed.names.get(topic):
        is_whole = listed.has_all(topic)
        more = f"{_NO_OTHER} group" if is_whole else ""
        statement = f"the server accepts {_few(names)}{more}"
        yield _claim("groups", statement, _group_rules(names, is_whole), about)


@lru_cache(_REMEMBERED)
def _group_rules(names: frozenset[str], is_whole: bool) -> tuple[ClaimedRule, ...]:
    required = (_rule("groups_required", any_of=[name]) for name in sorted(names))
    allowed = _rule("groups", allowed=sorted(names))
    return (allowed, *required) if is_whole else tuple(required)


def _quic(listed: Listed, about: About) -> Iterator[Claim]:
    """What QUIC accepts; no rule requires a suite or group of it."""
    topics = {"cipher_suites": QUIC, "groups": f"{QUIC} {GROUPS}"}
    wanted = {
        key: sorted(listed.names[topic])
        for key, topic in topics.items()
        if topic in listed.names and listed.has_all(topic)
    }
    if wanted:
        few = "; ".join(map(_few, wanted.values()))
        rule = _rule("quic_allowed", **wanted)
        yield _claim("quic", f"QUIC accepts no more than {few}", (rule,), about)


def _certificates(listed: Listed, about: About) -> Iterator[Claim]:
    leaves, ends = (listed.names.get(topic, frozenset()) for topic in (LEAVES, ENDS))
    if not (leaves or ends) or not listed.has_all(LEAVES):
        return
    shown = [
        *(f"SHA-256 {one[:16]}…" for one in sorted(leaves)),
        *(f"end {one}" for one in sorted(ends)),
    ]
    parameters: dict[str, Any] = {}
    if leaves:
        parameters["allowed"] = sorted(leaves)
    if ends:
        parameters["not_after"] = sorted(ends)
    statement = f"each leaf that the server serves is a certificate with the {_few(shown)}"
    yield _claim("certificates", statement, (_rule("leaf_certificates", **parameters),), about)


def _only(
    name: str, rule: str, prefix: str, kinds: tuple[str, ...], listed: Listed, about: About
) -> Iterator[Claim]:
    wanted = {
        kind: sorted(listed.names[topic])
        for kind in kinds
        if (topic := f"{prefix} {kind}") in listed.names and listed.has_all(topic)
    }
    if wanted:
        parts = "; ".join(f"{_KINDS[kind]}: {_few(names)}" for kind, names in wanted.items())
        yield _claim(
            name, f"the server offers no more than {parts}", (_rule(rule, **wanted),), about
        )


def _ike(listed: Listed, about: About) -> Iterator[Claim]:
    rules = []
    parts = []
    for kind in _TRANSFORMS:
        topic = f"{IKE} {kind}"
        if topic in listed.names and listed.has_all(topic):
            rules.append(_rule(f"ike_{kind}", allowed=sorted(listed.names[topic])))
            parts.append(f"{kind.replace('_', ' ')}: {_few(listed.names[topic])}")
    if rules:
        statement = f"the responder accepts no more than {'; '.join(parts)}"
        yield _claim("ike", statement, tuple(rules), about)


def _rule(name: str, **parameters: Any) -> ClaimedRule:
    return ClaimedRule(rule=name, parameters=parameters)


def _few(names: Any) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _FEW} more" if len(ordered) > _FEW else ""
    return f"{', '.join(ordered[:_FEW])}{more}"
