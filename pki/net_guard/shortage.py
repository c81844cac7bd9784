"""Running short of file descriptors or memory is this machine's state, and says nothing of a server.

A visit under which it happens is put off: whoever opens a socket reports the error here, and who asked for
the visit sees that it was cut short, whatever its Observation says.
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
"""Linux's errno(3). EADDRNOTAVAIL is missing: it also means that the machine has no IPv6 or not the
configured source address, which no delay changes."""

_noted: ContextVar[list[str] | None] = ContextVar("shortages of this visit", default=None)


class ShortageError(NotVisitedError):
    """This machine ran short during the visit, which has to be made again later."""


def note_shortage(error: BaseException) -> bool:
    """Whether ``error``, or what caused it, is a shortage; the visit that runs now is then put off."""
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
    """As ``note_shortage``, for resolvers: without descriptors they say that a name does not exist, or worse."""
    if note_shortage(error):
        return True
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as shortage:
        return note_shortage(shortage)
    return False


@contextmanager
def noting_shortages() -> Iterator[Sequence[str]]:
    """The kernel's words for each shortage in this block, and in the tasks that it starts."""
    noted: list[str] = []
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


@contextmanager
def refusing_shortages() -> Iterator[None]:
    """A block that learns something of the network.

    Raises:
        ShortageError: at its end, where this machine ran short meanwhile.
    """
    with noting_shortages() as shortages:
        yield
    if shortages:
        raise ShortageError(f"this machine has run short: {shortages[0].lower()}")
