"""One line for each endpoint of a scan: how bad it is, its grade, versions and expiry, and its worst fault.

A scan of several endpoints ends with these lines as a table, worst first; ``--brief`` prints them alone, as they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO
from typing import Final, Self

from rich.cells import cell_len
from rich.table import Table

from exporters.terminal.console import printable
from exporters.terminal.remarks import remarks
from exporters.terminal.safe_text import SafeText
from exporters.terminal.scan_report.form import ReportForm, console_for, without_padding
from exporters.terminal.scan_report.layout import versions_text
from exporters.terminal.scan_report.verdict import faults
from exporters.terminal.words import REASON_LIMIT, SEVERITY_STYLES, endpoint_name
from exporters.wording import state_sentence
from model.findings.finding import Severity
from model.findings.judged import Judged
from model.frozen import frozen
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict

_GAP: Final = "  "
_ENDPOINT: Final = 2
"""The column of the endpoints."""
_WIDEST_VERDICT: Final = max(map(len, Severity))


@frozen
class SummaryLine:
    """What one line says of an endpoint; all text is printable.

    ``worst`` is the severity of its worst fault, None without one. ``days`` counts to the first expiry of a leaf.
    ``protocol`` is what its clients want: TLS, SSH or IKE.
    ``words`` are the worst fault, or why the endpoint did not answer.
    """

    endpoint: str
    protocol: str
    answered: bool
    worst: Severity | None
    faults: int
    grade: str
    versions: tuple[ProtocolVersion, ...]
    days: int | None
    words: str

    @classmethod
    def of(
        cls,
        observation: Observation,
        now: datetime,
        *,
        grade: str | None = None,
        judged: Judged | None = None,
    ) -> Self:
        """The line of one Observation; days count from ``now`` (aware)."""
        found = [one for one in faults(judged, remarks(observation, now)) if not one.is_waived]
        answered = observation.answered
        worst = found[0] if found else None
        ends = [chain.leaf.not_after for chain in observation.own_certificates]
        return cls(
            endpoint=endpoint_name(observation.endpoint),
            protocol=_protocol(observation),
            answered=answered,
            worst=worst.severity if worst else None,
            faults=len(found),
            grade=(grade or "").partition(" ")[0],
            versions=tuple(
                version
                for version, fact in observation.protocols.items()
                if fact.verdict is Verdict.YES
            ),
            days=min(((end - now).days for end in ends if end), default=None),
            words=worst.said[0].plain if answered and worst else _reason(observation),
        )

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Sorts the worst line first: endpoints that did not answer, then by severity and number of faults."""
        severity = self.worst.rank if self.worst else -1
        return (self.answered, -severity, -self.faults)

    def columns(self) -> Iterator[SafeText]:
        """The texts of the line, one for each column."""
        yield self._verdict()
        yield SafeText(self.grade or "-")
        yield SafeText(self.endpoint)
        yield SafeText(versions_text(self.versions) or "-")
        yield SafeText(_in_days(self.days))
        more = f" (and {self.faults - 1} more)" if self.answered and self.faults > 1 else ""
        yield SafeText.of(self.words, (more, "dim"))

    def _verdict(self) -> SafeText:
        if not self.answered:
            return SafeText(f"no {self.protocol}", style="red")
        if self.worst is None:
            return SafeText("ok", style="green")
        return SafeText(self.worst.value, style=SEVERITY_STYLES[self.worst])


def render_summary(lines: Iterable[SummaryLine], form: ReportForm) -> str:
    """The table of all lines, worst first, below a line that counts the endpoints; each line ends with a newline."""
    page = StringIO()
    console = console_for(page, form)
    ranked = sorted(lines, key=lambda line: line.rank)
    console.print(SafeText(_counted(ranked), style="bold"))
    table = Table.grid(padding=(0, len(_GAP), 0, 0))
    # Names of endpoints are broken only where one is too long: everything else needs room too.
    longest = max((cell_len(line.endpoint) for line in ranked), default=0)
    for is_whole in (True, True, False, False, True, False):
        table.add_column(no_wrap=is_whole, overflow="fold")
    table.columns[_ENDPOINT].width = min(longest, form.width // 2 - 10)
    for line in ranked:
        table.add_row(*line.columns())
    console.print(table)
    return without_padding(page.getvalue())


def render_brief(line: SummaryLine, form: ReportForm) -> str:
    """The line alone, never wrapped, so that a script can split it; it ends with a newline."""
    page = StringIO()
    verdict, grade, *others = line.columns()
    verdict.pad_right(_WIDEST_VERDICT - verdict.cell_len)
    grade.pad_right(2 - grade.cell_len)
    shown = SafeText(_GAP).join([verdict, grade, *others])
    console_for(page, form).print(shown, soft_wrap=True)
    return without_padding(page.getvalue())


def _counted(lines: Sequence[SummaryLine]) -> str:
    faulty = sum(line.answered and line.worst is not None for line in lines)
    counts = [
        f"{len(lines)} endpoint{'' if len(lines) == 1 else 's'}",
        f"{faulty} with findings",
        *_silent(lines),
    ]
    return ", ".join(counts)


def _silent(lines: Sequence[SummaryLine]) -> Iterator[str]:
    for protocol in sorted({line.protocol for line in lines}):
        silent = sum(not line.answered for line in lines if line.protocol == protocol)
        yield f"{silent} without {protocol}"


def _protocol(observation: Observation) -> str:
    if observation.is_ssh:
        return "SSH"
    return "IKE" if observation.is_ike else "TLS"


def _reason(observation: Observation) -> str:
    if observation.answered:
        return "no findings"
    return printable(state_sentence(observation.state, observation.reason), limit=REASON_LIMIT)


def _in_days(days: int | None) -> str:
    if days is None:
        return "-"
    return "expired" if days < 0 else f"{days} day{'' if days == 1 else 's'}"
