"""The result of one ordinary client connection to a target: the input of the other exporters' metrics."""

from __future__ import annotations

from dataclasses import dataclass

from model.certificates.certificate import Certificate, Revocation
from model.protocol_version import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeSummary:
    """A connection, or the attempt at one.

    ``is_success`` is whether every assertion of the module holds. ``chain`` is as served, leaf first.
    ``paths`` are the verified paths from the leaf to an anchor. ``staple`` is the stapled OCSP response.
    ``http_status`` is None if no HTTP request is made, and 0 if no answer arrived. ``prober`` is the module's
    own name for its kind.
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
