"""The interface of a section's values, through which all other code loops over the sections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Set
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from model.protocol_version import ProtocolVersion
from model.verdict import Evidence

Json: TypeAlias = dict[str, Any]
Proof: TypeAlias = Evidence | None
Exchange: TypeAlias = Callable[[Proof], Proof]
"""Takes a proof and returns its replacement."""
Shown: TypeAlias = str | tuple[str, ...]
"""A fact as a text, or as the texts of a list."""
Rename: TypeAlias = Callable[[ProtocolVersion], ProtocolVersion]

Value = TypeVar("Value")
Item = TypeVar("Item", bound=Hashable)
Name = TypeVar("Name", bound=Hashable)
Part = TypeVar("Part", bound=Hashable)

END: Final = "\x1e"
"""Ends a list in the texts of a digest."""
NONE: Final = "\x00"
"""Represents None in the texts of a digest."""


class PartSharer(Protocol):
    """Replaces equal parts of Observations by one shared object."""

    def part(self, part: Part) -> Part:
        """The shared object that equals ``part``."""
        ...

    def mapping(self, mapping: Mapping[Name, Item]) -> Mapping[Name, Item]:
        """The shared mapping that equals ``mapping``; a new one gets shared values."""
        ...

    def assembled(self, part: Part, assemble: Callable[[Part], Part]) -> Part:
        """The shared object that equals ``part``; a new one is built from shared parts by ``assemble``."""
        ...


class Kind(ABC, Generic[Value]):
    """One kind of section value: its JSON, its digest, and its role in an Observation.

    The defaults suit a value without proofs and protocol versions.
    """

    @abstractmethod
    def nothing(self) -> Value:
        """The value of a section that was not asked about."""

    @abstractmethod
    def to_json(self, value: Value, *, with_evidence: bool) -> Any:
        """The value as JSON values; ``with_evidence=False`` omits the proofs."""

    @abstractmethod
    def from_json(self, fields: Any) -> Value:
        """The value that ``to_json`` wrote.

        Raises:
                KeyError, ValueError: if a required property is missing or has an unknown value.
        """

    @abstractmethod
    def digest(self, value: Value) -> Iterable[str]:
        """Texts that differ when the facts differ: without evidence, in a fixed order."""

    @abstractmethod
    def shown(self, value: Value) -> Iterator[tuple[str, Shown]]:
        """Each fact, without its proof, for people who compare two endpoints.

        It comes with the rest of its path, which is empty or begins with a period. What differs between two
        visits although the endpoint is the same, such as the date of a response, is not among them.
        """

    @abstractmethod
    def shared(self, value: Value, parts: PartSharer) -> Value:
        """The same value built from shared parts. It should have no evidence."""

    @abstractmethod
    def merged(self, newer: Value, older: Value, refused: Set[ProtocolVersion]) -> Value:
        """The newer value, completed with what only the older one knows.

        ``refused`` are the versions that are known to be refused.
        """

    def is_settled(self, value: Value) -> bool:
        """Whether it has no unknown verdict and no incomplete list."""
        return True

    def exchanged(self, value: Value, exchange: Exchange) -> Value:
        """The same value with each proof replaced by ``exchange``, in the order of the facts."""
        return value

    def without_evidence(self, value: Value) -> Value:
        """The same facts without the bytes that prove them; the same object if it has none."""
        bare = self.exchanged(value, _no_proof)
        return value if bare == value else bare

    def renamed(self, value: Value, rename: Rename) -> Value:
        """The same facts with each protocol version replaced by ``rename``."""
        return value


class ListKind(Kind[tuple[Item, ...]], Generic[Item]):
    """A list that is known as a whole: a newer one replaces an older one."""

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
        """The newer list if it has items: an empty one does not show whether the question was asked."""
        return newer or older


class MappingKind(Kind[Mapping[Name, Item]], Generic[Name, Item]):
    """Values by names or versions."""

    def nothing(self) -> Mapping[Name, Item]:
        """An empty mapping."""
        return {}

    def shared(self, value: Mapping[Name, Item], parts: PartSharer) -> Mapping[Name, Item]:
        """The mapping; a new one gets shared values."""
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
    def item_shown(self, item: Item) -> Iterator[tuple[str, Shown]]:
        """One version's facts, as ``shown`` gives them."""

    @abstractmethod
    def item_exchanged(self, item: Item, exchange: Exchange) -> Item:
        """One version's value with other proofs."""

    def to_json(self, value: Mapping[ProtocolVersion, Item], *, with_evidence: bool) -> Json:
        """An object keyed by version label, in version order."""
        return {
            version.label: self.item_to_json(item, with_evidence=with_evidence)
            for version, item in sorted(value.items())
        }

    def shown(self, value: Mapping[ProtocolVersion, Item]) -> Iterator[tuple[str, Shown]]:
        """The facts of each version, newest first."""
        for version, item in sorted(value.items(), reverse=True):
            for path, shown in self.item_shown(item):
                yield f".{version.label}{path}", shown

    def from_json(self, fields: Json) -> Mapping[ProtocolVersion, Item]:
        """The values by version."""
        return {
            ProtocolVersion.from_label(label): self.item_from_json(item)
            for label, item in fields.items()
        }

    def exchanged(
        self, value: Mapping[ProtocolVersion, Item], exchange: Exchange
    ) -> Mapping[ProtocolVersion, Item]:
        """In version order; values read from JSON may have another order."""
        return {version: self.item_exchanged(value[version], exchange) for version in sorted(value)}

    def renamed(
        self, value: Mapping[ProtocolVersion, Item], rename: Rename
    ) -> Mapping[ProtocolVersion, Item]:
        """The values with renamed versions."""
        return {rename(version): item for version, item in value.items()}


def _no_proof(_: Proof) -> None:
    return None
