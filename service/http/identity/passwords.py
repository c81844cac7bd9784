"""Checks passwords against bcrypt hashes, at a bounded cost whatever clients send."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Final

import bcrypt

from service.http.guard.turns import BusyError, Turns

_WINDOW_SECONDS: Final = 60.0
_WRONG_IN_WINDOW: Final = 10
_MOST_CALLERS: Final = 10_000
_MOST_RIGHT: Final = 1_000
_LONGEST: Final = 72
"""bcrypt reads no more bytes of a password."""

_COST: Final = re.compile(r"\$2[aby]\$(\d\d)\$")
_USUAL_COST: Final = "10"


class PasswordChecker:
    """Checks the passwords of ``users``, a function that returns the current hashes by user.

    A right password is hashed once and then recognized. An address may send ten wrong ones in a minute.
    """

    def __init__(self, users: Callable[[], Mapping[str, str]]) -> None:
        self._users = users
        self._turns = Turns()
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    async def is_right(self, caller: str, user: str, password: str) -> bool:
        """Whether this is the user's password.

        Raises:
            BusyError: if the caller sent too many wrong passwords, or too many are being checked.
        """
        users = self._users()
        given = password.encode()
        digest = users.get(user) or _hash_of_nothing(users)
        mark = self._mark(user, digest, given)
        if mark in self._right:
            self._right.move_to_end(mark)
            return True
        self._refuse_guessing(caller)
        async with self._turns.turn(caller):
            self._refuse_guessing(caller)
            is_right = await asyncio.to_thread(_matches, given, digest) and user in users
        if is_right:
            self._right[mark] = None
            if len(self._right) > _MOST_RIGHT:
                self._right.popitem(last=False)
        else:
            self._count_wrong(caller)
        return is_right

    def _mark(self, user: str, digest: str, password: bytes) -> bytes:
        """The mark by which a right password is recognized; it does not reveal the password."""
        parts = (user.encode(), digest.encode(), password)
        text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, text, hashlib.sha256)

    def _refuse_guessing(self, caller: str) -> None:
        wrong = self._wrong.get(caller)
        if wrong is None:
            return
        now = asyncio.get_running_loop().time()
        while wrong and wrong[0] <= now - _WINDOW_SECONDS:
            wrong.popleft()
        if len(wrong) >= _WRONG_IN_WINDOW:
            raise BusyError(
                "too many wrong passwords came from your address: try again in a minute"
            )

    def _count_wrong(self, caller: str) -> None:
        self._wrong.setdefault(caller, deque()).append(asyncio.get_running_loop().time())
        self._wrong.move_to_end(caller)
        if len(self._wrong) > _MOST_CALLERS:
            self._wrong.popitem(last=False)


def _matches(password: bytes, digest: str) -> bool:
    is_short = len(password) <= _LONGEST
    is_equal = bcrypt.checkpw(password[:_LONGEST], digest.encode())
    return is_short and is_equal


def _hash_of_nothing(users: Mapping[str, str]) -> str:
    """A hash that no password has, as costly as those of ``users``: its time does not reveal which users exist."""
    costs = (_COST.match(digest) for digest in users.values())
    cost = max((match[1] for match in costs if match), default=_USUAL_COST)
    return f"$2b${cost}${'.' * 53}"
