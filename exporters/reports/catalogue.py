"""Every format of a report. Adding one takes one file that writes it and one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from exporters.reports.formats.as_cbom import CBOM_START, cbom_pieces, write_cbom
from exporters.reports.formats.as_csv import write_csv
from exporters.reports.formats.as_html import (
    write_executive,
    write_guidelines,
    write_html,
    write_policy,
)
from exporters.reports.formats.as_json import write_json
from exporters.reports.formats.as_junit import write_junit
from exporters.reports.formats.as_ocsf import write_ocsf
from exporters.reports.formats.as_post_quantum import write_post_quantum
from exporters.reports.formats.as_sarif import write_sarif
from exporters.reports.formats.markdown.guidelines import write_guidelines_markdown
from exporters.reports.formats.markdown.policy import write_policy_markdown
from exporters.reports.formats.markdown.report import write_markdown
from exporters.reports.formats.oscal.catalog import write_catalog
from exporters.reports.formats.oscal.components import write_components
from exporters.reports.formats.oscal.results import write_oscal
from exporters.reports.report import Report
from model.frozen import frozen


@frozen
class ReportFormat:
    """One format: ``write`` is a pure function; ``says`` describes the format to users.

    ``start`` is the text with which every report of the format begins. A format that can be long has ``pieces``,
    which write it piece by piece. ``needs_cryptography`` is whether it needs that of each endpoint.
    """

    name: str
    media_type: str
    start: str
    says: str
    write: Callable[[Report], str]
    pieces: Callable[[Report], Iterable[str]] | None = None
    needs_cryptography: bool = False

    def write_to(self, report: Report, put: Callable[[str], object]) -> None:
        """Give ``put`` the text of ``report``, in pieces if the format has them."""
        if self.pieces is None:
            put(self.write(report))
            return
        for piece in self.pieces(report):
            put(piece)


REPORTS: Final = (
    ReportFormat(
        name="html",
        media_type="text/html; charset=utf-8",
        start="<!DOCTYPE html>",
        says="one page with everything, for a browser or to print; includes the data",
        write=write_html,
    ),
    ReportFormat(
        name="markdown",
        media_type="text/markdown; charset=utf-8",
        start="# ",
        says="for tickets, wikis and merge requests",
        write=write_markdown,
    ),
    ReportFormat(
        name="csv",
        media_type="text/csv; charset=utf-8; header=present",
        start='"endpoint",',
        says="one row for each finding, for spreadsheets",
        write=write_csv,
    ),
    ReportFormat(
        name="json",
        media_type="application/json",
        start="{",
        says="all data, with the bytes that prove them",
        write=write_json,
    ),
    ReportFormat(
        name="junit",
        media_type="application/xml",
        start="<?xml",
        says="JUnit XML, for CI systems",
        write=write_junit,
    ),
    ReportFormat(
        name="sarif",
        media_type="application/sarif+json",
        start="{",
        says="SARIF 2.1.0, for code-scanning pages",
        write=write_sarif,
    ),
    ReportFormat(
        name="oscal",
        media_type="application/oscal+json",
        start="{",
        says="OSCAL assessment results, for auditors",
        write=write_oscal,
    ),
    ReportFormat(
        name="ocsf",
        media_type="application/jsonl",
        start="{",
        says="OCSF 1.3 Compliance Findings, one a line, for security data lakes",
        write=write_ocsf,
    ),
    ReportFormat(
        name="cbom",
        media_type="application/vnd.cyclonedx+json; version=1.7",
        start=CBOM_START,
        says="cryptographic bill of materials (CycloneDX 1.7): every fact, its verdict and its proof's SHA-256",
        write=write_cbom,
        pieces=cbom_pieces,
        needs_cryptography=True,
    ),
    ReportFormat(
        name="post-quantum",
        media_type="text/csv; charset=utf-8; header=present",
        start='"place",',
        says="endpoints in the order in which they should get post-quantum key exchange, with the deadlines that they miss",
        write=write_post_quantum,
    ),
    ReportFormat(
        name="executive",
        media_type="text/html; charset=utf-8",
        start="<!DOCTYPE html>",
        says="one page: compliance by team and over time, worst endpoints, expiry dates",
        write=write_executive,
    ),
    ReportFormat(
        name="policy",
        media_type="text/html; charset=utf-8",
        start="<!DOCTYPE html>",
        says="the active policies as a readable document: rules, sources, scope, exceptions, owners",
        write=write_policy,
    ),
    ReportFormat(
        name="policy-markdown",
        media_type="text/markdown; charset=utf-8",
        start="# ",
        says="the same document, for wikis",
        write=write_policy_markdown,
    ),
    ReportFormat(
        name="policy-oscal",
        media_type="application/oscal+json",
        start="{",
        says="the same document as an OSCAL catalog",
        write=write_catalog,
    ),
    ReportFormat(
        name="guidelines",
        media_type="text/html; charset=utf-8",
        start="<!DOCTYPE html>",
        says="how HTTPS, VPN, mutual TLS, databases and mail meet the active policies, by server",
        write=write_guidelines,
    ),
    ReportFormat(
        name="guidelines-markdown",
        media_type="text/markdown; charset=utf-8",
        start="# ",
        says="the same guidelines, for wikis",
        write=write_guidelines_markdown,
    ),
    ReportFormat(
        name="guidelines-oscal",
        media_type="application/oscal+json",
        start="{",
        says="the same guidelines as an OSCAL component definition",
        write=write_components,
    ),
)


def report_format(name: str) -> ReportFormat:
    """The format of that name.

    Raises:
        KeyError: if the name is not in the catalogue.
    """
    return {one.name: one for one in REPORTS}[name]
