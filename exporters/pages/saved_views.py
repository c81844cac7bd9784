"""Views of the list of endpoints that a user has named; the user's browser keeps them in a cookie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from exporters.pages.endpoint_list import EndpointFilter
from model.frozen import frozen

LONGEST_NAME: Final = 40
_MOST_VIEWS: Final = 20
_LONGEST_COOKIE: Final = 3_500
"""Browsers keep at least 4,096 bytes of a cookie with its name and attributes (RFC 6265, 6.1)."""


@frozen
class SavedView:
    """The filters and the order of the list under a name."""

    name: str
    filters: EndpointFilter

    @property
    def link(self) -> str:
        """The list with these filters."""
        return self.filters.link()


def read_views(cookie: str) -> list[SavedView]:
    """The views of a cookie; what is not a view, or has filters that no longer exist, is left out."""
    if len(cookie) > _LONGEST_COOKIE:
        return []
    try:
        pairs = parse_qsl(unquote(cookie), max_num_fields=_MOST_VIEWS)
    except ValueError:
        return []
    return list(_known(pairs))


def with_view(views: Iterable[SavedView], name: str, filters: EndpointFilter) -> list[SavedView]:
    """The views and a new one, by name; it replaces the one with its name.

    Raises:
        ValueError: if the name is invalid or there is no room; the sentence says what to do.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise ValueError(f"a view needs a name of at most {LONGEST_NAME} characters: write one")
    found = [*without_view(views, name), SavedView(name=name, filters=filters)]
    if len(found) > _MOST_VIEWS or len(cookie_of(found)) > _LONGEST_COOKIE:
        raise ValueError("there is no room for another view: remove one")
    return sorted(found, key=lambda view: view.name.casefold())


def without_view(views: Iterable[SavedView], name: str) -> list[SavedView]:
    """The views but the one with this name."""
    return [view for view in views if view.name != name]


def cookie_of(views: Iterable[SavedView]) -> str:
    """The cookie that ``read_views`` reads; it has only characters that a cookie may have."""
    pairs = [(view.name, view.link.partition("?")[2] or "sort=worst") for view in views]
    return quote(urlencode(pairs), safe="")


def _known(pairs: Iterable[tuple[str, str]]) -> Iterator[SavedView]:
    for name, query in pairs:
        try:
            filters = EndpointFilter.of(dict(parse_qsl(query, max_num_fields=_MOST_VIEWS)).get)
        except ValueError:
            continue
        if 0 < len(name) <= LONGEST_NAME:
            yield SavedView(name=name, filters=filters)
