"""One Observation as a report for a person, to be read in ten seconds.

The worst comes first: faults in words, then the facts in aligned rows. All text from servers goes through
``printable``, and nothing here is markup, so that a name cannot style the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from io import StringIO
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exporters.terminal.console import printable
from exporters.terminal.remarks import remarks
from exporters.terminal.scan_report_certificates import certificate_rows
from exporters.terminal.scan_report_facts import named_facts
from exporters.terminal.scan_report_words import (
    NAME_LIMIT,
    REASON_LIMIT,
    SEVERITY_STYLES,
    listed,
    say,
)
from exporters.wording import STATES
from model.observation import AcceptedSet, Observation
from model.protocol_version import ProtocolVersion
from model.registry import Strength, strength_by_name
from model.verdict import Preference, Verdict

_STRENGTH_STYLES: Final = {
    Strength.INSECURE: "bold red",
    Strength.WEAK: "yellow",
    Strength.LEGACY: "",
    Strength.SECURE: "green",
    Strength.RECOMMENDED: "bold green",
}
_ORDERS: Final = {
    Preference.SERVER: "in the server's order",
    Preference.CLIENT: "in the client's order",
    Preference.UNKNOWN: "order unknown",
}


def render_report(
    observation: Observation,
    now: datetime,
    *,
    colour: bool = False,
    width: int = 100,
    judged: RenderableType | None = None,
) -> str:
    """The report of one endpoint in lines of at most ``width`` columns, each ended by a newline.

    ``now`` (aware) is the time from which days to expiry count. ``colour`` adds ANSI escapes. ``judged`` has
    the policy results, which come last.
    """
    page = StringIO()
    console = Console(
        file=page,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        legacy_windows=False,
    )
    console.print(_layout(observation, now))
    if judged is not None:
        console.print(judged)
    # Tables pad their last column with spaces, which a file should not have.
    return "".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())


def _layout(observation: Observation, now: datetime) -> RenderableType:
    parts: list[RenderableType] = [_heading(observation)]
    found = remarks(observation, now)
    if found:
        rows = _grid()
        for remark in found:
            word = Text(remark.severity.value, style=SEVERITY_STYLES[remark.severity])
            rows.add_row(word, say(remark.text, limit=REASON_LIMIT))
        parts.append(Padding(rows, (0, 0, 0, 2), expand=False))
    facts = _grid()
    for label, value in _rows(observation, now):
        facts.add_row(Text(label, style="dim"), value)
    parts.append(Padding(facts, (0, 0, 0, 2), expand=False))
    return Group(*parts)


def _heading(observation: Observation) -> Text:
    endpoint = observation.endpoint
    heading = Text(printable(endpoint.target.key, limit=NAME_LIMIT), style="bold")
    if endpoint.address not in {None, endpoint.target.host}:
        heading.append(f" at {printable(endpoint.address or '')}", style="not bold")
    is_tls = observation.answered_as_tls
    heading.append(": ", style="not bold")
    heading.append(
        "TLS" if is_tls else STATES[observation.state], style="green" if is_tls else "red"
    )
    if observation.reason and not is_tls:
        heading.append(f": {printable(observation.reason, limit=REASON_LIMIT)}", style="not bold")
    return heading


def _rows(observation: Observation, now: datetime) -> Iterator[tuple[str, RenderableType]]:
    if any(fact.verdict is not Verdict.UNKNOWN for fact in observation.protocols.values()):
        yield "protocols", _protocols(observation)
    for labels, found in _merged(observation.cipher_suites):
        yield "\n".join(labels), _suites(found)
    if observation.groups:
        yield "groups", _groups(observation)
    for deployment in observation.certificates:
        yield "certificate", certificate_rows(deployment, now)
    if observation.client_auth:
        yield "client auth", _client_auth(observation)
    yield from named_facts(observation)
    yield "cost", _cost(observation)


def _protocols(observation: Observation) -> Text:
    words = []
    for version, fact in sorted(observation.protocols.items()):
        word = Text.assemble(
            version.label, " ", (fact.verdict, _verdict_style(version, fact.verdict))
        )
        words.append(word)
    return Text("  ").join(words)


def _verdict_style(version: ProtocolVersion, verdict: Verdict) -> str:
    if verdict is Verdict.UNKNOWN:
        return "magenta"
    if verdict is Verdict.NO:
        return "dim"
    if version <= ProtocolVersion.SSLV3:
        return "bold red"
    return "yellow" if version <= ProtocolVersion.TLSV1_1 else "green"


def _merged(
    found: Mapping[ProtocolVersion, AcceptedSet],
) -> Iterator[tuple[tuple[str, ...], AcceptedSet]]:
    """Newest version first; versions with the same contents share a row."""
    labels: dict[tuple[tuple[str, ...], bool, Preference], list[str]] = {}
    sets: dict[tuple[tuple[str, ...], bool, Preference], AcceptedSet] = {}
    for version, accepted in sorted(found.items(), reverse=True):
        content = (accepted.accepted, accepted.complete, accepted.preference)
        labels.setdefault(content, []).append(version.label)
        sets.setdefault(content, accepted)
    for content, accepted in sets.items():
        yield tuple(labels[content]), accepted


def _suites(found: AcceptedSet) -> RenderableType:
    by_strength: dict[Strength | None, list[str]] = {}
    for name in found.accepted:
        by_strength.setdefault(strength_by_name(name), []).append(name)
    rows = _grid()
    for strength in (None, *Strength):
        if names := by_strength.get(strength):
            style = _STRENGTH_STYLES[strength] if strength else "magenta"
            word = Text(strength.value if strength else "unregistered", style=style)
            rows.add_row(word, Text("  ").join([say(name) for name in names]))
    count = len(found.accepted)
    summary = f"{count} suite{'' if count == 1 else 's'}{_how_sure(found, 'suite')}"
    return Group(rows, Text(summary, style="dim"))


def _groups(observation: Observation) -> RenderableType:
    rows = _grid()
    for labels, found in _merged(observation.groups):
        names = Text("  ").join([say(name) for name in found.accepted])
        sure = _how_sure(found, "group")
        rows.add_row(Text("\n".join(labels)), Text.assemble(names or "none", (sure, "dim")))
    return rows


def _how_sure(found: AcceptedSet, noun: str) -> str:
    order = f", {_ORDERS[found.preference]}" if len(found.accepted) > 1 else ""
    return (
        order
        if found.complete
        else f"{order}, list may be incomplete: not every {noun} could be probed"
    )


_VERIFYING: Final = {
    Verdict.YES: ", forged ones refused",
    Verdict.NO: ", forged ones accepted",
    Verdict.UNKNOWN: "",
    None: "",
}


def _client_auth(observation: Observation) -> Text:
    modes: dict[tuple[str, Verdict | None], list[str]] = {}
    for version, found in sorted(observation.client_auth.items(), reverse=True):
        path = printable(found.asked_on_path or "", limit=NAME_LIMIT)
        mode = f"{found.mode} on {path}" if path else found.mode.value
        modes.setdefault((mode, found.verifies), []).append(version.label)
    words = [
        f"{mode} ({', '.join(labels)}){_VERIFYING[verifies]}"
        for (mode, verifies), labels in modes.items()
    ]
    authorities = dict.fromkeys(
        name for found in observation.client_auth.values() for name in found.ca_names
    )
    text = Text(", ".join(words))
    if authorities:
        text = Text.assemble(text, ("; from ", "dim"), listed(authorities))
    return text


def _cost(observation: Observation) -> Text:
    cost = observation.cost
    connections = "1 connection" if cost.connections == 1 else f"{cost.connections} connections"
    slowed = ", rate-limited to protect the server" if cost.throttled else ""
    return Text(f"{connections} in {cost.duration_seconds:.2f} s{slowed}", style="dim")


def _grid() -> Table:
    """Rows of a label and its text; the second column takes the remaining width and wraps."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
