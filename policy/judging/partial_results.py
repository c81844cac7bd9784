"""Helpers that all rules share: they combine partial answers into one and shorten lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, TypeAlias

from model.certificates.certificate import ServedChain
from model.findings.finding import Outcome
from model.intrusiveness import Intrusiveness
from model.judging.spoken import has_no_certificates
from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from policy.rule import Evaluation, Judge, Parameters, Subject

NAMES_SHOWN: Final = 12
_REMEMBERED: Final = 512
"""The number of joined lists that are cached."""
_LONGEST_REMEMBERED: Final = 1024
"""The maximum number of characters of a cached list. Only hostile certificates have longer ones, and no other
endpoint shares them."""
_PUBLIC_STORES: Final = frozenset({"mozilla", "system"})
_GRAVITY: Final = (
    *(Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_ASKED),
    *(Outcome.PASS, Outcome.NOT_APPLICABLE),
)

Part: TypeAlias = tuple[Outcome, str]
"""A rule's answer about one chain, one version or one name."""


def listed(names: Iterable[str]) -> str:
    """The names separated by commas: at most ``NAMES_SHOWN``, then the number of the others."""
    every = tuple(names)
    shown, more = every[:NAMES_SHOWN], max(len(every) - NAMES_SHOWN, 0)
    is_short = sum(map(len, shown)) <= _LONGEST_REMEMBERED
    return _remembered_joined(shown, more) if is_short else _joined(shown, more)


def labels(versions: Iterable[ProtocolVersion]) -> str:
    """The names of the versions, oldest first."""
    return _labels(tuple(sorted(versions)))


def _joined(shown: tuple[str, ...], more: int) -> str:
    text = ", ".join(shown) or "none"
    return f"{text} and {more} more" if more else text


_remembered_joined = lru_cache(maxsize=_REMEMBERED)(_joined)
"""Endpoints of one fleet accept the same things, so the cache avoids joining the same lists again."""


@lru_cache(maxsize=_REMEMBERED)
def _labels(versions: tuple[ProtocolVersion, ...]) -> str:
    return ", ".join(version.display_name for version in versions) or "none"


def not_applicable(observed: str, required: str) -> Evaluation:
    """The endpoint does not have what the rule is about; ``observed`` says what is missing."""
    return Evaluation(outcome=Outcome.NOT_APPLICABLE, observed=observed, required=required)


def unknown(observed: str, required: str, evidence: Evidence | None = None) -> Evaluation:
    """The facts that the rule needs were not proved; ``observed`` says which."""
    return Evaluation(
        outcome=Outcome.UNKNOWN, observed=observed, required=required, evidence=evidence
    )


def worst(parts: Sequence[Part], required: str, evidence: Evidence | None = None) -> Evaluation:
    """Combine ``parts`` (at least one) into one Evaluation. Order: fail, unknown, not asked, pass, the rest."""
    if len(parts) == 1:
        ((outcome, observed),) = parts
    else:
        outcomes = {one for one, _ in parts}
        outcome = next(one for one in _GRAVITY if one in outcomes)
        observed = "; ".join(dict.fromkeys(text for one, text in parts if one is outcome))
    return Evaluation(outcome=outcome, observed=observed, required=required, evidence=evidence)


def heaviest(found: Sequence[Evaluation]) -> Evaluation:
    """The first Evaluation that decides about all of them (at least one), in the order of ``worst``."""
    return min(found, key=lambda one: _GRAVITY.index(one.outcome))


def with_shared_cause(ruling: Evaluation, unknowns: Iterable[Fact | None]) -> Evaluation:
    """The ruling with the cause that all ``unknowns``, the facts without an answer, have in common, if it is
    unknown. None stands for a fact that was not probed."""
    causes = {None if fact is None else fact.cause for fact in unknowns}
    if ruling.outcome is not Outcome.UNKNOWN or len(causes) != 1:
        return ruling
    return replace(ruling, cause=causes.pop())


def not_asked_ruling(level: Intrusiveness, required: str) -> Evaluation:
    """The rule needs a fact that is asked only at ``level``."""
    outcome, observed = not_asked(level)
    return Evaluation(outcome=outcome, observed=observed, required=required)


