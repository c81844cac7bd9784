"""The plan of a verification, as data: what to offer, and what must come back.

It has no names of its own: endpoints with the same configuration share one.
"""

from __future__ import annotations

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence


@frozen
class HelloForm:
    """What a hello needs, besides its lists, before this server answers; the server name is the endpoint's.

    ``most_cipher_suites`` bounds the list of one hello; None if the server accepts any number.
    """

    sends_server_name: bool
    most_cipher_suites: int | None = None
    sends_key_shares: bool = False
    alpn_protocols: tuple[str, ...] = ()


@frozen
class KnownPick:
    """A hello with the accepted suites of a version, of which the server picks one of ``picks``."""

    version: ProtocolVersion
    form: HelloForm
    cipher_suites: tuple[int, ...]
    picks: tuple[int, ...]


@frozen
class KnownRefusal:
    """A hello that the server refuses: with every suite of a version except the accepted ``cipher_suites``.

    A server that needs short hellos gets these suites in parts. With ``groups``, the hello has the accepted suites instead, and every group except these. ``before`` is how the server
    refused a hello like this one last time, without the hello; None if no later answer can be compared with it.
    """

    version: ProtocolVersion
    form: HelloForm
    cipher_suites: tuple[int, ...] = ()
    groups: tuple[int, ...] | None = None
    before: Evidence | None = None


@frozen
class VerificationPlan:
    """The hellos that verify an endpoint, with the answers that they had before."""

    picks: tuple[KnownPick, ...]
    refusals: tuple[KnownRefusal, ...]
