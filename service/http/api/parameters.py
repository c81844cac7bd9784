"""Types of the parameters of operations, which say the same to the check of a request and to the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo

_NO_CONTROL: Final = "^[^\\x00-\\x1f\\x7f]*$"
_LONGEST: Final = 200
_LONGEST_CURSOR: Final = 2000
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_MOST_DIGITS: Final = 9
_MOST_ITEMS: Final = 500
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def whole_number(text: object) -> object:
    """The number that a parameter has as its text; raises ValueError."""
    is_number = isinstance(text, str) and text.isascii() and text.isdecimal()
    if not is_number or len(str(text)) > _MOST_DIGITS:
        raise ValueError("must be a whole number")
    return int(str(text))


def _moment(text: object) -> datetime:
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        raise ValueError("must be a time of RFC 3339, such as 2027-01-31T12:00:00Z")
    moment = datetime.fromisoformat(text.upper())
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _FIRST if moment.year == 1 else _LAST


def _yes_or_no(text: object) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def _label(text: str) -> str:
    name, equals, _ = text.partition("=")
    if not name or not equals:
        raise ValueError("must be NAME=VALUE, such as team=web")
    return text


def _text_schema(longest: int, pattern: str = _NO_CONTROL) -> WithJsonSchema:
    # The query refuses control characters before these types see it.
    return WithJsonSchema({"type": "string", "maxLength": longest, "pattern": pattern})


Text = Annotated[str, Field(max_length=_LONGEST), _text_schema(_LONGEST)]
Cursor = Annotated[str, Field(max_length=_LONGEST_CURSOR), _text_schema(_LONGEST_CURSOR)]
Label = Annotated[
    str,
    Field(max_length=_LONGEST),
    AfterValidator(_label),
    _text_schema(_LONGEST, "^[^=\\x00-\\x1f\\x7f]+=[^\\x00-\\x1f\\x7f]*$"),
]
Moment = Annotated[
    datetime,
    PlainValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
YesOrNo = Annotated[bool, PlainValidator(_yes_or_no), WithJsonSchema({"type": "boolean"})]
Limit = Annotated[
    int,
    Field(ge=1, le=_MOST_ITEMS),
    BeforeValidator(whole_number),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _MOST_ITEMS}),
]

COMMAS: Final[dict[str, Any]] = {"explode": False}
"""Of a parameter whose values are separated by commas; other lists are repeated parameters."""


class Parameters(BaseModel):
    """The query of an operation."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageParameters(Parameters):
    """The query of every list."""

    limit: Limit = Field(50, description="how many items a page has at most")
    cursor: Cursor | None = Field(
        None, description="`next` of the previous page. Default: the first page"
    )


class ListParameters(PageParameters):
    """The query of a list whose items may be shown in part."""

    fields: tuple[Text, ...] = Field(
        (),
        min_length=1,
        max_length=50,
        json_schema_extra=COMMAS,
        description="show only these fields of each item. Default: all",
    )


def labels_of(texts: tuple[str, ...]) -> Mapping[str, str]:
    """The labels of parameters of the type ``Label``."""
    return {name: value for name, _, value in (one.partition("=") for one in texts)}


def is_list(field: FieldInfo) -> bool:
    """Whether a parameter is a list of values."""
    kinds = (field.annotation, *get_args(field.annotation))
    return any(get_origin(one) is tuple for one in kinds)


def is_comma_separated(field: FieldInfo) -> bool:
    """Whether the values of a list are separated by commas in one parameter."""
    return field.json_schema_extra == COMMAS
