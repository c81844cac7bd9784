"""The claims about endpoints as lines: those of one endpoint on its page, and the whole ledger on a page of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from exporters.pages.links import endpoint_link, evidence_link
from exporters.pages.list_filters import ListFilter
from exporters.pages.rows import Badge, Mark, Row
from exporters.word_search import has_words
from exporters.wording import CLAIM_VERDICTS
from model.claims import ClaimKind, ClaimVerdict
from model.claims.ledger import LedgerEntry, LedgerFilter
from model.frozen import frozen

_MARKS: Final[Mapping[ClaimVerdict, Mark]] = {
    ClaimVerdict.CONTRADICTED: "bad",
    ClaimVerdict.UNPROVABLE: "unknown",
    ClaimVerdict.NOT_REACHED: "warning",
    ClaimVerdict.PROVED: "good",
}
_KINDS: Final = {
    ClaimKind.DECLARED: "declared by a configuration",
    ClaimKind.REPORTED: "reported by a scanner",
}
CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "verdict": {one.value: words for one, words in CLAIM_VERDICTS.items()},
    "kind": {one.value: words for one, words in _KINDS.items()},
}
"""The choices of each filter, with their words."""


@frozen
class ClaimLine:
    """One claim; ``link`` is the endpoint's page, empty for a resource without one.

    ``evidence`` is the page of the bytes, empty if no rule proves the claim.
    """

    entry: LedgerEntry
    verdict: Badge
    link: str
    evidence: str


@frozen
class ClaimFilter(ListFilter):
    """The filters of the ledger's page."""

    path = "/claims"
    choices = CHOICES

    q: str = ""
    verdict: str = ""
    kind: str = ""
    source: str = ""
    resource: str = ""

    def chosen(self, entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
        """The claims that pass all filters."""
        wanted = LedgerFilter(
            verdict=ClaimVerdict(self.verdict) if self.verdict else None,
            kind=ClaimKind(self.kind) if self.kind else None,
            source=self.source or None,
            resource=self.resource or None,
        )
        return [one for one in entries if wanted.has(one) and has_words(one.text, self.q)]


VIEWS: Final = tuple(
    (words, ClaimFilter(verdict=ClaimVerdict.CONTRADICTED.value, kind=kind.value).link())
    for words, kind in (
        ("Green in configuration, red on the wire", ClaimKind.DECLARED),
        ("Scanner findings that the wire disproves", ClaimKind.REPORTED),
    )
)
"""The two questions that people ask of the ledger, with the URL that answers each."""


def claim_line(row: Row | None, entry: LedgerEntry) -> ClaimLine:
    """The line of one claim of the endpoint in ``row``, or of a resource without one."""
    held = entry.held
    return ClaimLine(
        entry=entry,
        verdict=Badge(text=CLAIM_VERDICTS[held.verdict], mark=_MARKS[held.verdict]),
        link="" if row is None else endpoint_link(row),
        evidence="" if row is None else _evidence(row, entry),
    )


def _evidence(row: Row, entry: LedgerEntry) -> str:
    return next((evidence_link(row, one.rule) for one in entry.held.claim.rules), "")
