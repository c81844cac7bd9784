"""All commands of ``tlsprobe``: a new command needs only a row here and the file that the row names.

The help lists the commands in the order of the rows. A command's module is imported by its name
(``importlib``), and only when the command runs or its help is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ROOT: Final = "tlsprobe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command with the ``name`` that users type; the ``app`` of its ``module`` is the command.

    ``group`` is the command that it belongs to: ``policy`` for ``tlsprobe policy list``.
    """

    name: str
    module: str
    group: str = ROOT


COMMANDS: Final[tuple[Command, ...]] = (
    Command(name="scan", module="service.cli.probe_now.scan"),
    Command(name="explain", module="service.cli.probe_now.explain"),
    Command(name="replay", module="service.cli.probe_now.replay"),
    Command(name="serve", module="service.cli.service.serve"),
    Command(name="worker", module="service.cli.service.worker"),
    Command(name="demo", module="service.cli.service.demo"),
    Command(name="discover", module="service.cli.service.discover"),
    Command(name="status", module="service.cli.service.status"),
    Command(name="rules", module="service.cli.service.rules"),
    Command(name="certificates", module="service.cli.history.certificates"),
    Command(name="inventory", module="service.cli.history.inventory"),
    Command(name="history", module="service.cli.history.history"),
    Command(name="diff", module="service.cli.history.diff"),
    Command(name="changes", module="service.cli.history.changes"),
    Command(name="events", module="service.cli.history.events"),
    Command(name="report", module="service.cli.reports.report"),
    Command(name="verify", module="service.cli.reports.verify", group="report"),
    Command(name="policy", module="service.cli.policy.policy"),
    Command(name="list", module="service.cli.policy.list", group="policy"),
    Command(name="show", module="service.cli.policy.show", group="policy"),
    Command(name="check", module="service.cli.policy.check", group="policy"),
    Command(name="evaluate", module="service.cli.policy.evaluate", group="policy"),
    Command(name="explain", module="service.cli.policy.explain", group="policy"),
    Command(name="diff", module="service.cli.policy.diff", group="policy"),
    Command(name="test", module="service.cli.policy.test", group="policy"),
    Command(name="match", module="service.cli.policy.match", group="policy"),
    Command(name="schema", module="service.cli.policy.schema", group="policy"),
    Command(name="db", module="service.cli.db"),
)
