"""The head of one HTTP/1.x answer (RFC 9112) and what it shows.

An answer that is not HTTP is a value too, because many ports answer with another protocol.
"""

from __future__ import annotations

from typing import Final

from model.frozen import frozen
from probe.web.cookies import mask_cookies
from probe.web.fields import Fields
from probe.web.heads import Head, HeadReader, NotHttpError
from probe.web.url import Url

_KEPT_LENGTH: Final = 2048
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@frozen
class HttpReply:
    """A status and its fields; ``raw`` holds the first bytes as they came, with cookie values masked.

    ``is_cut`` is true if more came than ``raw``.
    """

    status: int
    fields: Fields
    raw: bytes
    is_cut: bool = False

    def leads_to(self, asked: Url) -> Url | None:
        """The target of its redirect from ``asked`` (RFC 9110, section 10.2.2); None without one to http or https."""
        location = self.fields.get("location")
        if self.status not in _REDIRECTS or not location:
            return None
        try:
            return asked.join(location)
        except ValueError:
            return None


class ReplyReader:
    """Takes an answer's bytes as they arrive, and returns its head once it is complete."""

    def __init__(self) -> None:
        self._head = HeadReader()
        self._raw = b""
        self.is_cut = False
        self.is_http = True
        """False once the bytes cannot be an HTTP answer."""

    @property
    def raw(self) -> bytes:
        """The first bytes that came, with cookie values masked."""
        return mask_cookies(self._raw)

    def feed(self, received: bytes) -> HttpReply | None:
        """The reply once its head is complete."""
        if not self.is_http:
            return None
        room = _KEPT_LENGTH - len(self._raw)
        self._raw += received[:room]
        self.is_cut = self.is_cut or len(received) > room
        try:
            head = self._head.feed(received)
        except NotHttpError:
            self.is_http = False
            return None
        return None if head is None else self._reply(head)

    def end(self) -> HttpReply | None:
        """The reply of a server that closed before the end of its head; None without a status code."""
        try:
            return self._reply(self._head.end()) if self.is_http else None
        except NotHttpError:
            return None

    def _reply(self, head: Head) -> HttpReply:
        return HttpReply(
            status=head.status,
            fields=Fields.decoded(head.fields),
            raw=self.raw,
            is_cut=self.is_cut,
        )


def read_reply(received: bytes) -> HttpReply | None:
    """The head of an answer, all of which came; None if it is not an HTTP answer."""
    reader = ReplyReader()
    return reader.feed(received) or reader.end()
