"""The ways up from a leaf: every row of issuers, through what was sent, that ends at an anchor.

A cross-signed CA has more than one, and they end at different times. OpenSSL follows the first issuer that
fits and never turns back (RFC 4158 leaves it free to), so the best way is looked for here.
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
"""Hostile chains of one name have more ways than there is time; honest ones have a handful."""


def ways_up(
    links: Sequence[PathElement], issuers_in_store: Callable[[PathElement], Sequence[bytes]]
) -> tuple[Way, ...]:
    """The ways from the first of ``links`` through the others, the first found _MOST_WAYS of them.

    A certificate of the store is an anchor, be it sent or not. None leads from a leaf that is one itself.
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
        """The ways that begin with ``below`` and go on above ``link``."""
        self._left -= 1
        if self._left < 0:
            return
        anchors = [der for der in self._issuers_in_store(link) if der != link.der]
        yield from ((*below, anchor) for anchor in anchors)
        for issuer in self._sent:
            is_new = issuer.der not in below and issuer.der not in anchors
            if is_new and issuer.issued(link):
                yield from self.above(issuer, (*below, issuer.der))
