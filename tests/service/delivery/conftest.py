"""AWS on loopback, for the notifier that sends to Security Hub."""

from __future__ import annotations

from tests.discovery.aws.conftest import aws, started

__all__ = ["aws", "started"]
