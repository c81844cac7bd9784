"""Plays a Dialogue against a server's lines, split in any way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from probe.dialogue.answer import Ending
from probe.dialogue.before_tls.scripted import Scripted

Result = TypeVar("Result")
Turns: TypeAlias = Sequence[tuple[bytes | None, bytes]]
"""What the client sends (None: anything), and what the server answers."""

Cut: TypeAlias = Callable[[bytes], Iterable[bytes]]


def whole(answer: bytes) -> Iterable[bytes]:
    """One piece."""
    return (answer,)


def byte_by_byte(answer: bytes) -> Iterable[bytes]:
    """One piece for each byte."""
    return (answer[at : at + 1] for at in range(len(answer)))


def play(
    dialogue: Scripted[Result], turns: Turns, cut: Cut = whole, ending: Ending = Ending.CLOSED
) -> Result:
    """The Dialogue's result; the server closes after its last turn."""
    said: list[bytes] = []
    dialogue.begin(said.append)
    for expected, answer in turns:
        words = b"".join(said)
        said.clear()
        if expected is not None:
            assert words == expected
        for piece in cut(answer):
            result = dialogue.feed(piece)
            if result is not None:
                return result
    return dialogue.end(ending)
