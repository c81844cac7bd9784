"""Throwaway client certificates are wrong in one way only: who signed them. Their dates are always right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from probe.crypto.throwaway import throwaway_certificate, throwaway_key

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an authority of the server")])
DAYS = st.floats(0, 9_000)
"""Days after the beginning of 2026."""


@given(DAYS, st.booleans())
def test_a_certificate_is_valid_when_it_is_used(days: float, has_issuer: bool) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days)
    issuer = NAME.public_bytes() if has_issuer else b""
    made = throwaway_certificate(at, issuer)
    assert made.not_valid_before_utc <= at - timedelta(days=1)
    assert at + timedelta(days=30) < made.not_valid_after_utc
    assert made.public_key() == throwaway_key().public_key()
    assert made.issuer == (NAME if has_issuer else made.subject)


def test_a_process_that_runs_for_a_year_creates_new_ones() -> None:
    first = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    assert throwaway_certificate(first) is throwaway_certificate(first - timedelta(hours=23))
    later = first + timedelta(days=365)
    assert throwaway_certificate(later).not_valid_after_utc > later
