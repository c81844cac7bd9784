"""The hosts, targets and endpoints that users name."""

from __future__ import annotations

from typing import Final

from storage import SqlReader

_MOST_CANDIDATES: Final = 10


class PlaceError(ValueError):
    """The text denotes no place, or several; the message is one sentence."""


async def find_place(store: SqlReader, text: str) -> str:
    """The host, target or endpoint that ``text`` denotes: by its full name, its host and port, or its beginning.

    Raises:
        PlaceError: if there is none, or more than one.
        StoreError: if the database cannot be read.
    """
    found = await store.places(text, _MOST_CANDIDATES + 1)
    if len(found) == 1:
        return found[0]
    if not found:
        raise PlaceError(
            f"the database has no endpoint of {text!r}: give a host, a target or an endpoint as "
            "`tlsprobe inventory` lists it"
        )
    shown = ", ".join(found[:_MOST_CANDIDATES])
    more = " and more" if len(found) > _MOST_CANDIDATES else ""
    raise PlaceError(f"{text!r} may be one of several: give one of {shown}{more}")
