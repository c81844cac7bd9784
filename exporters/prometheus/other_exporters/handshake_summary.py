"""The result of one ordinary client connection to a target: the input of the other exporters' metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from model.certificates.certificate import Certificate
from model.frozen import frozen
from model.protocol_version import ProtocolVersion


@frozen
class HttpSummary:
    """The last response, and the way to it; all numbers are 0 without one.

    ``redirects`` counts those that came, followed or not. ``content_length`` is -1 if the head has none.
    ``phases`` are seconds, summed over all redirects.
    """

    status: int = 0
    version: float = 0.0
    redirects: int = 0
    is_over_tls: bool = False
    content_length: int = 0
    body_length: int = 0
    last_modified: datetime | None = None
    phases: Mapping[str, float] = field(default_factory=dict)


@frozen
class StapleSummary:
    """A stapled OCSP response; ``status`` is 0 for good, 1 for revoked, 2 for unknown."""

    status: int
    produced_at: datetime
    this_update: datetime
    next_update: datetime | None = None
    revoked_at: datetime | None = None


@frozen
class HandshakeSummary:
    """A connection, or the attempt at one.

    ``is_success`` is whether every assertion of the module holds; ``failure`` says in one sentence why not.
    ``chain`` is as served, leaf first. ``paths`` are the verified paths from the leaf to an anchor. ``http`` is
    None if no HTTP request is made. ``prober`` is the module's own name for its kind. ``timeout_seconds`` is the
    limit of the whole probe.
    """

    prober: str
    is_success: bool
    duration_seconds: float
    resolve_seconds: float
    timeout_seconds: float
    failure: str | None = None
    address: str | None = None
    version: ProtocolVersion | None = None
    cipher_suite: str | None = None
    chain: tuple[Certificate, ...] = ()
    paths: tuple[tuple[Certificate, ...], ...] = ()
    staple: StapleSummary | None = None
    http: HttpSummary | None = None
