"""What is known of an endpoint: its newest facts, and older ones where the newest visits learnt none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from model.observation import AcceptedSet, ClientAuth, ClientAuthMode, Observation, State
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Preference, Verdict

Key = TypeVar("Key")


def known_facts(newest_first: Sequence[Observation]) -> Observation:
    """One Observation that holds the last known word on everything.

    Its state is the newest that was not a fault of ours. Of ``newest_first``, at least one, each is
    of the same endpoint.
    """
    known = newest_first[0]
    for older in newest_first[1:]:
        known = _with_older(known, older)
    return known


def is_wholly_known(observation: Observation) -> bool:
    """Whether nothing older could add to it: an answer in which no verdict is unknown."""
    facts = (
        *observation.protocols.values(),
        *observation.features.values(),
        *observation.vulnerabilities.values(),
        *observation.plaintext.values(),
        *observation.http.values(),
    )
    return (
        observation.answered_as_tls
        and bool(observation.certificates)
        and all(fact.verdict is not Verdict.UNKNOWN for fact in facts)
        and all(found.complete for found in observation.cipher_suites.values())
        and all(found.complete for found in observation.groups.values())
    )


def _with_older(newer: Observation, older: Observation) -> Observation:
    protocols = _facts(newer.protocols, older.protocols)
    return replace(
        newer,
        state=older.state if newer.state is State.ERROR else newer.state,
        protocols=protocols,
        cipher_suites=_sets(newer.cipher_suites, older.cipher_suites, protocols),
        groups=_sets(newer.groups, older.groups, protocols),
        signature_schemes=_sets(newer.signature_schemes, older.signature_schemes, protocols),
        certificates=newer.certificates or older.certificates,
        client_auth=_client_auth(newer.client_auth, older.client_auth),
        dh=newer.dh or older.dh,
        alpn=newer.alpn or older.alpn,
        features=_facts(newer.features, older.features),
        vulnerabilities=_facts(newer.vulnerabilities, older.vulnerabilities),
        plaintext=_facts(newer.plaintext, older.plaintext),
        http=_facts(newer.http, older.http),
        fingerprints={**older.fingerprints, **newer.fingerprints},
        contradictions=newer.contradictions or older.contradictions,
    )


def _facts(newer: Mapping[Key, Fact], older: Mapping[Key, Fact]) -> dict[Key, Fact]:
    proved = {name: fact for name, fact in newer.items() if fact.verdict is not Verdict.UNKNOWN}
    return {**newer, **older, **proved}


def _sets(
    newer: Mapping[ProtocolVersion, AcceptedSet],
    older: Mapping[ProtocolVersion, AcceptedSet],
    protocols: Mapping[ProtocolVersion, Fact],
) -> dict[ProtocolVersion, AcceptedSet]:
    sets = {**older, **newer}
    for version in newer.keys() & older.keys():
        if not newer[version].complete:
            sets[version] = _united(newer[version], older[version])
    refused = {version for version, fact in protocols.items() if fact.verdict is Verdict.NO}
    return {version: found for version, found in sets.items() if version not in refused}


def _united(newer: AcceptedSet, older: AcceptedSet) -> AcceptedSet:
    """What either proved; the order is the older one's, where the newer has none of its own."""
    preference = older.preference if newer.preference is Preference.UNKNOWN else newer.preference
    added = tuple(name for name in newer.accepted if name not in older.accepted)
    return replace(older, accepted=older.accepted + added, preference=preference)


def _client_auth(
    newer: Mapping[ProtocolVersion, ClientAuth], older: Mapping[ProtocolVersion, ClientAuth]
) -> dict[ProtocolVersion, ClientAuth]:
    known = {
        version: found
        for version, found in newer.items()
        if found.mode is not ClientAuthMode.UNKNOWN
    }
    return {**newer, **older, **known}
