"""A kind of resource in Azure: which lists are read for it, and what its locations are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from discovery.cloud.azure.lists import ListKind
from discovery.found import Location
from model.frozen import frozen


@frozen
class AzureResource:
    """The ``lists`` that are read, the resources themselves first: if there are none, the others are not read.

    ``locations`` gets the entries of each list, in this order; those of a list that the account may not read are missing.
    """

    lists: tuple[ListKind, ...]
    locations: Callable[..., Iterator[Location]]
