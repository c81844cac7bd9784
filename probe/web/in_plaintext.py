"""One HTTP request without TLS, as a Dialogue, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from probe.dialogue.answer import Ending
from probe.web.reply import HttpReply, ReplyReader


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearAnswer:
    """``reply`` is None if no HTTP came; ``raw`` is what came, ``ending`` how it ended."""

    asked: bytes
    reply: HttpReply | None
    raw: bytes = b""
    ending: Ending | None = None


class ClearRequest:
    """A GET of ``path``; it ends with the head of the answer."""

    def __init__(self, host: str, path: str = "/", *, user_agent: str) -> None:
        self._reader = ReplyReader()
        self._asked = self._reader.request(host, path, user_agent)

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the request."""
        send(self._asked)

    def feed(self, received: bytes) -> ClearAnswer | None:
        """The answer, once its head is complete or the bytes cannot be HTTP."""
        reply = self._reader.feed(received)
        if reply is None and self._reader.is_http:
            return None
        return ClearAnswer(asked=self._asked, reply=reply, raw=self._reader.raw)

    def end(self, ending: Ending) -> ClearAnswer:
        """The answer without a complete head."""
        return ClearAnswer(asked=self._asked, reply=None, raw=self._reader.raw, ending=ending)
