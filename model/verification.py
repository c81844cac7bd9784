"""What a process holds in memory of an endpoint, so that the next visit can verify it without reading the database.

The plan has no bytes and no names of its own: endpoints with the same configuration share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class HelloForm:
    """What a hello needs, besides its lists, before this server answers; the server name is the endpoint's.

    ``most_cipher_suites`` bounds the list of one hello; None if the server accepts any number.
    """

    sends_server_name: bool
    most_cipher_suites: int | None = None
    sends_key_shares: bool = False
    alpn_protocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPick:
    """A hello with the accepted suites of a version, of which the server picks one of ``picks``."""

    version: ProtocolVersion
    form: HelloForm
    cipher_suites: tuple[int, ...]
    picks: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationPlan:
    """The hellos that verify an endpoint, with the answers that they had before."""

    picks: tuple[KnownPick, ...]
    refusals: tuple[KnownRefusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The last stored visit: its ``facts`` without evidence and raw certificates, and the plan to verify them.

    The digests identify the stored facts, and the policy results for them.
    """

    facts: Observation
    plan: VerificationPlan
    facts_digest: str
    assessment_digest: str | None


Known: TypeAlias = Observation | Remembered
"""What a visit may take for known: the last stored Observation, or what this process remembers of it."""
