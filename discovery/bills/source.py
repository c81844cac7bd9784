"""Claims from bills of materials: what a bill says of a service's endpoints, for the targets at these endpoints.

All services at one endpoint count together: two services behind one listener use its protocols both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from discovery.bills.claims import About, bill_claims
from discovery.bills.document import Bill, BillError, BillService, name_of, read_bill
from discovery.bills.listed import ALL, Listed, Listing, listed_by
from discovery.bounds import USUAL_MOST_TARGETS, check_count
from discovery.source import Skipped, SourceError, SourceReading
from discovery.targets import TargetError, parse_target
from model.claims.resource_claim import ResourceClaim
from model.target import Target

_LARGEST_FILE: Final = 256 << 20
_MOST_NAMES: Final = 2_000_000
"""Names of versions, suites, groups and algorithms in the claims of one source: those of 40,000 usual endpoints."""


async def read_bills(
    paths: Sequence[Path], source: str, most: int = USUAL_MOST_TARGETS
) -> SourceReading:
    """The claims that the bills in all files make about at most ``most`` endpoints.

    Raises:
        SourceError: if a file cannot be read, or has another form; the message names the file and says what to do.
    """
    bills = ((str(path), _text_of(path)) for path in paths)
    return await asyncio.to_thread(read_bill_texts, bills, source, most)


def read_bill_texts(
    bills: Iterable[tuple[str, str]],
    source: str,
    most: int = USUAL_MOST_TARGETS,
    most_names: int = _MOST_NAMES,
) -> SourceReading:
    """The claims of bills, each with the name of its file; raises SourceError, also for more than ``most_names`` names."""
    reader = _Reader(source, most, most_names)
    for file, text in bills:
        reader.read(file, text)
    return SourceReading(
        targets=(), skipped=tuple(reader.skipped), resource_claims=tuple(reader.claims)
    )


@dataclass(slots=True)
class _Place:
    """One endpoint of a bill: its target, and what the services there use."""

    target: Target
    listing: Listing = field(default_factory=Listing)


@dataclass(slots=True)
class _Reader:
    """Reads one file after another, within the bounds of the source."""

    source: str
    most: int
    most_names: int
    claims: list[ResourceClaim] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    _endpoints: int = 0
    _names: int = 0

    def read(self, file: str, text: str) -> None:
        """Adds the claims of one file; raises SourceError."""

        def skip(one: Skipped) -> None:
            self._skip(f"{file}, {one.place}", one.problem)

        try:
            bill = read_bill(text, skip)
        except BillError as error:
            raise SourceError(f"{file} {error}.") from error
        places = self._places(bill, file)
        for key, place in places.items():
            made = self._claims_at(key, place, bill, file)
            if made:
                self.claims += made
            else:
                problem = f"nothing that the bill lists of it can be compared with the {place.target.protocol} target"
                self._skip(f"{file}, {key}", problem)

    def _places(self, bill: Bill, file: str) -> dict[str, _Place]:
        """What the bill lists of each endpoint, by its target's key."""
        places: dict[str, _Place] = {}
        known: dict[str, Listed] = {}
        for service in bill.services:
            place = f"{file}, {service.place}"
            used = [
                self._listed(reference, bill, known, file)
                for reference in service.uses
                if reference in bill.assets
            ]
            if not any(one.names for one in used):
                problem = f"the service {service.name} depends on no protocol or certificate that can be compared"
                self._skip(place, problem)
                continue
            for target in self._targets(service, place):
                if target.key not in places:
                    places[target.key] = _Place(target=target)
                    self._endpoints += 1
                    check_count(self.source, self._endpoints, self.most)
                self._merge(places[target.key].listing, used, is_complete=service.is_complete)
        self._report_unused(bill, known, file)
        return places

    def _listed(self, reference: str, bill: Bill, known: dict[str, Listed], file: str) -> Listed:
        if (found := known.get(reference)) is None:
            asset = bill.assets[reference]
            found = known[reference] = listed_by(asset, bill)
            if reference in bill.incomplete:
                found = known[reference] = replace(found, incomplete=found.incomplete | {ALL})
            for problem in found.problems:
                self._skip(f"{file}, {name_of(asset)}", problem)
        return found

    def _targets(self, service: BillService, place: str) -> Iterator[Target]:
        """The targets at the endpoints, each once: the paths of a URL make no difference."""
        found: set[str] = set()
        for text in service.endpoints:
            try:
                target = parse_target(text)
            except TargetError as error:
                self._skip(place, str(error))
                continue
            if target.key not in found:
                found.add(target.key)
                yield target

    def _merge(self, listing: Listing, used: Sequence[Listed], *, is_complete: bool) -> None:
        for one in used:
            self._names += 1 + sum(map(len, one.names.values()))
            if self._names > self.most_names:
                raise SourceError(
                    f"The bills of {self.source} list more than {self.most_names} names in all: split the source."
                )
            listing.merge(one)
        if not is_complete:
            listing.incomplete.add(ALL)

    def _claims_at(self, key: str, place: _Place, bill: Bill, file: str) -> list[ResourceClaim]:
        about = About(
            resource=f"{key} ({file})", protocol=place.target.protocol, made_at=bill.made_at
        )
        return [
            ResourceClaim(resource=key, claim=claim, source=self.source)
            for claim in bill_claims(place.listing.listed, about)
        ]

    def _report_unused(self, bill: Bill, known: dict[str, Listed], file: str) -> None:
        """Names the first protocol that no service with an endpoint uses."""
        unused = [
            name_of(asset)
            for reference, asset in bill.assets.items()
            if reference not in known
            and isinstance(properties := asset.get("cryptoProperties"), dict)
            and properties.get("assetType") == "protocol"
        ]
        if unused:
            problem = (
                f"no service depends on {len(unused)} of the protocols, the first is {unused[0]}"
            )
            self._skip(f"{file}, components", problem)

    def _skip(self, place: str, problem: str) -> None:
        self.skipped.append(Skipped(place=place, problem=problem))
        if len(self.skipped) > self.most:
            raise SourceError(
                f"The bills of {self.source} have more than {self.most} entries that make no claim, the last is "
                f"{place}: {problem}."
            )


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            size = _LARGEST_FILE >> 20
            raise SourceError(f"{path} has more than {size} MiB: split it into several files.")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}): use a file that exists."
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not a text file in UTF-8: write it again.") from error
