"""A shortage of file descriptors or memory is a state of this machine and proves nothing about a server.

The visit is then postponed: the code that opens a socket reports the error here, and the visit's caller sees
that it was cut short, whatever the Observation says.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from model.ports import NotVisitedError

SHORTAGES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""See Linux's errno(3). EADDRNOTAVAIL is not included: it also means that the machine lacks IPv6 or the
configured source address, which does not change with time."""

_noted: ContextVar[list[str] | None] = ContextVar("shortages of this visit", default=None)


class ShortageError(NotVisitedError):
    """This machine ran short of resources during the visit, which must be repeated later."""


def note_shortage(error: BaseException) -> bool:
    """Whether ``error`` or its cause is a shortage; the current visit is then postponed."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in SHORTAGES:
            noted = _noted.get()
            if noted is not None:
                noted.append(cause.strerror or str(cause))
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def note_shortage_of_resolver(error: BaseException) -> bool:
    """Like ``note_shortage``, for resolvers: without descriptors they may report that a name does not exist."""
    if note_shortage(error):
        return True
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as shortage:
        return note_shortage(shortage)
    return False


@contextmanager
def noting_shortages() -> Iterator[Sequence[str]]:
    """The kernel's message for each shortage in this block and in the tasks that it starts."""
    noted: list[str] = []
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


@contextmanager
def refusing_shortages() -> Iterator[None]:
    """A block of network operations.

    Raises:
        ShortageError: at its end, if this machine ran short of resources meanwhile.
    """
    with noting_shortages() as shortages:
        yield
    if shortages:
        raise ShortageError(f"this machine ran short of resources: {shortages[0].lower()}")
