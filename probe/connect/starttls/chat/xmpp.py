"""XMPP for clients and servers: ``<starttls/>`` in a stream (RFC 6120, section 5; RFC 7590).

The stream is addressed to the domain, for which the certificate is also issued. Elements are found by their
local names, because servers use different prefixes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from xml.sax.saxutils import quoteattr

from probe.connect.starttls.chat.xml_stream import XmlElement, elements, tags
from probe.connect.starttls.outcome import (
    Upgraded,
    UpgradeScript,
    declined,
    not_offered,
    quoted,
    turned_away,
    unexpected,
)
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import at_once
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn

OWN: Final = "XMPP"
_TLS: Final = "urn:ietf:params:xml:ns:xmpp-tls"
_TEMPORARY: Final = frozenset({"resource-constraint", "policy-violation", "system-shutdown"})
"""Stream errors that say nothing about the domain (RFC 6120, section 4.9.3)."""

_ENDS: Final = frozenset({"features", "error", "stream"})
_MOST_MECHANISMS: Final = 40
_LONGEST_MECHANISM: Final = 40
_BEGINNING: Final = 64
"""How many bytes are examined to see whether XML comes at all."""


def _features_end(received: bytes, seen: int) -> int | None:
    """The bytes up to the end of the features, of an error, or of the stream."""
    if _is_foreign(received):
        return len(received)
    for tag in tags(received, seen):
        if tag.name in _ENDS if tag.is_closing else tag.is_empty and tag.name == "features":
            return tag.end
    return None


def _answer_end(received: bytes, seen: int) -> int | None:
    """The bytes up to the tag that answers starttls, or to the end of the stream."""
    if _is_foreign(received):
        return len(received)
    for tag in tags(received, seen):
        if tag.name == "stream" if tag.is_closing else tag.name in {"proceed", "failure"}:
            return tag.end
    return None


def _is_foreign(received: bytes) -> bool:
    return received[:_BEGINNING].lstrip()[:1] not in {b"", b"<"}


def _stream(peer: Peer, namespace: str) -> bytes:
    return (
        "<?xml version='1.0'?><stream:stream "
        f"to={quoteattr(peer.name)} xmlns='{namespace}' "
        "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    ).encode("ascii", "xmlcharrefreplace")


@dataclass(frozen=True, slots=True)
class _Features:
    """The feature list of a server: its bytes and its elements."""

    raw: bytes
    elements: tuple[XmlElement, ...]

    def has(self, *path: str) -> bool:
        """Whether there is an element with that path."""
        return any(one.is_in(*path) for one in self.elements)


def _features(peer: Peer, namespace: str) -> Script[_Features | ConnectFailure]:
    heard = yield Turn(
        say=_stream(peer, namespace), until=_features_end, what="the features of an XMPP stream"
    )
    found = elements(heard)
    if found is None:
        return unexpected(OWN, heard)
    features = _Features(heard, found)
    if features.has("features"):
        return features
    if not features.has("error"):
        return unexpected(OWN, heard)
    condition = next((one.path[-1] for one in found if one.path[-2:-1] == ("error",)), "no reason")
    if condition in _TEMPORARY:
        return turned_away(condition.encode())
    # Usually host-unknown: the stream named a domain that the server does not serve.
    return declined("the XMPP server does not serve this domain", condition.encode())


def upgrade(peer: Peer, *, namespace: str) -> UpgradeScript:
    """Opens a stream and asks for TLS if it is listed."""
    features = yield from _features(peer, namespace)
    if isinstance(features, ConnectFailure):
        return features
    if not features.has("features", "starttls"):
        return not_offered("XMPP does not list starttls")
    heard = yield Turn(
        say=f"<starttls xmlns='{_TLS}'/>".encode("ascii"),
        until=_answer_end,
        what="the answer to starttls",
    )
    if any(tag.name == "proceed" for tag in tags(heard, 0)):
        return Upgraded()
    return declined("starttls is refused", heard)


def in_plaintext(findings: PlaintextFindings, peer: Peer, *, namespace: str) -> Script[None]:
    """Reads what is possible before TLS, and closes the stream."""
    features = yield from _features(peer, namespace)
    if isinstance(features, ConnectFailure):
        return
    is_offered = features.has("features", "starttls")
    listed = "list" if is_offered else "do not list"
    findings.offered(holds=is_offered, note=f"the features {listed} starttls")
    mechanisms = _mechanisms(features.elements)
    findings.login(" ".join(mechanisms))
    if features.has("starttls", "required"):
        findings.goes_on(holds=False, note="starttls is required")
    elif mechanisms or b"dialback" in features.raw:
        findings.goes_on(holds=True, note="authentication is offered together with starttls")
    yield Turn(say=b"</stream:stream>", until=at_once, what="the end")


def _mechanisms(found: Sequence[XmlElement]) -> list[str]:
    """SASL mechanism names have at most 20 letters (RFC 4422, section 3.1)."""
    names = [one.text.strip() for one in found if one.is_in("mechanism")]
    return [
        quoted(name.encode())
        for name in names[:_MOST_MECHANISMS]
        if 0 < len(name) <= _LONGEST_MECHANISM
    ]


CLIENT: Final = partial(upgrade, namespace="jabber:client")
SERVER: Final = partial(upgrade, namespace="jabber:server")
CLIENT_IN_PLAINTEXT: Final = partial(in_plaintext, namespace="jabber:client")
SERVER_IN_PLAINTEXT: Final = partial(in_plaintext, namespace="jabber:server")
