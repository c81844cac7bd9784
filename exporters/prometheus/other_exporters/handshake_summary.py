"""What one plain client got of one target just now: what the metrics of other exporters are made of."""

from __future__ import annotations

from dataclasses import dataclass

from model.certificates.certificate import Certificate, Revocation
from model.protocol_version import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeSummary:
    """A connection, or the attempt at one.

    ``is_success`` is whether all holds that the module asserts. ``chain`` is as served, leaf first;
    ``paths`` are those by which it verifies, from its leaf to an anchor. ``staple`` is what came stapled to
    it. ``http_status`` is None where no HTTP is asked, and 0 where no answer came. ``prober`` is the module's own word for its kind.
    """

    prober: str
    is_success: bool
    duration_seconds: float
    resolve_seconds: float
    address: str | None = None
    version: ProtocolVersion | None = None
    cipher_suite: str | None = None
    chain: tuple[Certificate, ...] = ()
    paths: tuple[tuple[Certificate, ...], ...] = ()
    staple: Revocation | None = None
    http_status: int | None = None
