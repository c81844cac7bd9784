"""What an Observation of a ServerModel may claim, and what it must contain.

``falsehoods`` yields claims that the model contradicts, however the visit went; unknown is always allowed.
``omissions`` yields facts that were not found although the server would have revealed them.
"""

from __future__ import annotations

from collections.abc import Iterator

from model.observation import Observation
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import cipher_suite_name, named_group_name
from model.verdict import Preference, Verdict
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel


def falsehoods(model: ServerModel, observation: Observation) -> list[str]:
    """Every claim that is not true of the model."""
    return [*_false_versions(model, observation), *_false_suites(model, observation)]


def omissions(model: ServerModel, observation: Observation) -> list[str]:
    """Every version, suite and TLS 1.3 group that is not proved, and every set that is not closed."""
    return [*_missing_versions(model, observation), *_missing_names(model, observation)]


def _suites(model: ServerModel, version: ProtocolVersion) -> set[str]:
    return {cipher_suite_name(suite) for suite in model.cipher_suites.get(version, ())}


def _false_versions(model: ServerModel, observation: Observation) -> Iterator[str]:
    for version, fact in observation.protocols.items():
        speaks = version in model.cipher_suites
        if fact.verdict is (Verdict.NO if speaks else Verdict.YES):
            note = fact.evidence.note if fact.evidence else None
            yield f"{version.label} is {fact.verdict} ({note})"


def _false_suites(model: ServerModel, observation: Observation) -> Iterator[str]:
    for version, found in observation.cipher_suites.items():
        truth = _suites(model, version)
        if surplus := set(found.accepted) - truth:
            yield f"{version.label} is reported to accept {sorted(surplus)}"
        if found.complete and (missing := truth - set(found.accepted)):
            note = found.refusal.note if found.refusal else None
            yield f"{version.label} is reported as complete without {sorted(missing)} ({note})"


def _preferences(model: ServerModel, version: ProtocolVersion) -> set[Preference]:
    """The permitted verdicts on a server's preference.

    If all suites but one are ChaCha20, no client that puts another one first can distinguish the client's
    order from a server that favours ChaCha20 for such a client. A server that always prefers ECDSA, and
    otherwise follows the client, has half an order of its own.
    """
    names = _suites(model, version)
    if len(names) < 2:
        return {Preference.UNKNOWN}
    if model.chooses_key_first and 0 < sum("_ECDSA_" in name for name in names) < len(names):
        return set(Preference) - ({Preference.CLIENT} if model.server_decides else set())
    if model.server_decides:
        return {Preference.SERVER}
    ordinary = {name for name in names if "CHACHA20" not in name}
    return {Preference.CLIENT} if len(ordinary) > 1 else {Preference.CLIENT, Preference.UNKNOWN}


def _missing_versions(model: ServerModel, observation: Observation) -> Iterator[str]:
    for version in STREAM_VERSIONS:
        if version is ProtocolVersion.SSLV2:
            continue
        expected = Verdict.YES if version in model.cipher_suites else Verdict.NO
        fact = observation.protocols.get(version)
        if fact is None or fact.verdict is not expected:
            yield f"{version.label}: {expected} was expected, not {fact}"


def _missing_names(model: ServerModel, observation: Observation) -> Iterator[str]:
    for point in model.cipher_suites:
        version = ProtocolVersion(point)
        found = observation.cipher_suites.get(version)
        missing = _suites(model, version) - set(found.accepted if found else ())
        if missing or found is None or not found.complete:
            yield f"{version.label}: missing suites {sorted(missing)}, found {found}"
        elif found.preference not in (expected := _preferences(model, version)):
            yield f"{version.label}: {expected} preference was expected, not {found.preference}"
    if wire.TLSV1_3 in model.cipher_suites:
        groups = observation.groups.get(ProtocolVersion.TLSV1_3)
        names = {named_group_name(group) for group in model.groups}
        if groups is None or set(groups.accepted) != names or not groups.complete:
            yield f"TLSv1.3: missing groups of {sorted(names)}, found {groups}"