def not_asked(level: Intrusiveness, what: str = "") -> Part:
    """A rule's answer about a fact that is asked only at ``level``."""
    about = f": {what}" if what else ""
    return Outcome.NOT_ASKED, f"not asked{about} (needs intrusiveness {level})"


def judge_fact(
    fact: Fact | None,
    wanted: Verdict,
    *,
    words: Mapping[Verdict, str],
    required: str,
    violation: str,
    needs: Intrusiveness | None = None,
) -> Evaluation:
    """Pass if the fact is ``wanted``, fail with ``violation`` if it is the opposite, else unknown.

    ``needs`` is the intrusiveness level at which the visit would have asked about an absent fact.
    """
    if fact is None and needs is not None:
        return not_asked_ruling(needs, required)
    if fact is None:
        return unknown("not probed", required)
    if fact.verdict is Verdict.UNKNOWN:
        note = fact.evidence.note if fact.evidence else None
        ruling = unknown(note or words[Verdict.UNKNOWN], required, fact.evidence)
        return replace(ruling, cause=fact.cause)
    outcome = Outcome.PASS if fact.verdict is wanted else Outcome.FAIL
    value = f" ({fact.value})" if fact.value else ""
    return Evaluation(
        outcome=outcome,
        observed=words[fact.verdict] + value,
        required=required,
        violation=f"{violation}{value}",
        evidence=fact.evidence,
    )


class ChainParameters(Parameters):
    """``only_public``: skip chains that lead to no public trust store."""

    only_public: bool = False


def is_public(chain: ServedChain) -> bool:
    """Whether a public trust store trusts the chain: Mozilla's or the system's."""
    return any(
        name in _PUBLIC_STORES and found.path_not_after is not None
        for name, found in chain.trust.items()
    )


def of_each_chain(
    required: str,
    say: Callable[[ServedChain, Subject], Part],
    *,
    violation: str,
    only_public: bool = False,
) -> Judge:
    """A Judge that asks ``say`` about every chain that the target's own clients get.

    ``violation`` follows ``Certificate`` in the sentence on a failing chain (``RSA certificate`` if there are
    several); ``{}`` in it is replaced by the result of ``say``.
    """

    def part_of(chain: ServedChain, subject: Subject) -> Part:
        if only_public and not is_public(chain):
            return Outcome.NOT_APPLICABLE, "the chain is not publicly trusted"
        return say(chain, subject)

    def judge(subject: Subject) -> Evaluation:
        chains = subject.observation.own_certificates
        if not chains:
            if has_no_certificates(subject.observation):
                return not_applicable("no cipher suite uses a server certificate", required)
            return unknown("no certificate was seen", required)
        parts = [part_of(chain, subject) for chain in chains]
        failures = _failures(chains, parts, violation)
        if len(chains) > 1:
            parts = [
                (outcome, f"{chain.key_type}: {text}")
                for chain, (outcome, text) in zip(chains, parts, strict=True)
            ]
        ruling = worst(parts, required)
        shown = next(
            chain for chain, (one, _) in zip(chains, parts, strict=True) if one is ruling.outcome
        )
        proof = Evidence(note=f"the chain of leaf certificate {shown.leaf.sha256}")
        return Evaluation(
            outcome=ruling.outcome,
            observed=ruling.observed,
            required=required,
            violation="; ".join(failures),
            evidence=proof,
        )

    return judge


def _failures(
    chains: Sequence[ServedChain], parts: Sequence[Part], violation: str
) -> dict[str, None]:
    """A sentence for each failing chain, without duplicates."""
    before, _, after = violation.partition("{}")
    found: dict[str, None] = {}
    for chain, (outcome, text) in zip(chains, parts, strict=True):
        if outcome is Outcome.FAIL:
            key_type = chain.key_type.value.upper()
            which = f"{key_type} certificate" if len(chains) > 1 else "Certificate"
            found[f"{which} {before}{text}{after}"] = None
    return found


def proof_of(found: AcceptedSet, name: str) -> Evidence | None:
    """The proof that ``name`` is accepted."""
    return found.evidence.get(name)
