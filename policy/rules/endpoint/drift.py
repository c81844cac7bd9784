"""Is the endpoint configured as its owner declared? Any difference is drift, better or worse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, model_validator

from model.certificates.certificate import ServedChain
from model.findings.finding import Outcome, Severity
from model.judging.spoken import spoken, suite_gaps, unsettled
from model.observation import AcceptedSet, ClientAuthMode, Observation
from policy.judging.accepted import group_gaps
from policy.judging.partial_results import Part, labels, listed, of_each_chain, worst
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.values import GroupName, SuiteName, Version

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Declared(Parameters):
    """The declared state; what is left out is not compared.

    ``leaf_sha256`` and ``key_sha256`` (of the SubjectPublicKeyInfo) are in hex, one for each chain.
    """

    protocols: tuple[Version, ...] | None = None
    cipher_suites: tuple[SuiteName, ...] | None = None
    groups: tuple[GroupName, ...] | None = None
    alpn: tuple[str, ...] | None = None
    client_auth: ClientAuthMode | None = None
    leaf_sha256: tuple[Sha256, ...] | None = None
    key_sha256: tuple[Sha256, ...] | None = None
    issuers: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _declares_something(self) -> Declared:
        if not self.model_fields_set:
            raise ValueError(
                "declares nothing: add for example `protocols`, `cipher_suites` or `groups`"
            )
        return self


def _bind(declared: Declared) -> Judge:
    required = "the declared state"

    def judge(subject: Subject) -> Evaluation:
        found = worst(list(_compare(declared, subject.observation)), required)
        is_different = found.outcome is Outcome.FAIL
        text = f"Differs from the declared state: {found.observed}" if is_different else ""
        return replace(found, violation=text)

    return judge


def _compare(declared: Declared, observation: Observation) -> Iterator[Part]:
    if declared.protocols is not None:
        gaps = [f"whether {version.display_name} is offered" for version in unsettled(observation)]
        yield _difference(
            "protocols",
            labels(declared.protocols).split(", "),
            [version.display_name for version in spoken(observation)],
            gaps,
        )
    if declared.cipher_suites is not None:
        found = _names(observation.cipher_suites.values())
        yield _difference("suites", declared.cipher_suites, found, suite_gaps(observation))
    if declared.groups is not None:
        found = _names(observation.groups.values())
        yield _difference("groups", declared.groups, found, group_gaps(observation))
    if declared.alpn is not None:
        gaps = [] if "alpn" in observation.features else ["the ALPN protocols"]
        yield _difference("ALPN", declared.alpn, observation.alpn, gaps)
    if declared.client_auth is not None:
        yield _client_auth(declared.client_auth, observation)
    yield from _certificates(declared, observation)


def _certificates(declared: Declared, observation: Observation) -> Iterator[Part]:
    leaves = [chain.leaf for chain in observation.own_certificates]
    gaps = [] if leaves else ["any certificate"]
    for what, wanted, found in (
        ("leaf", declared.leaf_sha256, [leaf.sha256 for leaf in leaves]),
        ("key", declared.key_sha256, [leaf.public_key_sha256 or "unreadable" for leaf in leaves]),
        ("issuer", declared.issuers, [leaf.issuer or "unreadable" for leaf in leaves]),
    ):
        if wanted is not None:
            yield _difference(what, wanted, found, gaps)


def _client_auth(wanted: ClientAuthMode, observation: Observation) -> Part:
    modes = {found.mode for found in observation.client_auth.values()}
    if not modes or ClientAuthMode.UNKNOWN in modes:
        return Outcome.UNKNOWN, "client authentication: not known"
    found = listed(sorted(mode.value for mode in modes))
    is_same = modes == {wanted}
    return (Outcome.PASS if is_same else Outcome.FAIL), f"client authentication: {found}"


def _names(sets: Iterable[AcceptedSet]) -> list[str]:
    return list(dict.fromkeys(name for one in sets for name in one.accepted))


def _difference(what: str, declared: Iterable[str], found: Iterable[str], gaps: list[str]) -> Part:
    """Additional items, then missing ones, then unknown ones."""
    wanted, seen = dict.fromkeys(declared), dict.fromkeys(found)
    extra = [name for name in seen if name not in wanted]
    missing = [] if gaps else [name for name in wanted if name not in seen]
    words = [f"undeclared {listed(extra)}"] * bool(extra)
    words += [f"missing {listed(missing)}"] * bool(missing)
    if words:
        return Outcome.FAIL, f"{what}: {', '.join(words)}"
    if gaps:
        return Outcome.UNKNOWN, f"{what}: not known: {listed(gaps)}"
    return Outcome.PASS, f"{what} as declared"


class DeclaredLeaves(Parameters):
    """``allowed``: the SHA-256, in hex, of leaf certificates that may be served; ``not_after``: the ends of others."""

    allowed: tuple[Sha256, ...] = ()
    not_after: tuple[AwareDatetime, ...] = ()

    @model_validator(mode="after")
    def _declares_a_leaf(self) -> DeclaredLeaves:
        if not (self.allowed or self.not_after):
            raise ValueError("declares no certificate: add `allowed` or `not_after`")
        return self


def _bind_leaves(parameters: DeclaredLeaves) -> Judge:
    allowed, ends = frozenset(parameters.allowed), frozenset(parameters.not_after)
    required = [f"the SHA-256 {listed(parameters.allowed)}"] * bool(allowed)
    required += [f"the end {listed(one.isoformat() for one in parameters.not_after)}"] * bool(ends)

    def part_of(chain: ServedChain, _: Subject) -> Part:
        leaf = chain.leaf
        shown = f"leaf SHA-256 {leaf.sha256}"
        if ends:
            shown += f", end {leaf.not_after.isoformat() if leaf.not_after else 'unreadable'}"
        if leaf.sha256 in allowed or leaf.not_after in ends:
            return Outcome.PASS, shown
        is_unreadable = bool(ends) and leaf.not_after is None
        return (Outcome.UNKNOWN if is_unreadable else Outcome.FAIL), shown

    return of_each_chain(
        f"a leaf with {' or '.join(required)}",
        part_of,
        violation="is not a declared one: {}",
    )


DRIFT_RULES: Final = (
    Rule(
        identifier="TP-DRIFT-001",
        name="declared_state",
        family=Family.DRIFT,
        requirement="The endpoint must match its declared state",
        violation="The endpoint differs from its declared state",
        why="An unplanned change is a mistake or an attack.",
        severity=Severity.MEDIUM,
        parameters=Declared,
        bind=_bind,
    ),
    Rule(
        identifier="TP-DRIFT-002",
        name="leaf_certificates",
        family=Family.DRIFT,
        requirement="Each served leaf certificate must be a declared one",
        violation="A leaf certificate is served that is not declared",
        why="The server has not loaded its new certificate, or another server answers.",
        severity=Severity.MEDIUM,
        parameters=DeclaredLeaves,
        bind=_bind_leaves,
    ),
)
