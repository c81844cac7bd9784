"""One Observation as a report for a person, to be read in ten seconds.

The verdict and the findings come first, then the facts in aligned rows. All text from servers goes through
``printable``, and nothing here is markup, so that a name cannot style the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Final

from exporters.terminal.console import printable
from exporters.terminal.remarks import Remark, remarks
from exporters.terminal.safe_text import SafeText
from exporters.terminal.scan_report.certificates import certificate_rows
from exporters.terminal.scan_report.facts import fact_rows
from exporters.terminal.scan_report.form import (
    USUAL_FORM,
    ReportForm,
    console_for,
    without_padding,
)
from exporters.terminal.scan_report.layout import Part, Row, Words, print_part, row, versions_text
from exporters.terminal.scan_report.ssh import ssh_rows
from exporters.terminal.scan_report.suites import group_list, suite_list
from exporters.terminal.scan_report.verdict import compliance_rows, finding_parts, grade_row
from exporters.terminal.words import NAME_LIMIT, REASON_LIMIT, listed
from exporters.wording import short_state, state_sentence
from model.findings.judged import Judged
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.sections import without_unknown
from model.verdict import Verdict

_FOR_A_FIX: Final = "for configuration lines that fix findings, add --policy mozilla-intermediate"
_FOR_MORE: Final = (
    "for every feature, attack, OpenSSL name, serial number and fingerprint, add --verbose"
)


def render_report(
    observation: Observation,
    now: datetime,
    *,
    form: ReportForm = USUAL_FORM,
    grade: str | None = None,
    judged: Judged | None = None,
) -> str:
    """The report of one endpoint; each line ends with a newline.

    ``now`` (aware) is the time from which days to expiry count. ``grade`` begins with its letter; ``judged`` has the
    policies' results.
    """
    page = StringIO()
    console = console_for(page, form)
    found = remarks(observation, now)
    for part in _parts(observation, now, found, grade, judged, verbose=form.is_verbose):
        print_part(console, part)
    return without_padding(page.getvalue())


def _parts(
    observation: Observation,
    now: datetime,
    found: tuple[Remark, ...],
    grade: str | None,
    judged: Judged | None,
    *,
    verbose: bool,
) -> Iterator[Part]:
    yield _heading(observation)
    if grade is not None:
        yield grade_row(grade)
    if judged is not None:
        yield from compliance_rows(judged, found)
    if observation.answered or found or judged is not None:
        yield from finding_parts(judged, found)
        yield SafeText()
    if not observation.answered:
        observation = without_unknown(observation)  # the heading says why nothing is known
    if observation.is_ssh:
        yield from ssh_rows(observation, verbose=verbose)
    elif observation.is_ike:
        # The report of a TLS server starts without these modules.
        from exporters.terminal.scan_report.ike import ike_rows

        yield from ike_rows(observation, verbose=verbose)
    else:
        yield from _fact_rows(observation, now, verbose=verbose)
    yield row("cost", _cost(observation))
    if observation.answered:
        is_tls = not (observation.is_ssh or observation.is_ike)
        yield from _hints(found, judged, verbose=verbose, is_tls=is_tls)


def _hints(
    found: tuple[Remark, ...], judged: Judged | None, *, verbose: bool, is_tls: bool
) -> Iterator[Row]:
    hints = [_FOR_A_FIX] * (judged is None and bool(found) and is_tls)
    hints += [_FOR_MORE] * (not verbose)
    for hint in hints:
        yield row("more" if hint is hints[0] else "", SafeText(hint, style="dim"))


def _heading(observation: Observation) -> SafeText:
    endpoint = observation.endpoint
    heading = SafeText(printable(endpoint.target.key, limit=NAME_LIMIT), style="bold")
    if endpoint.address not in {None, endpoint.target.host}:
        heading.append(f" at {printable(endpoint.address or '')}", style="not bold")
    heading.append(": ", style="not bold")
    if observation.answered:
        heading.append(short_state(observation.state), style="green")
    else:
        why = state_sentence(observation.state, observation.reason)
        heading.append(printable(why, limit=REASON_LIMIT), style="not bold red")
    return heading


def _fact_rows(observation: Observation, now: datetime, *, verbose: bool) -> Iterator[Row]:
    if any(fact.verdict is not Verdict.UNKNOWN for fact in observation.protocols.values()):
        yield row("protocols", _protocols(observation))
    if observation.cipher_suites:
        yield row("suites", suite_list(observation.cipher_suites, verbose=verbose))
    if observation.groups:
        yield row("groups", group_list(observation.groups))
    for chain in observation.certificates:
        yield row("certificate", certificate_rows(chain, now, verbose=verbose))
    if observation.client_auth:
        yield row("client auth", _client_auth(observation))
    yield from fact_rows(observation, verbose=verbose)


def _protocols(observation: Observation) -> Words:
    return Words(
        [
            SafeText.of(
                version.display_name, " ", (fact.verdict, _verdict_style(version, fact.verdict))
            )
            for version, fact in sorted(observation.protocols.items())
        ]
    )


def _verdict_style(version: ProtocolVersion, verdict: Verdict) -> str:
    if verdict is Verdict.UNKNOWN:
        return "magenta"
    if verdict is Verdict.NO:
        return "dim"
    if version <= ProtocolVersion.SSLV3:
        return "bold red"
    return "yellow" if version <= ProtocolVersion.TLSV1_1 else "green"


_VERIFYING: Final = {
    Verdict.YES: ", forged ones refused",
    Verdict.NO: ", forged ones accepted",
    Verdict.UNKNOWN: "",
    None: "",
}


def _client_auth(observation: Observation) -> SafeText:
    modes: dict[tuple[str, Verdict | None], list[ProtocolVersion]] = {}
    for version, found in observation.client_auth.items():
        path = printable(found.asked_on_path or "", limit=NAME_LIMIT)
        mode = f"{found.mode} on {path}" if path else found.mode.value
        modes.setdefault((mode, found.verifies), []).append(version)
    words = [
        f"{mode} ({versions_text(versions)}){_VERIFYING[verifies]}"
        for (mode, verifies), versions in modes.items()
    ]
    authorities = dict.fromkeys(
        name for found in observation.client_auth.values() for name in found.ca_names
    )
    text = SafeText(", ".join(words))
    if authorities:
        text = SafeText.of(text, ("; from ", "dim"), listed(authorities))
    return text


def _cost(observation: Observation) -> SafeText:
    cost = observation.cost
    connections = "1 connection" if cost.connections == 1 else f"{cost.connections} connections"
    slowed = ", rate-limited to protect the server" if cost.throttled else ""
    return SafeText(f"{connections} in {cost.duration_seconds:.2f} s{slowed}", style="dim")
