"""pydantic's messages in plain words: no kind of error that a file, a command or a request can cause leaks."""

from __future__ import annotations

import re
from typing import Final

import pytest
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import ErrorType

from model.safe_output.plain_validation import plain_validation, shown_value

LEAK = re.compile(r"\b(?:Input|String|List|Keys|should|dict|tuple|None|timezone info|Recursion)\b")

KINDS: Final[dict[ErrorType, str]] = {
    "missing": "is missing: add it",
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "invalid_key": "must have keys that are text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
    "too_short": "must not be empty",
    "too_long": "must have at most 5 entries",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most 5 characters",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be smaller",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than 0",
    "greater_than_equal": "must be greater than or equal to 1",
    "less_than": "must be less than 9",
    "less_than_equal": "must be less than or equal to 9",
    "none_required": "must be null",
    "enum": "must be 'a' or 'b'",
    "literal_error": "must be 'a' or 'b'",
    "date_type": "must be a day, such as 2027-01-31",
    "date_parsing": "must be a day, such as 2027-01-31",
    "date_from_datetime_parsing": "must be a day, such as 2027-01-31",
    "date_from_datetime_inexact": "must be a day, without a time",
    "datetime_type": "must be a date and time, such as 2027-01-31T12:00",
    "datetime_parsing": "must be a date and time, such as 2027-01-31T12:00",
    "datetime_from_date_parsing": "must be a date and time, such as 2027-01-31T12:00",
    "timezone_aware": "must have a time zone, such as Z",
    "time_type": "must be a time of day, such as 09:00",
    "time_parsing": "must be a time of day, such as 09:00",
    "recursion_loop": "must not contain itself",
}
CONTEXT = {
    "gt": 0,
    "ge": 1,
    "lt": 9,
    "le": 9,
    "min_length": 1,
    "max_length": 5,
    "actual_length": 7,
    "field_type": "List",
    "class_name": "Body",
    "expected": "'a' or 'b'",
    "error": "invalid character in year",
}


def message_of(kind: ErrorType) -> str:
    try:
        return PydanticKnownError(kind, CONTEXT).message()
    except TypeError:
        return PydanticKnownError(kind).message()


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_of_pydantic_is_plain(kind: ErrorType) -> None:
    plain = plain_validation(message_of(kind))
    assert plain == KINDS[kind]
    assert LEAK.search(plain) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x", ", not 'x'"),
        (True, ", not true"),
        (None, ", not null"),
        (1.5, ", not 1.5"),
        ([1], ""),
        ({}, ""),
        ("x" * 101, f", not '{'x' * 100}…'"),
    ],
)
def test_a_wrong_value_is_shown_as_yaml_writes_it(value: object, shown: str) -> None:
    assert shown_value(value) == shown
