"""Which finite fields does the server use for DHE, and does it reuse its key?

The ServerKeyExchange of DHE suites has the prime and the public value in plaintext (RFC 5246, 7.4.3). The
enumeration of suites got one for each suite, so usually nothing is asked. Logjam (CVE-2015-4000) is a prime
of at most 1024 bits; Raccoon (CVE-2020-1968) needs a reused key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final

from model.observation import DhParameters
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_name, known_prime
from model.verdict import Evidence, Fact, Verdict
from probe.budget import current_budget
from probe.checks.prober import Prober, in_turn, side_by_side
from probe.checks.versions_and_suites.key_exchanges import (
    SeenKeyExchange,
    key_exchanges,
    suites_with,
)
from probe.checks.versions_and_suites.safe_primes import MOST_BITS, judge_safety
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import ASKED_VERSIONS
from probe.checks.vulnerabilities.suite_flaws import SuiteFlaw, judge_by_suites, not_known
from probe.dialogue.offer import offer

DH_FACTS: Final = (
    "dh_public_value_reused",
    "ecdhe_public_value_reused",
    "logjam",
    "raccoon",
)

_VERSIONS: Final = ASKED_VERSIONS[:-1]
"""TLS 1.3 has neither static keys nor fields chosen by the server."""

_BREAKABLE_BITS: Final = 1024
"""weakdh.org: a state can break it, once for all servers that share the prime."""

_EXPORT = SuiteFlaw(
    name="logjam",
    is_in=lambda suite: suite.export and suite.key_exchange == "DHE",
    versions=_VERSIONS,
)
_EPHEMERAL = SuiteFlaw(
    name="logjam", is_in=lambda suite: suite.key_exchange == "DHE", versions=_VERSIONS
)
_STATIC = SuiteFlaw(
    name="raccoon", is_in=lambda suite: suite.key_exchange == "DH", versions=_VERSIONS
)


async def check_dh_parameters(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``dh``, and the facts named in ``DH_FACTS`` that apply."""
    await in_turn(_ask_each_version(prober, facts), _conclude(prober, facts))


async def _conclude(prober: Prober, facts: VisitFacts) -> None:
    fields = await _complete_a_pair(prober, facts, _prime)
    curves = await _complete_a_pair(prober, facts, _curve)
    facts.dh = await _test_parameters(fields)
    if fields:
        facts.features["dh_public_value_reused"] = _reuse(fields, _prime)
    if curves:
        facts.features["ecdhe_public_value_reused"] = _reuse(curves, _curve)
    asked = [fact for version, fact in facts.protocols.items() if version in ASKED_VERSIONS]
    if any(fact.verdict is not Verdict.NO for fact in asked):
        facts.vulnerabilities["logjam"] = _logjam(facts, fields)
        facts.vulnerabilities["raccoon"] = _raccoon(facts)


def _prime(seen: SeenKeyExchange) -> int | None:
    prime = seen.sent.dh_prime
    return None if prime is None else int.from_bytes(prime, "big")


def _curve(seen: SeenKeyExchange) -> int | None:
    return seen.sent.named_group


async def _ask_each_version(prober: Prober, facts: VisitFacts) -> None:
    """Asks at each version that has or may have DHE suites and sent no ServerKeyExchange for one."""
    heard = {one.version for one in key_exchanges(prober, facts) if _prime(one) is not None}
    unheard = [version for version in facts.spoken if version in _VERSIONS and version not in heard]
    questions = []
    for version in unheard:
        suites = tuple(suite.code_point for suite in suites_with(facts, version, "DHE"))
        if suites:
            question = offer(version, suites, facts.shape_at(version))
            questions.append(prober.ask(question))
    await side_by_side(*questions)


async def _complete_a_pair(
    prober: Prober, facts: VisitFacts, kind: Callable[[SeenKeyExchange], Hashable | None]
) -> tuple[SeenKeyExchange, ...]:
    """The key exchanges of one kind. If no two of them can be compared, the last hello is sent again."""

    def heard() -> tuple[SeenKeyExchange, ...]:
        return tuple(one for one in key_exchanges(prober, facts) if kind(one) is not None)

    seen = heard()
    if not seen or len({kind(one) for one in seen}) < len(seen):
        return seen
    await prober.ask(seen[-1].exchange.offer)
    return heard()


def _reuse(
    seen: Sequence[SeenKeyExchange], kind: Callable[[SeenKeyExchange], Hashable | None]
) -> Fact:
    """Whether a public value came on two connections; both ServerHellos are the proof."""
    kinds = [kind(one) for one in seen]
    comparable = _first_pair(kinds)
    if comparable is None:
        return not_known("no two key exchanges in the same group to compare")
    values = [one.sent.public_value for one in seen]
    same = _first_pair(list(zip(kinds, values, strict=True)))
    first, second = (seen[position] for position in same or comparable)
    found = "the same public value" if same else "different public values"
    evidence = Evidence(
        offer=first.exchange.offered,
        answer=first.exchange.answer.raw + second.exchange.answer.raw,
        note=f"{found} in the ServerKeyExchanges of two connections, which follow these hellos",
    )
    return Fact(verdict=Verdict.YES if same else Verdict.NO, evidence=evidence)


