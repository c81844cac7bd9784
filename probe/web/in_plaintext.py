"""One HTTP request without TLS, as a Dialogue, and its result."""

from __future__ import annotations

from collections.abc import Callable

from model.frozen import frozen
from probe.dialogue.answer import Ending
from probe.dialogue.before_tls.greetings import is_html
from probe.web.heads import request_bytes
from probe.web.reply import HttpReply, ReplyReader


@frozen
class PlaintextAnswer:
    """``reply`` is None if no HTTP came; ``raw`` is what came, ``ending`` how it ended.

    ``is_cut`` is true if more came than ``raw``.
    """

    asked: bytes
    reply: HttpReply | None
    raw: bytes = b""
    is_cut: bool = False
    ending: Ending | None = None


class PlaintextRequest:
    """A GET of ``path`` that asks to close the connection; it ends with the head of the answer.

    ``host`` is the authority, with its port if it has one.
    """

    def __init__(self, host: str, path: str = "/", *, user_agent: str) -> None:
        self._reader = ReplyReader()
        fields = [("Host", host), ("User-Agent", user_agent), ("Connection", "close")]
        self._asked = request_bytes("GET", path, fields)

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the request."""
        send(self._asked)

    def feed(self, received: bytes) -> PlaintextAnswer | None:
        """The answer, once its head is complete or the bytes cannot be HTTP.

        A page without a head has no length: it ends with the connection.
        """
        reply = self._reader.feed(received)
        is_open = self._reader.is_http or is_html(self._reader.raw)
        if reply is None and is_open:
            return None
        return self._answer(reply)

    def end(self, ending: Ending) -> PlaintextAnswer:
        """The answer as far as it came; a head may end with the connection."""
        reply = self._reader.end() if ending is Ending.CLOSED else None
        return self._answer(reply, ending)

    def _answer(self, reply: HttpReply | None, ending: Ending | None = None) -> PlaintextAnswer:
        return PlaintextAnswer(
            asked=self._asked,
            reply=reply,
            raw=self._reader.raw,
            is_cut=self._reader.is_cut,
            ending=ending,
        )
