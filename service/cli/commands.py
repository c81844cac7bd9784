"""All commands of ``tlsprobe``: a new command needs only a row here and the file that the row names.

The help lists the commands in the order of the rows, in sections. A command's module is imported by its name
(``importlib``), and only when the command runs or its help is shown.
"""

from __future__ import annotations

from typing import Final, NamedTuple

ROOT: Final = "tlsprobe"
# Set by the script of `tlsprobe completion` when it asks for completions.
COMPLETION_VARIABLE: Final = "_TLSPROBE_COMPLETE"

_PROBE_NOW: Final = "Probe now"
_SERVICE: Final = "Service"
_HISTORY: Final = "History"
_POLICY_AND_REPORTS: Final = "Policy and reports"
_MAINTENANCE: Final = "Maintenance"


class Command(NamedTuple):
    """One command with the ``name`` that users type; the ``app`` of its ``module`` is the command.

    ``group`` is the command that it belongs to: ``policy`` for ``tlsprobe policy list``. The help of
    the group lists it in its ``section``.
    """

    name: str
    module: str
    group: str = ROOT
    section: str = "Commands"


COMMANDS: Final[tuple[Command, ...]] = (
    Command(name="scan", module="service.cli.probe_now.scan", section=_PROBE_NOW),
    Command(name="compare", module="service.cli.probe_now.compare", section=_PROBE_NOW),
    Command(name="explain", module="service.cli.probe_now.explain", section=_PROBE_NOW),
    Command(name="replay", module="service.cli.probe_now.replay", section=_PROBE_NOW),
    Command(name="serve", module="service.cli.service.serve", section=_SERVICE),
    Command(name="worker", module="service.cli.service.worker", section=_SERVICE),
    Command(name="demo", module="service.cli.service.demo", section=_SERVICE),
    Command(name="discover", module="service.cli.service.discover", section=_SERVICE),
    Command(name="status", module="service.cli.service.status", section=_SERVICE),
    Command(name="doctor", module="service.cli.service.doctor", section=_SERVICE),
    Command(name="modules", module="service.cli.service.modules", section=_SERVICE),
    Command(name="rules", module="service.cli.service.rules", section=_SERVICE),
    Command(name="aws", module="service.cli.aws.aws", section=_SERVICE),
    Command(name="policy", module="service.cli.aws.policy", group="aws"),
    Command(name="certificates", module="service.cli.history.certificates", section=_HISTORY),
    Command(name="inventory", module="service.cli.history.inventory", section=_HISTORY),
    Command(name="history", module="service.cli.history.history", section=_HISTORY),
    Command(name="diff", module="service.cli.history.diff", section=_HISTORY),
    Command(name="changes", module="service.cli.history.changes", section=_HISTORY),
    Command(name="events", module="service.cli.history.events", section=_HISTORY),
    Command(name="audit", module="service.cli.history.audit", section=_HISTORY),
    Command(name="claims", module="service.cli.history.claims", section=_HISTORY),
    Command(name="report", module="service.cli.reports.report", section=_POLICY_AND_REPORTS),
    Command(name="verify", module="service.cli.reports.verify", group="report"),
    Command(
        name="remediate", module="service.cli.remediation.remediate", section=_POLICY_AND_REPORTS
    ),
    Command(name="policy", module="service.cli.policy.policy", section=_POLICY_AND_REPORTS),
    Command(name="list", module="service.cli.policy.list", group="policy"),
    Command(name="show", module="service.cli.policy.show", group="policy"),
    Command(name="check", module="service.cli.policy.check", group="policy"),
    Command(name="evaluate", module="service.cli.policy.evaluate", group="policy"),
    Command(name="explain", module="service.cli.policy.explain", group="policy"),
    Command(name="diff", module="service.cli.policy.diff", group="policy"),
    Command(name="test", module="service.cli.policy.test", group="policy"),
    Command(name="match", module="service.cli.policy.match", group="policy"),
    Command(name="schema", module="service.cli.policy.schema", group="policy"),
    Command(name="db", module="service.cli.db", section=_MAINTENANCE),
    Command(name="completion", module="service.cli.shell.completion", section=_MAINTENANCE),
    Command(name="help", module="service.cli.shell.help", section=_MAINTENANCE),
)
