"""Rewords pydantic's validation messages, which name Python's types, for people who write YAML or commands."""

from __future__ import annotations

import json
import re
from typing import Final

_LONGEST_SHOWN: Final = 100
_PLAIN_WORDS: Final = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\b(?:Value error|Assertion failed), ", ""),
        (r"String should match pattern '\^\[0-9a-f\]\{64\}\$'", "must be 64 hexadecimal digits"),
        (
            r"String should match pattern '.*'",
            "must be at most 100 letters, digits, '.', '_' and '-', and begin with a letter or digit",
        ),
        (r"(?:String|List) should have at least 1 (?:character|item).*", "must not be empty"),
        (
            r"\w+ should have (at (?:least|most) \d+) (?:item|entr)\w*( after validation, not \w+)?",
            r"must have \1 entries",
        ),
        (r"\w+ should have (at (?:least|most) \d+ characters?)", r"must have \1"),
        (r"Keys should be strings", "must have keys that are text"),
        (r"Unable to parse input string as an integer, exceeded maximum size", "must be smaller"),
        (r"Datetimes provided to dates should have zero time.*", "must be a day, without a time"),
        (r"Recursion error - .*", "must not contain itself"),
        (r"Input is not a valid path for <class 'pathlib\.Path'>", "must be a file's path"),
        (
            r"Input is not a valid IPv[46] network",
            "must be a network without host bits, such as 10.0.0.0/8",
        ),
        (r"Input is not a valid IPv[46] address", "must be an IP address"),
        (r"Input should", "must"),
        (r", unable to (?:parse|interpret) (?:string|input)(?: as an? \w+)?", ""),
        (r", got a number with a fractional part", ""),
        (r" or instance of \w+| or object to extract fields from", ""),
        (r"a valid (?:tuple|frozenset|list)", "a list"),
        (r"a valid (?:dictionary|mapping)(?:, error: .*)?", "a mapping"),
        (r"a valid datetime.*", "a date and time, such as 2027-01-31T12:00"),
        (r"a valid date( or datetime| in the format)?.*", "a day, such as 2027-01-31"),
        (r"(in )?a valid time\b( format)?.*", "a time of day, such as 09:00"),
        (r"must be None", "must be null"),
        (r"timezone info", "a time zone, such as Z"),
        (r"a valid string", "text"),
        (r"a valid boolean", "true or false"),
        (r"a valid integer", "a whole number"),
        (r"a valid number", "a number"),
        (r"^Field required$", "is missing: add it"),
    )
)


def shown_value(value: object) -> str:
    """A wrong ``value`` as YAML writes it, after what it must be; nothing for a list or a mapping."""
    if value is None or isinstance(value, bool):
        return f", not {json.dumps(value)}"
    if isinstance(value, str) and len(value) > _LONGEST_SHOWN:
        value = f"{value[:_LONGEST_SHOWN]}…"
    return f", not {value!r}" if isinstance(value, str | int | float) else ""


def plain_validation(message: str) -> str:
    """The ``message`` of pydantic in plain words, for example ``must be a whole number``."""
    for pattern, plain in _PLAIN_WORDS:
        message = pattern.sub(plain, message)
    return message
