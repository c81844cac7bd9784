"""What one examination found, and its text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Any, Final

from exporters.terminal.console import printable
from model.frozen import frozen


class Condition(StrEnum):
    """How a part is."""

    OK = "ok"
    WARNING = "warning"
    """The service runs, but not as well as it should."""
    FAILED = "failed"
    """The service does not run, or its results are wrong."""


@frozen
class Diagnosis:
    """The condition of the part ``name``, one sentence on what was found, and what to do unless it is ok.

    ``details`` are values for programs.
    """

    name: str
    found: str
    condition: Condition = Condition.OK
    fix: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


_WIDTH: Final = 18


def diagnoses_lines(diagnoses: Sequence[Diagnosis]) -> Iterator[str]:
    """One line for each part, and its fix below it."""
    for one in diagnoses:
        yield f"{one.condition:<8}  {one.name:<{_WIDTH}}  {printable(one.found)}"
        if one.fix:
            yield f"{'':<8}  {'':<{_WIDTH}}  fix: {printable(one.fix)}"


def diagnoses_json(diagnoses: Sequence[Diagnosis]) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        "condition": worst(diagnoses).value,
        "parts": [
            {
                "name": one.name,
                "condition": one.condition.value,
                "found": one.found,
                "fix": one.fix or None,
                "details": dict(one.details),
            }
            for one in diagnoses
        ],
    }


def worst(diagnoses: Sequence[Diagnosis]) -> Condition:
    """The worst condition of any part."""
    order = list(Condition)
    return max((one.condition for one in diagnoses), key=order.index, default=Condition.OK)
