"""Idempotency-Key: a POST that is repeated with the key of the first one gets the first one's answer.

A key belongs to the client that sent it. Answers are remembered in memory, for a day and up to a number.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from service.http.api.operation import ApiError, Reply
from service.http.guard.principal import Principal

HEADER: Final = "idempotency-key"
PATTERN: Final = "^[!-~]{1,255}$"
_MOST_ANSWERS: Final = 1000
_SECONDS: Final = 86_400.0


@dataclass(slots=True)
class _Answer:
    """The answer to the request with this digest; None while it is being made."""

    digest: bytes
    since: float
    reply: Reply | None = None


class Idempotency:
    """The remembered answers; ``monotonic`` is the clock that ends them."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._answers: OrderedDict[tuple[str, str, str], _Answer] = OrderedDict()

    async def once(
        self, by: Principal, key: str | None, request: bytes, make: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        """The reply of ``make``, or of an earlier call with the same ``key`` and ``request``.

        A failure is not remembered: the client may correct what is wrong and use the key again.

        Raises:
            ApiError: if the key is invalid, of another request, or of one that is not finished; and what ``make``
            raises.
        """
        if key is None:
            return await make()
        if not re.fullmatch(PATTERN, key):
            raise ApiError(400, "Idempotency-Key must be 1 to 255 visible ASCII characters")
        place = (by.method.value, by.name, key)
        digest = hashlib.sha256(request).digest()
        self._forget_old()
        known = self._answers.get(place)
        if known is not None:
            return _of_known(known, digest)
        self._answers[place] = answer = _Answer(digest, self._monotonic())
        try:
            answer.reply = await make()
        except BaseException:
            self._answers.pop(place, None)
            raise
        return answer.reply

    def _forget_old(self) -> None:
        oldest = self._monotonic() - _SECONDS
        while self._answers:
            first = next(iter(self._answers.values()))
            if first.since >= oldest and len(self._answers) < _MOST_ANSWERS:
                return
            self._answers.popitem(last=False)


def _of_known(known: _Answer, digest: bytes) -> Reply:
    if known.digest != digest:
        raise ApiError(422, "this Idempotency-Key was sent with another request: use a new key")
    if known.reply is None:
        raise ApiError(
            409, "the request with this Idempotency-Key is not finished: repeat it later"
        )
    return known.reply
