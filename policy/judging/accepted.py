"""The accepted suites, groups and schemes of an endpoint, and the gaps in what is proved about them.

A rule about such a set can fail because of one accepted name. It can pass only if a refusal closes every set
that counts. The gaps name, in words, the sets that are not closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from model.findings.finding import Outcome
from model.judging.spoken import suite_gap
from model.observation import AcceptedSet, Observation
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import cipher_suite_by_name
from model.verdict import Evidence, Verdict
from policy.judging.partial_results import labels, listed, not_applicable, unknown
from policy.judging.sentences import accepts
from policy.rule import Evaluation

Sets: TypeAlias = Mapping[ProtocolVersion, AcceptedSet]
BadIn: TypeAlias = Callable[[tuple[str, ...]], Iterable[str]]

_TLS12, _TLS13 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
_WITH_GROUPS: Final = frozenset({"ECDHE", "DHE", "CECPQ1"})
_UNSIGNED: Final = frozenset({"anon", "NULL", "PSK", "SRP"})


def judge_sets(
    sets: Sets,
    bad_in: BadIn,
    gaps: Callable[[], list[str]],
    *,
    required: str,
    nothing: str,
    noun: tuple[str, str],
) -> Evaluation:
    """Fail if ``bad_in`` finds names, else unknown with the first gap, else pass.

    ``nothing`` is reported if there is neither a set nor a gap. ``noun`` describes the names that ``bad_in``
    finds, in singular and plural, for ``accepts``.
    """
    bad = {version: names for version, one in sets.items() if (names := [*bad_in(one.accepted)])}
    if bad:
        first = min(bad)
        names = _by_name(bad)
        return Evaluation(
            outcome=Outcome.FAIL,
            observed=f"accepted: {listed(names)}",
            required=required,
            violation=accepts(noun, names),
            evidence=sets[first].evidence.get(bad[first][0]),
        )
    missing = gaps()
    if missing:
        return unknown(f"not known: {listed(missing)}", required)
    if not any(one.accepted for one in sets.values()):
        return not_applicable(nothing, required)
    newest = max(sets)
    return Evaluation(
        outcome=Outcome.PASS,
        observed=f"accepted: {every_name(sets)}",
        required=required,
        evidence=sets[newest].refusal,
    )


def judge_presence(
    sets: Sets,
    wanted: frozenset[str],
    gaps: Callable[[], list[str]],
    *,
    required: str,
    violation: str,
) -> Evaluation:
    """Pass if any of ``wanted`` is accepted; fail with ``violation`` if it is proved that none is."""
    for version in sorted(sets, reverse=True):
        found = sets[version]
        names = [name for name in found.accepted if name in wanted]
        if names:
            return Evaluation(
                outcome=Outcome.PASS,
                observed=f"accepted: {listed(names)}",
                required=required,
                evidence=found.evidence.get(names[0]),
            )
    missing = gaps()
    if missing:
        return unknown(f"not known: {listed(missing)}", required)
    refusal: Evidence | None = sets[max(sets)].refusal if sets else None
    return Evaluation(
        outcome=Outcome.FAIL,
        observed=f"accepted: {every_name(sets)}",
        required=required,
        violation=violation,
        evidence=refusal,
    )


def every_name(sets: Sets) -> str:
    """All accepted names, those of the newest version first."""
    names: dict[str, None] = {}
    for version in sorted(sets, reverse=True):
        names.update(dict.fromkeys(sets[version].accepted))
    return listed(names)


def group_gaps(observation: Observation) -> list[str]:
    """What is not proved about the groups, at TLS 1.3 and below it.

    Below TLS 1.3 the newest version is enough: a server has one list for all of them.
    """
    return [
        *_tls13_gap(observation, observation.groups, "group"),
        *_earlier_gap(observation, observation.groups, "group", _has_group),
    ]


def scheme_gaps(observation: Observation) -> list[str]:
    """What is not proved about the signature schemes, at TLS 1.3 and 1.2."""
    return [
        *_tls13_gap(observation, observation.signature_schemes, "signature scheme"),
        *_earlier_gap(
            observation,
            {
                version: found
                for version, found in observation.signature_schemes.items()
                if version is _TLS12
            },
            "signature scheme",
            _is_signed,
            (_TLS12,),
        ),
    ]


def _tls13_gap(observation: Observation, sets: Sets, what: str) -> Iterator[str]:
    fact = observation.protocols.get(_TLS13)
    if fact is None or fact.verdict is Verdict.UNKNOWN:
        yield f"whether {_TLS13.display_name} is offered"
    elif fact.verdict is Verdict.YES:
        found = sets.get(_TLS13)
        if found is None or not found.complete:
            yield f"every {what} of {_TLS13.display_name}"


def _earlier_gap(
    observation: Observation,
    sets: Sets,
    what: str,
    needs: Callable[[str], bool],
    versions: tuple[ProtocolVersion, ...] = STREAM_VERSIONS[1:-1],
) -> Iterator[str]:
    earlier = [found for version, found in sets.items() if version in versions]
    if earlier:
        if not all(found.complete for found in earlier):
            yield f"every {what} below {_TLS13.display_name}"
        return
    for version in versions:
        found_suites = observation.cipher_suites.get(version)
        if found_suites is not None and any(map(needs, found_suites.accepted)):
            yield f"the {what}s of {version.display_name}"
        elif (gap := suite_gap(observation, version)) is not None:
            yield gap


def _has_group(name: str) -> bool:
    suite = cipher_suite_by_name(name)
    return suite is None or suite.key_exchange in _WITH_GROUPS


def _is_signed(name: str) -> bool:
    suite = cipher_suite_by_name(name)
    return suite is None or (
        suite.key_exchange in _WITH_GROUPS and suite.authentication not in _UNSIGNED
    )


def _by_name(bad: Mapping[ProtocolVersion, list[str]]) -> list[str]:
    """``NAME (TLS 1.0, TLS 1.2)``, without duplicate names."""
    versions: dict[str, list[ProtocolVersion]] = {}
    for version in sorted(bad, reverse=True):
        for name in bad[version]:
            versions.setdefault(name, []).append(version)
    return [f"{name} ({labels(found)})" for name, found in versions.items()]
