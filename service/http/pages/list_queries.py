"""What the URLs of lists have in common: a text to search for and the number of a page; and what is on that page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from exporters.pages.links import LONGEST_SEARCH
from model.frozen import frozen
from service.http.guard.query import Query, QueryError, whole_number

MOST_PAGES: Final = 999_999
T = TypeVar("T")


@frozen
class ShownPage(Generic[T]):
    """The items of page ``number`` of ``pages``."""

    items: Sequence[T]
    number: int
    pages: int


def page_number(query: Query) -> int:
    """The number of the wanted page, at least 1."""
    text = query.get("page")
    return 1 if text is None else max(1, whole_number(text, "page", MOST_PAGES))


def limited_text(name: str, text: str) -> str:
    """The ``text`` of the parameter ``name``; raises QueryError if it is too long."""
    if len(text) > LONGEST_SEARCH:
        raise QueryError(f"{name} must be at most {LONGEST_SEARCH} characters: shorten it")
    return text


def shown_page(items: Sequence[T], number: int, length: int) -> ShownPage[T]:
    """Page ``number`` of pages of this ``length``; the last one if there are fewer."""
    pages = max(1, -(-len(items) // length))
    page = min(pages, number)
    return ShownPage(items=items[(page - 1) * length : page * length], number=page, pages=pages)
