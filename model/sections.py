"""The table of an Observation's sections: one row for each field that holds facts.

All code that handles every section loops over this table: JSON, digests, proofs, comparison, merging,
storage, and the copy in memory. A new section is a field of the Observation and a row here;
``docs/contribute/how-do-i-add.md`` has the steps. The other fields identify the visit: ``IDENTITY``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, Generic, TypeAlias, TypeVar

from model.comparisons.certificates import compare_certificates
from model.comparisons.client_auth import compare_client_auth
from model.comparisons.difference import Difference
from model.comparisons.lists import (
    compare_alpn,
    compare_contradictions,
    compare_fingerprints,
    compare_primes,
)
from model.comparisons.named_facts import (
    Words,
    compare_named_facts,
    feature_words,
    http_words,
    ike_words,
    plaintext_words,
    quic_words,
    ssh_words,
    vulnerability_words,
)
from model.comparisons.protocols import compare_protocols, compare_sets
from model.frozen import frozen
from model.observation import AcceptedSet, Observation
from model.protocol_version import ProtocolVersion
from model.section_kinds.accepted_sets import AcceptedSets
from model.section_kinds.chains import ServedChains
from model.section_kinds.client_auth import ClientAuths
from model.section_kinds.contradictions import Contradictions
from model.section_kinds.dh_primes import DhPrimes
from model.section_kinds.facts import NamedFacts, VersionFacts
from model.section_kinds.kind import Kind, Rename
from model.section_kinds.texts import NamedLevels, NamedTexts, Names
from model.verdict import Fact, Verdict

Value = TypeVar("Value")
Comparison: TypeAlias = Callable[[Observation, Observation], Iterator[Difference]]


@frozen
class Section(Generic[Value]):
    """One field of the Observation that holds facts; its JSON has the same name.

    ``kind`` defines how its value is written, merged and shared. ``compare`` yields the differences between two
    Observations; None if differences do not matter. ``is_required`` is whether its JSON must be present;
    an optional section is missing from databases and files that are older than it. One that ``is_sparse`` is also
    missing if it has nothing, because it is about few targets.
    """

    name: str
    kind: Kind[Value]
    compare: Comparison | None = None
    is_required: bool = False
    is_sparse: bool = False

    def of(self, observation: Observation) -> Value:
        """The Observation's value of this section."""
        value: Value = getattr(observation, self.name)
        return value

    def is_written(self, observation: Observation) -> bool:
        """Whether the Observation's JSON has this section."""
        return not self.is_sparse or self.of(observation) != self.kind.nothing()


def _accepted_sets(
    name: str, noun: str, *, is_required: bool = False
) -> Section[Mapping[ProtocolVersion, AcceptedSet]]:
    compare = partial(compare_sets, section=name, noun=noun)
    return Section(name=name, kind=AcceptedSets(), compare=compare, is_required=is_required)


def _named_facts(
    name: str, words: Words, *, is_sparse: bool = False
) -> Section[Mapping[str, Fact]]:
    compare = partial(compare_named_facts, section=name, words=words)
    return Section(name=name, kind=NamedFacts(), compare=compare, is_sparse=is_sparse)


SECTIONS: Final[tuple[Section[Any], ...]] = (
    Section(name="protocols", kind=VersionFacts(), compare=compare_protocols, is_required=True),
    _accepted_sets("cipher_suites", "suite", is_required=True),
    _accepted_sets("groups", "group", is_required=True),
    Section(
        name="certificates", kind=ServedChains(), compare=compare_certificates, is_required=True
    ),
    Section(name="client_auth", kind=ClientAuths(), compare=compare_client_auth, is_required=True),
    Section(name="dh", kind=DhPrimes(), compare=compare_primes),
    _accepted_sets("signature_schemes", "signature scheme"),
    Section(name="alpn", kind=Names(), compare=compare_alpn),
    _named_facts("features", feature_words),
    _named_facts("vulnerabilities", vulnerability_words),
    _named_facts("plaintext", plaintext_words),
    _named_facts("http", http_words),
    Section(name="fingerprints", kind=NamedTexts(), compare=compare_fingerprints),
    Section(name="contradictions", kind=Contradictions(), compare=compare_contradictions),
    Section(name="not_asked", kind=NamedLevels()),
    _named_facts("ssh", ssh_words, is_sparse=True),
    _named_facts("quic", quic_words, is_sparse=True),
    _named_facts("ike", ike_words, is_sparse=True),
)
"""In the order of JSON, proofs and Changes. Add new ones at the end: stored facts use this order."""

SECTION_NAMES: Final = frozenset(section.name for section in SECTIONS)

NAMED_FACTS: Final[tuple[Section[Mapping[str, Fact]], ...]] = tuple(
    section for section in SECTIONS if isinstance(section.kind, NamedFacts)
)
"""The sections with a verdict for each name: features, vulnerabilities and similar."""

ACCEPTED_SETS: Final[tuple[Section[Mapping[ProtocolVersion, AcceptedSet]], ...]] = tuple(
    section for section in SECTIONS if isinstance(section.kind, AcceptedSets)
)
"""The sections that list what each protocol version accepts."""

IDENTITY: Final = frozenset(
    {"tool_version", "mode", "endpoint", "started_at", "cost", "state", "reason"}
)
"""The fields of an Observation that identify the visit and its outcome; they hold no facts."""


def with_versions_renamed(observation: Observation, rename: Rename) -> Observation:
    """The same facts with each protocol version replaced by ``rename``."""
    facts = {
        section.name: section.kind.renamed(section.of(observation), rename) for section in SECTIONS
    }
    return replace(observation, **facts)


def without_unknown(observation: Observation) -> Observation:
    """The same Observation without the named facts that are unknown."""
    known: dict[str, Any] = {
        section.name: {
            name: fact
            for name, fact in section.of(observation).items()
            if fact.verdict is not Verdict.UNKNOWN
        }
        for section in NAMED_FACTS
    }
    return replace(observation, **known)


def named_facts(observation: Observation) -> Iterator[Mapping[str, Fact]]:
    """The values of the sections with a verdict for each name."""
    return (section.of(observation) for section in NAMED_FACTS)
