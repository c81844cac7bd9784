"""The calendar of all certificates that the service has seen: when each expires, and which keys are shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from rich import box
from rich.console import Console
from rich.table import Table

from exporters.terminal.console import printable, report_width, wants_colour
from exporters.terminal.remarks import expiry_severity
from exporters.terminal.safe_text import SafeText
from exporters.terminal.words import SEVERITY_STYLES
from model.certificates.certificate import Certificate
from model.certificates.certificate_inventory import (
    CertificateInventory,
    Held,
    certificate_inventory,
)
from model.certificates.lifetime import Lifetime, expiry_text, span_text
from model.encoding.times_json import time_to_json
from storage import open_reader

_NAME_LIMIT: Final = 60
_ENDPOINTS_SHOWN: Final = 3


async def read_certificates(database: str, labels: Mapping[str, str]) -> CertificateInventory:
    """The certificates of all endpoints that the database knows and whose targets have these labels.

    Raises:
        StoreError: if it cannot be read.
    """
    async with await open_reader(database) as store:
        statuses = await store.statuses()
    return certificate_inventory(
        [
            one
            for one in statuses
            if labels.items() <= one.observation.endpoint.target.labels.items()
        ]
    )


def write_calendar(
    found: CertificateInventory, now: datetime, stream: TextIO, *, no_colour: bool
) -> None:
    """Write the calendar to ``stream``, then shared keys and targets whose addresses serve different certificates."""
    console = Console(
        file=stream,
        width=report_width(),
        no_color=not wants_colour(stream, refused=no_colour),
        highlight=False,
        emoji=False,
        markup=False,
    )
    if not found.held:
        console.print("No certificate has been seen yet.")
        return
    console.print(_calendar(found.held, now))
    for line in _shared(found):
        console.print(line)


def _calendar(held: Sequence[Held], now: datetime) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("expires", "left", "renewal", "certificate", "endpoints"):
        table.add_column(column, overflow="fold")
    for one in held:
        certificate = one.certificate
        end = certificate.not_after
        severity = expiry_severity(certificate, now)
        style = "green" if severity is None else SEVERITY_STYLES[severity]
        table.add_row(
            _day(end) if end else "never",
            SafeText(_left(certificate, now), style=style),
            _day(lifetime.renewal_at) if (lifetime := _lifetime(certificate)) else "",
            _name(one),
            _some(one.endpoints),
        )
    return table


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _lifetime(certificate: Certificate) -> Lifetime | None:
    return Lifetime.of(certificate.not_before, certificate.not_after)


def _left(certificate: Certificate, now: datetime) -> str:
    """The time left, and its share of the whole lifetime."""
    if certificate.not_after is None:
        return ""
    if now > certificate.not_after:
        return expiry_text(certificate.not_after, now)
    left, lifetime = span_text(certificate.not_after - now), _lifetime(certificate)
    return left if lifetime is None else f"{left}, {lifetime.fraction_left(now):.0%}"


def _name(held: Held) -> SafeText:
    subject = held.certificate.subject or held.certificate.sha256
    return SafeText(printable(subject, limit=_NAME_LIMIT))


def _some(endpoints: Sequence[str]) -> SafeText:
    shown = ", ".join(printable(key, limit=_NAME_LIMIT) for key in endpoints[:_ENDPOINTS_SHOWN])
    more = len(endpoints) - _ENDPOINTS_SHOWN
    return SafeText(f"{shown} and {more} more" if more > 0 else shown)


def _shared(found: CertificateInventory) -> Iterator[SafeText]:
    for key in found.shared_keys:
        names = ", ".join(_name(one).plain for one in key.held)
        yield SafeText(f"one key in {len(key.held)} certificates: {names}", style="yellow")
    for mismatch in found.mismatches:
        places = ", ".join(
            f"{', '.join(sha256[:16] for sha256 in sha256s)} at {address or 'no address'}"
            for address, sha256s in mismatch.by_address.items()
        )
        target = printable(mismatch.target, limit=_NAME_LIMIT)
        text = f"{target} serves different {mismatch.key_type} certificates: {places}"
        yield SafeText(text, style="yellow")
    for uneven in found.uneven:
        places = "; ".join(
            f"{', '.join(modes)} on {address or 'no address'}"
            for address, modes in uneven.by_address.items()
        )
        target = printable(uneven.target, limit=_NAME_LIMIT)
        text = f"{target} treats client certificates differently: {places}"
        yield SafeText(text, style="yellow")


def calendar_json(found: CertificateInventory, now: datetime) -> dict[str, Any]:
    """The calendar as JSON values."""
    return {
        "certificates": [
            {
                "sha256": one.certificate.sha256,
                "subject": one.certificate.subject,
                "issuer": one.certificate.issuer,
                "not_after": time_to_json(one.certificate.not_after),
                "lifetime_remaining_ratio": lifetime.fraction_left(now) if lifetime else None,
                "renewal_at": time_to_json(lifetime.renewal_at) if lifetime else None,
                "public_key_sha256": one.certificate.public_key_sha256,
                "endpoints": list(one.endpoints),
            }
            for one in found.held
            for lifetime in (_lifetime(one.certificate),)
        ],
        "shared_keys": [
            {
                "public_key_sha256": key.public_key_sha256,
                "certificates": [one.certificate.sha256 for one in key.held],
            }
            for key in found.shared_keys
        ],
        "mismatches": [
            {
                "target": one.target,
                "key_type": one.key_type.value,
                "by_address": {address: list(leaf) for address, leaf in one.by_address.items()},
            }
            for one in found.mismatches
        ],
        "client_auth_mismatches": [
            {
                "target": one.target,
                "by_address": {address: list(modes) for address, modes in one.by_address.items()},
            }
            for one in found.uneven
        ],
    }
