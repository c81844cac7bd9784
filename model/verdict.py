"""The verdict on a fact (yes, no or unknown) and the bytes that prove it.

Unknown is a value of its own and never means no: a timeout proves nothing. Only a server's hello or alert
does; it is stored with the verdict, together with the offer that provoked it.
"""

from __future__ import annotations

from enum import StrEnum

from model.frozen import frozen


class Verdict(StrEnum):
    """The outcome of one question about one endpoint."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class UnknownCause(StrEnum):
    """Why a fact is unknown, if that is neither a fault of the server nor of the visit."""

    NEEDS_CLIENT_CERTIFICATE = "needs_client_certificate"
    """The server answers only clients with a certificate, and the visit presented none that it accepts."""
    NO_HELLO_SHOWS = "no_hello_shows"
    """The server's own choices hide it: no ClientHello can show it."""


class Preference(StrEnum):
    """Whose order decides if client and server have several suites or groups in common."""

    SERVER = "server"
    CLIENT = "client"
    UNKNOWN = "unknown"


@frozen
class Evidence:
    """The proof of a verdict: the bytes offered, the bytes answered, and a note.

    ``is_cut`` is true if these are only the first bytes of a longer conversation.
    """

    offer: bytes | None = None
    answer: bytes | None = None
    note: str | None = None
    is_cut: bool = False


@frozen
class Fact:
    """One verdict with its evidence, and a value if the fact has one.

    ``value`` is text in the unit that the fact's name implies, such as ``7200`` for a lifetime. An unknown fact
    may have a ``cause``.
    """

    verdict: Verdict
    evidence: Evidence | None = None
    value: str | None = None
    cause: UnknownCause | None = None
