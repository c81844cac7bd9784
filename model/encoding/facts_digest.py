"""The identity of what a visit learnt: equal for two visits that learnt the same facts.

It is asked of every visit, most of which learn nothing new, so it is one hash over the facts' texts in
one order rather than over their JSON. Evidence, cost, time, wording, labels and what follows from a
certificate's own bytes are no part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from model.observation import Observation
from model.sections import SECTIONS

_FIRST_NAMES: Final = (
    *("protocols", "cipher_suites", "groups", "signature_schemes", "certificates", "client_auth"),
    *("dh", "alpn", "features", "vulnerabilities", "plaintext", "http", "fingerprints"),
    *("contradictions", "not_asked"),
)
"""The first sections, in the order of the digests that databases hold: their texts stand there without a name,
and where the section is empty too. Sections that came later are not listed here."""

_SECTION: Final = "\x1d"
"""Stands before the name of a later section, which has no texts where it is empty: so a new section changes no
digest until something is found for it."""

_BY_NAME: Final = {section.name: section for section in SECTIONS}
_FIRST: Final = tuple(_BY_NAME[name] for name in _FIRST_NAMES)
_LATER: Final = tuple(section for section in SECTIONS if section.name not in _FIRST_NAMES)


def facts_digest(observation: Observation) -> str:
    """The SHA-256, in hex, of the facts alone."""
    texts = [observation.endpoint.key, observation.state.value]
    for section in _FIRST:
        texts += section.kind.digest(section.of(observation))
    texts += _texts_of_later(observation)
    # What is quoted from a server may hold half a character; any bytes do for a digest.
    return hashlib.sha256("\x1f".join(texts).encode(errors="surrogatepass")).hexdigest()


def _texts_of_later(observation: Observation) -> Iterator[str]:
    for section in _LATER:
        value = section.of(observation)
        if value != section.kind.nothing():
            yield from (_SECTION, section.name, *section.kind.digest(value))
