"""What must be known of the values of a section, so that everything else loops over the sections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Set
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from model.protocol_version import ProtocolVersion
from model.verdict import Evidence

Json: TypeAlias = dict[str, Any]
Proof: TypeAlias = Evidence | None
Exchange: TypeAlias = Callable[[Proof], Proof]
"""Is given a proof and says what stands in its place."""
Rename: TypeAlias = Callable[[ProtocolVersion], ProtocolVersion]

Value = TypeVar("Value")
Item = TypeVar("Item", bound=Hashable)
Name = TypeVar("Name", bound=Hashable)
Part = TypeVar("Part", bound=Hashable)

END: Final = "\x1e"
"""Ends a list among the texts of a digest."""
NONE: Final = "\x00"
"""Stands for None among the texts of a digest."""


class PartSharer(Protocol):
    """Gives equal parts of Observations as one object."""

    def part(self, part: Part) -> Part:
        """The object that is equal to ``part``."""
        ...

    def mapping(self, mapping: Mapping[Name, Item]) -> Mapping[Name, Item]:
        """The mapping that is equal to ``mapping``, with shared values where it is new."""
        ...

    def assembled(self, part: Part, assemble: Callable[[Part], Part]) -> Part:
        """The object that is equal to ``part``; where it is new, what ``assemble`` makes of shared parts."""
        ...


class Kind(ABC, Generic[Value]):
    """One kind of value of a section: what it is as JSON, in a digest, and as a part of an Observation.

    The defaults are those of a value that holds neither proofs nor protocol versions.
    """

    @abstractmethod
    def nothing(self) -> Value:
        """The value of a section that was not asked about."""

    @abstractmethod
    def to_json(self, value: Value, *, with_evidence: bool) -> Any:
        """The value as JSON values; ``with_evidence=False`` leaves the proofs out."""

    @abstractmethod
    def from_json(self, fields: Any) -> Value:
        """The value that ``to_json`` wrote.

        Raises:
            KeyError, ValueError: where a required property is missing or has no known meaning.
        """

    @abstractmethod
    def digest(self, value: Value) -> Iterable[str]:
        """The texts that differ when the facts do: without evidence, and in an order of their own."""

    @abstractmethod
    def shared(self, value: Value, parts: PartSharer) -> Value:
        """The same value made of parts that others have too. It should be without evidence."""

    @abstractmethod
    def merged(self, newer: Value, older: Value, refused: Set[ProtocolVersion]) -> Value:
        """The newer value, and of the older one what the newer did not learn.

        ``refused`` are the versions that are known to be refused.
        """

    def is_settled(self, value: Value) -> bool:
        """Whether no verdict in it is unknown and no list incomplete."""
        return True

    def exchanged(self, value: Value, exchange: Exchange) -> Value:
        """The same value with what ``exchange`` says for each proof, asked in the order of the facts."""
        return value

    def without_evidence(self, value: Value) -> Value:
        """The same facts without the bytes that prove them; the same object where it has none."""
        bare = self.exchanged(value, _no_proof)
        return value if bare == value else bare

    def renamed(self, value: Value, rename: Rename) -> Value:
        """The same facts, each under the name that ``rename`` gives to its protocol version."""
        return value


class ListKind(Kind[tuple[Item, ...]], Generic[Item]):
    """A list that is known as a whole: a newer one stands in the place of an older one."""

    def nothing(self) -> tuple[Item, ...]:
        """An empty list."""
        return ()

    def shared(self, value: tuple[Item, ...], parts: PartSharer) -> tuple[Item, ...]:
        """The list as one part."""
        return parts.part(value)

    def merged(
        self,
        newer: tuple[Item, ...],
        older: tuple[Item, ...],
        refused: Set[ProtocolVersion],
    ) -> tuple[Item, ...]:
        """The newer list, unless it is empty: that does not say whether it was asked for."""
        return newer or older


class MappingKind(Kind[Mapping[Name, Item]], Generic[Name, Item]):
    """Values by names or versions."""

    def nothing(self) -> Mapping[Name, Item]:
        """An empty mapping."""
        return {}

    def shared(self, value: Mapping[Name, Item], parts: PartSharer) -> Mapping[Name, Item]:
        """The mapping, and its values where it is new."""
        return parts.mapping(value)


class VersionsKind(MappingKind[ProtocolVersion, Item], Generic[Item]):
    """One value for each protocol version."""

    @abstractmethod
    def item_to_json(self, item: Item, *, with_evidence: bool) -> Json:
        """One version's value as JSON."""

    @abstractmethod
    def item_from_json(self, fields: Json) -> Item:
        """The value that ``item_to_json`` wrote. Raises KeyError or ValueError."""

    @abstractmethod
    def item_exchanged(self, item: Item, exchange: Exchange) -> Item:
        """One version's value with other proofs."""

    def to_json(self, value: Mapping[ProtocolVersion, Item], *, with_evidence: bool) -> Json:
        """An object by the versions' labels, in the order of the versions."""
        return {
            version.label: self.item_to_json(item, with_evidence=with_evidence)
            for version, item in sorted(value.items())
        }

    def from_json(self, fields: Json) -> Mapping[ProtocolVersion, Item]:
        """The values by version."""
        return {
            ProtocolVersion.from_label(label): self.item_from_json(item)
            for label, item in fields.items()
        }

    def exchanged(
        self, value: Mapping[ProtocolVersion, Item], exchange: Exchange
    ) -> Mapping[ProtocolVersion, Item]:
        """In the order of the versions, which is another than theirs where one was read from JSON."""
        return {version: self.item_exchanged(value[version], exchange) for version in sorted(value)}

    def renamed(
        self, value: Mapping[ProtocolVersion, Item], rename: Rename
    ) -> Mapping[ProtocolVersion, Item]:
        """Under the other names of the versions."""
        return {rename(version): item for version, item in value.items()}


def _no_proof(_: Proof) -> None:
    return None
