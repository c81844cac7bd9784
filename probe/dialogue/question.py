"""The shortest Dialogue: one hello, one Answer."""

from __future__ import annotations

from collections.abc import Callable

from probe.dialogue.answer import Answer, AnswerReader, Ending
from probe.tls.limits import MAX_ANSWER_LENGTH


class Question:
    """Sends the hello ``offered``; stores up to ``longest`` bytes of its Answer."""

    def __init__(self, offered: bytes, longest: int = MAX_ANSWER_LENGTH) -> None:
        self._offered = offered
        reader = AnswerReader(longest)
        self.feed: Callable[[bytes], Answer | None] = reader.feed
        self.end: Callable[[Ending], Answer] = reader.end

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the hello."""
        send(self._offered)
