"""The types of values on the command line; an error says what the value must be."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import click


class Choice(click.Choice[StrEnum]):
    """A member of a StrEnum, typed and shown by its value."""

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__(tuple(members))

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """The text for a member."""
        del ctx
        return str(choice)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The choices as users type them."""
        del param, ctx
        return "|".join(self.choices)

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """What is wrong with ``value``."""
        del ctx
        *others, last = self.choices
        return f"must be {', '.join(others)} or {last}, not {str(value)!r}"


class Number(click.ParamType[float]):
    """A number, whole or not."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number that ``value`` says."""
        try:
            return float(value)
        except ValueError:
            self.fail(f"must be a number, not {value!r}", param, ctx)


class WholeNumber(click.IntRange):
    """A whole number within bounds; the help shows them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that ``value`` says."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(
                f"must be a whole number from {self.min} to {self.max}, not {value!r}", param, ctx
            )