def _first_pair(marks: Sequence[Hashable]) -> tuple[int, int] | None:
    """The positions of the first repeated mark and of its repetition; None if no mark is repeated.

    Linear, because a server that accepts hundreds of suites sends a different field with each.
    """
    first: dict[Hashable, int] = {}
    found: dict[int, int] = {}
    for position, mark in enumerate(marks):
        earlier = first.setdefault(mark, position)
        if earlier != position:
            found.setdefault(earlier, position)
    return min(found.items(), default=None)


async def _test_parameters(seen: Iterable[SeenKeyExchange]) -> tuple[DhParameters, ...]:
    """One entry for each prime, the shortest first."""
    by_prime: dict[int, list[SeenKeyExchange]] = {}
    for one in seen:
        prime = _prime(one)
        if prime is not None:
            by_prime.setdefault(prime, []).append(one)
    found = [await _test_prime(prime, by_prime[prime]) for prime in sorted(by_prime)]
    return tuple(found)


async def _test_prime(prime: int, seen: Sequence[SeenKeyExchange]) -> DhParameters:
    bits = prime.bit_length()
    sha256 = hashlib.sha256(prime.to_bytes((bits + 7) // 8, "big")).hexdigest()
    known = known_prime(sha256)
    untested = ""
    if known is not None:
        is_safe = Verdict.YES if known.is_safe else Verdict.NO
    elif bits > MOST_BITS:
        is_safe, untested = Verdict.UNKNOWN, f"; not tested: more than {MOST_BITS:,} bits"
    elif not current_budget().takes_prime(bits):
        is_safe, untested = (
            Verdict.UNKNOWN,
            "; not tested: the visit's budget of prime tests is used up",
        )
    else:
        is_safe = await judge_safety(prime)
    return DhParameters(
        prime_bits=bits,
        prime_sha256=sha256,
        known_as=known.name if known is not None else None,
        is_safe_prime=is_safe,
        versions=tuple(sorted({one.version for one in seen})),
        evidence=seen[0].exchange.evidence(
            f"ServerKeyExchange with a prime of {bits} bits{untested}"
        ),
    )


def _logjam(facts: VisitFacts, seen: Sequence[SeenKeyExchange]) -> Fact:
    """Yes if one prime is short or one export suite is accepted; no if all primes in use were seen."""
    shortest = min(facts.dh, key=lambda one: one.prime_bits, default=None)
    value = str(shortest.prime_bits) if shortest is not None else None
    if shortest is not None and shortest.prime_bits <= _BREAKABLE_BITS:
        return Fact(verdict=Verdict.YES, evidence=shortest.evidence, value=value)
    for_export = judge_by_suites(_EXPORT, facts)
    if for_export.verdict is Verdict.YES:
        return Fact(verdict=Verdict.YES, evidence=for_export.evidence, value=value)
    ephemeral = judge_by_suites(_EPHEMERAL, facts)
    if ephemeral.verdict is Verdict.NO or for_export.verdict is Verdict.UNKNOWN:
        return for_export
    unseen = _suites_without_prime(facts, seen)
    if unseen or shortest is None:
        return not_known(f"not known: the prime of {', '.join(unseen)}")
    return Fact(verdict=Verdict.NO, evidence=shortest.evidence, value=value)


def _suites_without_prime(facts: VisitFacts, seen: Sequence[SeenKeyExchange]) -> list[str]:
    """The accepted DHE suites without a ServerKeyExchange, with their version."""
    shown = {(one.version, one.suite.name) for one in seen}
    return [
        f"{name} at {version.label}"
        for version in _VERSIONS
        for name in _ephemeral_names(facts, version)
        if (version, name) not in shown
    ]


def _ephemeral_names(facts: VisitFacts, version: ProtocolVersion) -> list[str]:
    found = facts.cipher_suites.get(version)
    named = [(name, cipher_suite_by_name(name)) for name in (found.accepted if found else ())]
    return [name for name, suite in named if suite is not None and _EPHEMERAL.is_in(suite)]


def _raccoon(facts: VisitFacts) -> Fact:
    """If a DH key is reused, timing can reveal the leading zeros of a premaster secret."""
    static = judge_by_suites(_STATIC, facts)
    reuse = facts.features.get("dh_public_value_reused")
    if static.verdict is Verdict.YES:
        return static
    if reuse is not None:
        is_open = reuse.verdict is Verdict.NO and static.verdict is Verdict.UNKNOWN
        return static if is_open else reuse
    has_none = judge_by_suites(_EPHEMERAL, facts).verdict is Verdict.NO
    return static if has_none else not_known("not known: whether DHE keys are reused")
