"""The identity of a visit's facts: equal for two visits that found the same facts.

It is computed for every visit, and most visits find nothing new. Therefore it is one hash over the facts'
texts in a fixed order, not over their JSON. It omits evidence, cost, time, wording, labels, and facts that
follow from a certificate's bytes.
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
"""The first sections, in the order of the digests in existing databases: their texts have no section name
before them and are present even if the section is empty. Later sections are not listed here."""

_SECTION: Final = "\x1d"
"""Precedes the name of a later section. An empty later section adds nothing, so a new section changes no
digest until it has a value."""

_BY_NAME: Final = {section.name: section for section in SECTIONS}
_FIRST: Final = tuple(_BY_NAME[name] for name in _FIRST_NAMES)
_LATER: Final = tuple(section for section in SECTIONS if section.name not in _FIRST_NAMES)


def facts_digest(observation: Observation) -> str:
    """The SHA-256, in hex, of the facts alone."""
    texts = [observation.endpoint.key, observation.state.value]
    for section in _FIRST:
        texts += section.kind.digest(section.of(observation))
    texts += _texts_of_later(observation)
    # Text quoted from a server may contain half a surrogate pair; a digest accepts any bytes.
    return hashlib.sha256("\x1f".join(texts).encode(errors="surrogatepass")).hexdigest()


def _texts_of_later(observation: Observation) -> Iterator[str]:
    for section in _LATER:
        value = section.of(observation)
        if value != section.kind.nothing():
            yield from (_SECTION, section.name, *section.kind.digest(value))
