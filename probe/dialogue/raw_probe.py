"""A hello, the server's flight up to TLS 1.2, then bytes of ours and the server's reaction to them.

A Dialogue for the questions that one hello cannot ask. The bytes are built from the flight, because they
depend on the version, the session or the key in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from model.frozen import frozen
from pki.byte_reader import DecodeError
from probe.dialogue.answer import Answer, AnswerReader, Ending, ServerFlight
from probe.tls.record import ContentType, Record, RecordReader

_MOST_HEARD: Final = 2**16

Words: TypeAlias = Callable[[ServerFlight], bytes]
"""Returns the bytes to send after the flight; no bytes end the conversation."""


@frozen
class ProbeResponse:
    """``answer`` is the answer to the hello, ``said`` the bytes after it, ``heard`` the reaction to them.

    ``ending`` is how the connection ended, or None if the wait ended with an alert or the expected record.
    ``offered`` is the hello.
    """

    offered: bytes
    answer: Answer
    said: bytes = b""
    heard: tuple[Record, ...] = ()
    ending: Ending | None = None

    @property
    def alert(self) -> int | None:
        """The description of the first plaintext alert."""
        for record in self.heard:
            if record.content_type is ContentType.ALERT and len(record.fragment) == 2:
                return record.fragment[1]
        return None

    def first(self, content_type: ContentType) -> Record | None:
        """The first record of that type."""
        return next((one for one in self.heard if one.content_type is content_type), None)


class RawProbe:
    """The Dialogue; it ends at the first alert, or at a record of the type ``until``."""

    def __init__(self, hello: bytes, words: Words, until: ContentType = ContentType.ALERT) -> None:
        self._hello = hello
        self._words = words
        self._ends_at = {until, ContentType.ALERT}
        self._reader = AnswerReader()
        self._records = RecordReader()
        self._answer: Answer | None = None
        self._said = b""
        self._heard: list[Record] = []
        self._heard_length = 0
        self._send: Callable[[bytes], None] | None = None

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the hello."""
        self._send = send
        send(self._hello)

    def feed(self, received: bytes) -> ProbeResponse | None:
        """The response, once it has come."""
        if self._answer is not None:
            return self._listen(received)
        self._answer = self._reader.feed(received)
        if self._answer is None:
            return None
        if not (isinstance(self._answer, ServerFlight) and self._answer.is_complete):
            return self._reaction(None)
        self._said = self._words(self._answer)
        if not self._said or self._send is None:
            return self._reaction(None)
        self._send(self._said)
        return None

    def end(self, ending: Ending) -> ProbeResponse:
        """The response when nothing more will come."""
        self._answer = self._answer or self._reader.end(ending)
        return self._reaction(ending)

    def _listen(self, received: bytes) -> ProbeResponse | None:
        self._heard_length += len(received)
        self._records.feed(received)
        try:
            while (record := self._records.next_record()) is not None:
                self._heard.append(record)
                if record.content_type in self._ends_at:
                    return self._reaction(None)
        except DecodeError:
            return self._reaction(Ending.CLOSED)
        return self._reaction(None) if self._heard_length > _MOST_HEARD else None

    def _reaction(self, ending: Ending | None) -> ProbeResponse:
        assert self._answer is not None  # noqa: S101 (set by feed and by end)
        return ProbeResponse(
            offered=self._hello,
            answer=self._answer,
            said=self._said,
            heard=tuple(self._heard),
            ending=ending,
        )
