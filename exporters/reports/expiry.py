"""When certificates and waivers expire, earliest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from exporters.reports import words
from exporters.reports.report import Report, ServedCertificate
from model.frozen import frozen

_NEVER = datetime.max.replace(tzinfo=UTC)
_DAY = timedelta(days=1)


@frozen
class ExpiringCertificate:
    """A leaf, and where it is served; ``days_left`` are whole days, None if it never expires."""

    subject: str
    sha256: str
    not_after: datetime | None
    days_left: int | None
    endpoints: tuple[str, ...]


@frozen
class Expiring:
    """Something that expires: what it is, and where, in words."""

    ends_at: datetime
    days_left: int
    what: str
    where: str


def expiring_certificates(report: Report) -> tuple[ExpiringCertificate, ...]:
    """Every served leaf once, earliest expiry first."""
    leaves: dict[str, ServedCertificate] = {}
    places: dict[str, list[str]] = {}
    for endpoint in report.endpoints:
        for leaf in endpoint.certificates:
            leaves.setdefault(leaf.sha256, leaf)
            places.setdefault(leaf.sha256, []).append(endpoint.key)
    found = (
        ExpiringCertificate(
            subject=leaf.subject,
            sha256=sha256,
            not_after=leaf.not_after,
            days_left=None
            if leaf.not_after is None
            else days_left(leaf.not_after, report.taken_at),
            endpoints=tuple(places[sha256]),
        )
        for sha256, leaf in leaves.items()
    )
    return tuple(sorted(found, key=lambda one: (one.not_after or _NEVER, one.sha256)))


def expiring_within(report: Report, days: int) -> tuple[Expiring, ...]:
    """Certificates and waivers that expire within ``days``, and those that have expired."""
    found = [
        Expiring(
            ends_at=one.not_after,
            days_left=one.days_left,
            what=f"certificate {one.subject}",
            where=", ".join(one.endpoints),
        )
        for one in expiring_certificates(report)
        if one.not_after is not None and one.days_left is not None
    ]
    found += [
        Expiring(
            ends_at=waiver.expires_at - timedelta.resolution,
            days_left=days_left(waiver.expires_at, report.taken_at),
            what=f"waiver {waiver.name}, of {waiver.owner}",
            where=words.waiver_scope(waiver),
        )
        for waiver in report.waivers
    ]
    near = (one for one in found if one.days_left <= days)
    return tuple(sorted(near, key=lambda one: (one.ends_at, one.what)))


def days_left(ends_at: datetime, now: datetime) -> int:
    """Whole days until ``ends_at``, negative once it has passed."""
    return (ends_at - now) // _DAY
