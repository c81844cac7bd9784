"""A Report of what a database knows, without a service that runs."""

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
    """The database's URL, and what to judge by: ``policies``, or where there are none the configuration's.

    Raises:
        ConfigError: for a configuration or a policy that cannot be used.
    """
    settings = load_settings(config)
    return settings.database, read_policies(policies or settings.policies, now)


async def read_report(database: str, scope: ReportScope, moment: datetime) -> Report:
    """The Report of what ``database`` knew at an aware moment.

    Raises:
        StoreError: where it cannot be read.
    """
    async with await open_reader(database) as store:
        snapshot = await store.snapshot_at(moment, Selection(labels=scope.selection))
        return await make_report(store, snapshot, scope, datetime.now(UTC))
