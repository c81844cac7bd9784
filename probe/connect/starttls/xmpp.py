"""XMPP for clients and servers: ``<starttls/>`` in a stream (RFC 6120, section 5; RFC 7590).

The stream is addressed to the domain, which is also what the certificate is for. Not a full reader of XML:
the few elements that matter are looked for by name, and prefixes of any kind are taken.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final
from xml.sax.saxutils import quoteattr

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
from probe.tls.answer import NoConnection
from probe.tls.in_clear import Notebook
from probe.tls.scripted import Script, Turn

OWN: Final = "XMPP"
_TLS: Final = "urn:ietf:params:xml:ns:xmpp-tls"
_TEMPORARY: Final = re.compile(rb"<(\w+:)?(resource-constraint|policy-violation|system-shutdown)\b")
_FEATURES_END: Final = re.compile(
    rb"</(\w+:)?features\s*>|<(\w+:)?features\s*/>|</(\w+:)?error\s*>|</(\w+:)?stream\s*>"
)
_ANSWER: Final = re.compile(rb"<(\w+:)?(proceed|failure)\b[^>]*>|</(\w+:)?stream\s*>")


def _until(wanted: re.Pattern[bytes], received: bytes) -> int | None:
    if received.lstrip()[:1] not in {b"", b"<"}:
        return len(received)
    found = wanted.search(received)
    return found.end() if found else None


def _stream(peer: Peer, namespace: str) -> bytes:
    return (
        "<?xml version='1.0'?><stream:stream "
        f"to={quoteattr(peer.name)} xmlns='{namespace}' "
        "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    ).encode("ascii", "xmlcharrefreplace")


def _features(peer: Peer, namespace: str) -> Script[bytes | NoConnection]:
    heard = yield Turn(
        say=_stream(peer, namespace),
        until=partial(_until, _FEATURES_END),
        what="the features of an XMPP stream",
    )
    if re.search(rb"<(\w+:)?features\b", heard):
        return heard
    if re.search(rb"<(\w+:)?error\b", heard):
        return turned_away(_condition(heard)) if _TEMPORARY.search(heard) else _wrong(heard)
    return unexpected(OWN, heard)


def _wrong(heard: bytes) -> NoConnection:
    """Most often ``host-unknown``: another domain than any of the server's was named."""
    return declined("the XMPP server takes no stream to this domain", _condition(heard))


def upgrade(peer: Peer, *, namespace: str) -> UpgradeScript:
    """Opens a stream and asks for TLS where it is listed."""
    features = yield from _features(peer, namespace)
    if isinstance(features, NoConnection):
        return features
    if _starttls(features) is None:
        return not_offered("XMPP lists no starttls", features)
    heard = yield Turn(
        say=f"<starttls xmlns='{_TLS}'/>".encode("ascii"),
        until=partial(_until, _ANSWER),
        what="the answer to starttls",
    )
    if re.search(rb"<(\w+:)?proceed\b", heard):
        return Upgraded()
    return declined("starttls is refused", heard)


def in_clear(notebook: Notebook, peer: Peer, *, namespace: str) -> Script[None]:
    """Reads what may be done before TLS, and closes the stream."""
    features = yield from _features(peer, namespace)
    if isinstance(features, NoConnection):
        return
    starttls = _starttls(features)
    listed = "list" if starttls is not None else "do not list"
    notebook.offered(holds=starttls is not None, note=f"the features {listed} starttls")
    mechanisms = re.findall(rb"<(?:\w+:)?mechanism>([^<]{1,40})</", features)
    notebook.login(" ".join(quoted(one) for one in mechanisms))
    if starttls is not None and re.search(rb"<(\w+:)?required\b", starttls):
        notebook.goes_on(holds=False, note="starttls is required")
    elif mechanisms or b"dialback" in features:
        notebook.goes_on(holds=True, note="authentication is offered beside starttls")
    yield Turn(say=b"</stream:stream>", until=lambda _: 0, what="the end")


def _starttls(features: bytes) -> bytes | None:
    """The element, with what it holds."""
    found = re.search(
        rb"<(\w+:)?starttls\b[^>]*?(/>|>.*?</(\w+:)?starttls\s*>)", features, re.DOTALL
    )
    return found[0] if found else None


def _condition(heard: bytes) -> bytes:
    """The stream error's defined condition."""
    found = re.search(rb"<(?:\w+:)?error\b[^>]*>\s*<([\w-]+)", heard)
    return found[1] if found else heard


CLIENT: Final = partial(upgrade, namespace="jabber:client")
SERVER: Final = partial(upgrade, namespace="jabber:server")
CLIENT_IN_CLEAR: Final = partial(in_clear, namespace="jabber:client")
SERVER_IN_CLEAR: Final = partial(in_clear, namespace="jabber:server")
