"""Thresholds that follow the lifetime, as the alerts use them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from model.certificates.lifetime import Lifetime

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "warning", "critical", "renewal"),
    [
        (398, 30.0, 7.0, 398 / 3),
        (200, 30.0, 7.0, 200 / 3),
        (100, 25.0, 7.0, 100 / 3),
        (90, 22.5, 7.0, 30.0),
        (47, 11.75, 4.7, 47 / 3),
        (160 / 24, 40 / 24, 16 / 24, 80 / 24),
    ],
)
def test_the_expiry_threshold_is_proportional_to_the_lifetime(
    days: float, warning: float, critical: float, renewal: float
) -> None:
    end = BEGIN + timedelta(days=days)
    lifetime = Lifetime(not_before=BEGIN, not_after=end)
    found = [
        (end - moment) / timedelta(days=1)
        for moment in (lifetime.warning_at, lifetime.critical_at, lifetime.renewal_at)
    ]
    assert found == pytest.approx([warning, critical, renewal])


def test_the_fraction_falls_from_one_to_zero_and_below() -> None:
    lifetime = Lifetime(not_before=BEGIN, not_after=BEGIN + timedelta(days=100))
    found = [lifetime.fraction_left(BEGIN + timedelta(days=day)) for day in (0, 25, 100, 150)]
    assert found == pytest.approx([1, 0.75, 0, -0.5])


def test_a_lifetime_without_duration_is_none() -> None:
    assert Lifetime.of(BEGIN, BEGIN) is None
    assert Lifetime.of(None, BEGIN) is None
