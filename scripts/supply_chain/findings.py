"""What the auditing tools report, and which of it is an explained exception."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

EXCEPTIONS: Final = Path(__file__).parent / "exceptions.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One report of a tool: the tool's own identifier, the file or package, and what it says."""

    tool: str
    identifier: str
    place: str
    text: str
    line: int | None = None

    def __str__(self) -> str:
        at = self.place if self.line is None else f"{self.place}:{self.line}"
        return f"{at}: {self.tool} {self.identifier}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """An accepted report: the same tool and identifier, at one of these places, for the reason ``why``."""

    tool: str
    identifier: str
    places: tuple[str, ...]
    why: str

    def covers(self, finding: Finding, place: str) -> bool:
        """Whether the report is this one, at that place of ``places``."""
        return (finding.tool, finding.identifier, finding.place) == (
            self.tool,
            self.identifier,
            place,
        )


def read_exemptions(path: Path = EXCEPTIONS) -> tuple[Exemption, ...]:
    """The exceptions in ``path``. Raises KeyError if an entry is incomplete."""
    return tuple(
        Exemption(
            tool=row["tool"],
            identifier=row["id"],
            places=tuple(row["places"]),
            why=row["why"],
        )
        for row in tomllib.loads(path.read_text(encoding="utf-8")).get("exception", ())
    )


def unexplained(found: Iterable[Finding], exemptions: Iterable[Exemption]) -> list[Finding]:
    """The findings that no exception covers."""
    pairs = [(one, place) for one in exemptions for place in one.places]
    return [
        finding for finding in found if not any(one.covers(finding, place) for one, place in pairs)
    ]


def unused(
    found: Sequence[Finding], exemptions: Iterable[Exemption], tools: Iterable[str]
) -> list[Finding]:
    """The exceptions of ``tools`` that cover nothing (any more), as findings of their own."""
    names = set(tools)
    return [
        Finding(
            tool=one.tool,
            identifier=one.identifier,
            place=place,
            text=f"this exception is not needed: remove it from {EXCEPTIONS.name}",
        )
        for one in exemptions
        for place in one.places
        if one.tool in names and not any(one.covers(finding, place) for finding in found)
    ]
