"""Pages of a list: a cursor says after which item the next page starts, so that new items shift none.

It is opaque to clients: the place of the last item in the order of the list, in base64url.
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, TypeVar

from model.query import RowEnd
from service.http.api.operation import ApiError

T = TypeVar("T")

Place: TypeAlias = tuple[bool, Any, str]
"""The place of an item in an order: whether its value is unknown, the value, and what tells equal ones apart."""

_UNUSABLE: Final = "the cursor is not one of this list in this order: start without it"
_MOST_DIGITS: Final = 18


def _encoded(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise ApiError(400, _UNUSABLE) from error
    if not isinstance(values, list):
        raise ApiError(400, _UNUSABLE)
    return values


def place_of(value: Any, tie: str) -> Place:
    """The place of an item; those whose value is unknown come last."""
    return (value is None, 0 if value is None else value, tie)


def page_of(
    ordered: Sequence[T], place: Callable[[T], Place], sort: str, limit: int, cursor: str | None
) -> tuple[list[T], str | None]:
    """At most ``limit`` items after ``cursor``, and the cursor of the next page.

    The items are ``ordered`` by ``place``; with a leading minus in ``sort``, pages go through them from the end.

    Raises:
        ApiError: if the cursor is of another list or order.
    """
    is_descending = sort.startswith("-")
    start, end = 0, len(ordered)
    if cursor is not None:
        after = _place_in(cursor, sort)
        try:
            if is_descending:
                end = bisect_left(ordered, after, key=place)
            else:
                start = bisect_right(ordered, after, key=place)
        except TypeError as error:
            raise ApiError(400, _UNUSABLE) from error
    if is_descending:
        found = list(ordered[max(start, end - limit) : end])[::-1]
    else:
        found = list(ordered[start : start + limit])
    is_last = len(found) >= end - start
    return found, None if is_last else _encoded([sort, *place(found[-1])])


def _place_in(cursor: str, sort: str) -> Place:
    values = _decoded(cursor)
    if len(values) != 4 or values[0] != sort or not isinstance(values[3], str):
        raise ApiError(400, _UNUSABLE)
    return (values[1], values[2], values[3])


def row_end_of(cursor: str | None) -> RowEnd | None:
    """Where the previous page of rows ended; raises ApiError."""
    if cursor is None:
        return None
    values = _decoded(cursor)
    if len(values) != 2 or not all(isinstance(one, str) for one in values):
        raise ApiError(400, _UNUSABLE)
    moment, number = values
    if not (number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS):
        raise ApiError(400, _UNUSABLE)
    try:
        at = datetime.fromisoformat(moment)
        in_utc = at.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise ApiError(400, _UNUSABLE) from error
    if at.tzinfo is None:
        raise ApiError(400, _UNUSABLE)
    return RowEnd(at=in_utc, row_id=int(number))


def row_cursor(end: RowEnd | None) -> str | None:
    """The cursor of the page after ``end``; None after the last page."""
    return None if end is None else _encoded([end.at.isoformat(), str(end.row_id)])
