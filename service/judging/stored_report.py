"""Builds a Report from a database, without a running service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from exporters.reports import Report
from model.query import Selection
from policy import PolicySet, read_policies
from service.config.load import load_settings
from service.judging.report_builder import ReportScope, make_report
from storage import open_reader


def report_settings(
    config: Path | None, policies: Sequence[str], now: datetime
) -> tuple[str, PolicySet]:
    """The database's URL, and the policies to judge by: ``policies``, or else those of the configuration.

    Raises:
        ConfigError: if the configuration or a policy is invalid.
    """
    settings = load_settings(config)
    return settings.database, read_policies(policies or settings.policies, now)


async def read_report(database: str, scope: ReportScope, moment: datetime) -> Report:
    """The Report of the state of ``database`` as of an aware time.

    Raises:
        StoreError: if it cannot be read.
    """
    async with await open_reader(database) as store:
        snapshot = await store.snapshot_at(moment, Selection(labels=scope.selection))
        return await make_report(store, snapshot, scope, datetime.now(UTC))
