"""The certification paths of a leaf: every chain of issuers, through the sent certificates, up to an anchor.

A cross-signed CA has several paths, which expire at different times. OpenSSL takes the first issuer that
matches and never backtracks (RFC 4158 permits this), so the best path is searched for here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeAlias

from pki.certificates.path_building import PathElement

Way: TypeAlias = tuple[bytes, ...]
"""The DER of each certificate above the leaf, lowest first; the last is an anchor."""

_MOST_WAYS: Final = 16
_MOST_STEPS: Final = 500
"""A hostile chain whose certificates share one name has too many paths to try; normal chains have a handful."""


def ways_up(
    links: Sequence[PathElement], issuers_in_store: Callable[[PathElement], Sequence[bytes]]
) -> tuple[Way, ...]:
    """Up to _MOST_WAYS paths from the first of ``links`` through the others.

    A certificate of the store is an anchor, sent or not. A leaf that is itself an anchor has no paths.
    """
    sent = tuple(dict.fromkeys(links))
    steps = _Steps(sent[1:], issuers_in_store)
    return tuple(islice(dict.fromkeys(steps.above(sent[0], ())), _MOST_WAYS))


class _Steps:
    def __init__(
        self,
        sent: Sequence[PathElement],
        issuers_in_store: Callable[[PathElement], Sequence[bytes]],
    ) -> None:
        self._sent = sent
        self._issuers_in_store = issuers_in_store
        self._left = _MOST_STEPS

    def above(self, link: PathElement, below: Way) -> Iterator[Way]:
        """The paths that start with ``below`` and continue above ``link``."""
        self._left -= 1
        if self._left < 0:
            return
        anchors = [der for der in self._issuers_in_store(link) if der != link.der]
        yield from ((*below, anchor) for anchor in anchors)
        for issuer in self._sent:
            is_new = issuer.der not in below and issuer.der not in anchors
            if is_new and issuer.issued(link):
                yield from self.above(issuer, (*below, issuer.der))
