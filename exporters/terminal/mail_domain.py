"""A mail domain as text: the verdict first, then what each host and the domain show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Final

from rich.table import Table

from exporters.terminal.console import printable
from exporters.terminal.safe_text import SafeText
from exporters.terminal.scan_report.form import ReportForm, console_for, without_padding
from model.mail.mail_domain import MailDomain, MailHost, Rollover, TlsaRecord, TlsStripping
from model.verdict import Fact, Verdict

_TEXT_LIMIT: Final = 400
_DATA_SHOWN: Final = 16
_LABELS: Final[Mapping[str, str]] = {
    "mx": "MX",
    "mx_dnssec": "MX signed (DNSSEC)",
    "dnssec_validation": "name server validates",
    "mta_sts_record": "MTA-STS record",
    "mta_sts_policy": "MTA-STS policy",
    "tls_rpt": "TLS-RPT",
    "addresses_dnssec": "addresses signed",
    "starttls": "STARTTLS",
    "tlsa": "TLSA signed",
    "dane": "certificate matches TLSA",
    "mta_sts_name": "named by the policy",
    "mta_sts_certificate": "certificate valid (PKIX)",
}
TLS_STRIPPING: Final[Mapping[TlsStripping, str]] = {
    TlsStripping.NO_MAIL: "no one: the domain accepts no mail",
    TlsStripping.NO_ONE: "no one on the path (DANE with DNSSEC)",
    TlsStripping.FIRST_CONTACT: "an attacker at first contact, or one who blocks the policy (MTA-STS)",
    TlsStripping.ANY_CERTIFICATE: "no one, but anyone on the path can pose as the server",
    TlsStripping.ANYONE: "anyone on the path (opportunistic STARTTLS only)",
    TlsStripping.NO_TLS: "no one needs to: the server does not offer TLS",
    TlsStripping.UNKNOWN: "unknown",
}
"""Who can strip TLS from mail to a domain."""

ROLLOVERS: Final[Mapping[Rollover, str]] = {
    Rollover.SAME_CA: "any certificate of the same CA matches",
    Rollover.SAME_KEY: "matches only with the same key: publish a record of the next key first",
    Rollover.SAME_CERTIFICATE: "matches no record: publish its record first",
    Rollover.OTHER_RECORD: "another record is published: of the next key, or outdated",
    Rollover.BROKEN: "no record matches the certificate that is served now",
}
"""What TLSA records allow the next certificate of a server to be."""

_STYLES: Final = {Verdict.YES: "green", Verdict.NO: "yellow", Verdict.UNKNOWN: "dim"}
_GOOD: Final = frozenset({TlsStripping.NO_ONE, TlsStripping.FIRST_CONTACT, TlsStripping.NO_MAIL})


def render_mail_domain(found: MailDomain, form: ReportForm) -> str:
    """The report of a domain; each line ends with a newline."""
    page = StringIO()
    console = console_for(page, form)
    console.print(SafeText(f"{found.domain} (mail domain)", style="bold"))
    console.print(_verdict(found.stripping))
    if found.reason:
        console.print(SafeText(f"  {printable(found.reason, limit=_TEXT_LIMIT)}"))
    console.print(_table(found.facts, _policy_rows(found)))
    for host in found.hosts:
        order = "no MX: the domain itself" if host.preference is None else f"MX {host.preference}"
        console.print(SafeText(""))
        console.print(SafeText(f"{host.name} ({order})", style="bold"))
        console.print(_verdict(host.stripping))
        console.print(SafeText(f"  {printable(host.reason, limit=_TEXT_LIMIT)}"))
        console.print(_table(host.facts, _tlsa_rows(host)))
    return without_padding(page.getvalue())


def _verdict(stripping: TlsStripping) -> SafeText:
    style = "green" if stripping in _GOOD else "yellow"
    return SafeText(f"Who can strip TLS: {TLS_STRIPPING[stripping]}", style=style)


def _table(facts: Mapping[str, Fact], rows: Iterator[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=30)
    table.add_column(overflow="fold", ratio=1)
    table.expand = True
    for name, label in _LABELS.items():
        if name in facts:
            fact = facts[name]
            words = fact.verdict.value + (f" ({said})" if (said := _said(fact)) else "")
            table.add_row(SafeText(f"  {label}"), SafeText(words, style=_STYLES[fact.verdict]))
    for label, text in rows:
        table.add_row(SafeText(f"  {label}"), SafeText(text))
    return table


def _said(fact: Fact) -> str:
    note = (fact.evidence and fact.evidence.note) or ""
    said = fact.value if fact.verdict is Verdict.YES and fact.value else note
    return printable(said.rstrip("."), limit=_TEXT_LIMIT)


def _policy_rows(found: MailDomain) -> Iterator[tuple[str, str]]:
    if found.policy is not None:
        yield "policy: max_age", f"{found.policy.max_age} s"
        yield "policy: mx", printable(", ".join(found.policy.mx), limit=_TEXT_LIMIT)
        for warning in found.policy.warnings:
            yield "policy: warning", warning


def _tlsa_rows(host: MailHost) -> Iterator[tuple[str, str]]:
    for one in host.tlsa:
        yield f"TLSA {one.usage} {one.selector} {one.matching_type}", _record(one)
    if host.rollover is not None:
        yield "next certificate", ROLLOVERS[host.rollover]


def _record(one: TlsaRecord) -> str:
    data = one.data.hex()
    shown = data if len(data) <= _DATA_SHOWN else f"{data[:_DATA_SHOWN]}…"
    if one.matches is Verdict.YES:
        certificates = ", ".join(f"{sha256[:_DATA_SHOWN]}…" for sha256 in one.matched)
        return f"{shown} matches certificate {certificates}"
    return f"{shown} {printable(one.reason or 'not compared', limit=_TEXT_LIMIT)}"
