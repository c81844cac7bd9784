"""XMPP for clients and servers: ``<starttls/>`` in a stream (RFC 6120, section 5; RFC 7590).

The stream is addressed to the domain, for which the certificate is also issued. Elements are found by their
local names, because servers use different prefixes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Final

from probe.connect.starttls.chat.xml_stream import XmlElement, XmlStream
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

_MOST_MECHANISMS: Final = 40
_LONGEST_MECHANISM: Final = 40


def _stream(peer: Peer, namespace: str) -> bytes:
    return (
        "<?xml version='1.0'?><stream:stream "
        f'to="{escape(peer.name)}" '
        f"xmlns='{namespace}' "
        "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    ).encode("ascii", "xmlcharrefreplace")


def _has(stream: XmlStream, *path: str) -> bool:
    return any(one.is_in(*path) for one in stream.elements)


def _declares(stream: XmlStream, word: str) -> bool:
    return any(word in namespace for one in stream.elements for namespace in one.namespaces)


def _features(peer: Peer, namespace: str) -> Script[XmlStream | ConnectFailure]:
    """The stream up to the end of the server's features."""
    stream = XmlStream()
    heard = yield Turn(
        say=_stream(peer, namespace),
        until=stream.until("features", "error"),
        what="the features of an XMPP stream",
    )
    if stream.is_valid and _has(stream, "features"):
        return stream
    if not (stream.is_valid and _has(stream, "error")):
        return unexpected(OWN, heard)
    conditions = (one.path[-1] for one in stream.elements if one.path[-2:-1] == ("error",))
    condition = next(conditions, "no reason")
    if condition in _TEMPORARY:
        return turned_away(condition.encode())
    # Usually host-unknown: the stream named a domain that the server does not serve.
    return declined("the XMPP server does not serve this domain", condition.encode())


def upgrade(peer: Peer, *, namespace: str) -> UpgradeScript:
    """Opens a stream and asks for TLS if it is listed."""
    stream = yield from _features(peer, namespace)
    if isinstance(stream, ConnectFailure):
        return stream
    if not _has(stream, "features", "starttls"):
        return not_offered("XMPP does not list starttls")
    heard = yield Turn(
        say=f"<starttls xmlns='{_TLS}'/>".encode("ascii"),
        until=stream.until("proceed", "failure"),
        what="the answer to starttls",
    )
    if stream.is_valid and _has(stream, "stream", "proceed"):
        return Upgraded()
    return declined("starttls is refused", heard)


def in_plaintext(findings: PlaintextFindings, peer: Peer, *, namespace: str) -> Script[None]:
    """Reads what is possible before TLS, and closes the stream."""
    stream = yield from _features(peer, namespace)
    if isinstance(stream, ConnectFailure):
        return
    is_offered = _has(stream, "features", "starttls")
    listed = "list" if is_offered else "do not list"
    findings.offered(holds=is_offered, note=f"the features {listed} starttls")
    mechanisms = _mechanisms(stream.elements)
    findings.login(" ".join(mechanisms))
    if _has(stream, "starttls", "required"):
        findings.goes_on(holds=False, note="starttls is required")
    elif mechanisms or _declares(stream, "dialback"):
        findings.goes_on(holds=True, note="authentication is offered before TLS")
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
