"""What the CA/Browser Forum forbids public CAs: long lifetimes, and names that belong to no one.

Baseline Requirements 6.3.2 (lifetimes, by date of issuance; ballots 193, SC-31 and SC-081v3) and 4.2.2
(internal names and reserved addresses). They do not bind private CAs.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, date, datetime, timedelta
from typing import Final

from model.certificates.certificate import Certificate

_MOST_DAYS: Final = (
    (date(2029, 3, 15), 47),
    (date(2027, 3, 15), 100),
    (date(2026, 3, 15), 200),
    (date(2020, 9, 1), 398),
    (date(2018, 3, 1), 825),
    (date(2015, 4, 1), 1187),
)
"""By first day of issuance, newest first; 39 months are 1187 days at most."""

_SPECIAL_DOMAINS: Final = frozenset(
    {
        *("alt", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local"),
        *("localdomain", "localhost", "mail", "private", "test"),
    }
)
"""Top-level names that are reserved (RFC 2606, 6761, 6762, 8375, 9476) or withheld by ICANN."""


def most_lifetime(issued: datetime) -> timedelta | None:
    """The maximum lifetime of a public certificate issued at that aware time; None before there was a limit."""
    day = issued.astimezone(UTC).date()
    return next((timedelta(days=days) for since, days in _MOST_DAYS if day >= since), None)


def lives_too_long(certificate: Certificate) -> bool:
    """Whether it is valid for longer than a public CA may issue; both end points count (BR 6.3.2)."""
    if certificate.not_before is None or certificate.not_after is None:
        return False
    most = most_lifetime(certificate.not_before)
    lifetime = certificate.not_after - certificate.not_before + timedelta(seconds=1)
    return most is not None and lifetime > most


def has_internal_name(certificate: Certificate) -> bool:
    """Whether it is for a name outside public domains, or for an address outside public networks."""
    return any(map(_is_internal, certificate.dns_names)) or any(
        not ipaddress.ip_address(address).is_global for address in certificate.ip_addresses
    )


def _is_internal(name: str) -> bool:
    labels = name.lower().removesuffix(".").split(".")
    return len(labels) < 2 or labels[-1] in _SPECIAL_DOMAINS or labels[-2:] == ["home", "arpa"]
