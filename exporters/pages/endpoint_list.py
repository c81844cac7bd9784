"""Which endpoints the list shows, in which order: the filters of its URL, without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, ClassVar, Final

from exporters.pages.list_filters import ListFilter
from exporters.pages.rows import Row
from exporters.word_search import with_words
from exporters.wording import COMPLIANCE
from model.encoding.earlier_names import ANSWER_FILTERS
from model.findings.finding import Severity
from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import Strength

_NO_POLICY: Final = "none"
_STANDINGS: Final = {verdict.value if verdict else _NO_POLICY: verdict for verdict in COMPLIANCE}
_DAYS: Final = ("0", "7", "30", "90")

CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "answer": {"yes": "answers", "no": "does not answer"},
    "compliance": {value: COMPLIANCE[verdict] for value, verdict in _STANDINGS.items()},
    "severity": {one.value: f"{one.value} or worse" for one in reversed(Severity)},
    "version": {
        one.label: one.display_name for one in sorted(ProtocolVersion, key=lambda one: one.label)
    },
    "strength": {one.value: one.value for one in Strength},
    "expires": {days: f"within {days} days" if days != "0" else "expired" for days in _DAYS},
}
"""The filters with their values, and the words for each value."""

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def _not_after(row: Row) -> datetime:
    return _NEVER if row.expiry is None else row.expiry.not_after


SORTS: Final[Mapping[str, Callable[[Row], Any]]] = {
    "worst": lambda row: (-row.badness, _not_after(row)),
    "name": lambda row: row.name,
    "compliance": lambda row: row.compliance.text,
    "expiry": _not_after,
    "probed": lambda row: row.status.last_probe_at,
}
"""The orders of the list; a minus before the name reverses it."""


@frozen
class EndpointFilter(ListFilter):
    """The filters of the endpoints; ``q`` are words that must all occur in a row."""

    path = "/endpoints"
    choices: ClassVar[Mapping[str, Collection[str]]] = {
        **CHOICES,
        "sort": [sign + name for name in SORTS for sign in ("", "-")],
    }
    earlier: ClassVar[Mapping[str, Mapping[str, str]]] = {"answer": ANSWER_FILTERS}
    order = "sort"

    q: str = ""
    answer: str = ""
    compliance: str = ""
    severity: str = ""
    version: str = ""
    strength: str = ""
    expires: str = ""
    sort: str = "worst"

    def sorted_by(self, name: str) -> str | None:
        """``ascending`` or ``descending`` if the list is in this order, for screen readers."""
        return {name: "ascending", f"-{name}": "descending"}.get(self.sort)

    def sort_link(self, name: str) -> str:
        """The URL of the list in this order, or in the reverse order if it is in this one already."""
        return self.link(sort=f"-{name}" if self.sort == name else name)

    def chosen(self, rows: Sequence[Row], now: datetime) -> Sequence[Row]:
        """The rows that pass all filters, in their order."""
        found = with_words(rows, attrgetter("haystack"), self.q)
        for passes in self._conditions(now):
            found = list(filter(passes, found))
        return found

    def _conditions(self, now: datetime) -> Iterator[Callable[[Row], bool]]:
        """What each filter that was given asks of a row."""
        if self.answer:
            wants_answer = self.answer == "yes"
            yield lambda row: row.answered == wants_answer
        if self.compliance:
            standing = _STANDINGS[self.compliance]
            yield lambda row: row.standing is standing
        if self.severity:
            least = Severity(self.severity).rank
            yield lambda row: row.worst is not None and row.worst.rank >= least
        if self.version:
            yield lambda row: self.version in row.accepted
        if self.strength:
            strength = Strength(self.strength)
            yield lambda row: row.weakest is strength
        if self.expires:
            last = now + timedelta(days=int(self.expires))
            yield lambda row: _not_after(row) <= last


def in_order(rows: Iterable[Row], sort: str) -> Sequence[Row]:
    """The rows in one of the orders of ``SORTS``, or in its reverse order."""
    return sorted(rows, key=SORTS[sort.removeprefix("-")], reverse=sort.startswith("-"))


CSV_COLUMNS: Final = (
    "target", "address", "labels", "state", "compliance", "versions", "weakest_strength",
    "certificate_expires_at", "trust", "findings", "probed_at",
)  # fmt: skip


def csv_row(row: Row) -> tuple[str, ...]:
    """The row as cells, one for each of ``CSV_COLUMNS``; times are in ISO 8601."""
    return (
        row.target,
        row.address,
        " ".join(row.labels),
        row.state.text,
        row.compliance.text,
        " ".join(sorted(row.accepted)),
        row.weakest.value if row.weakest else "",
        row.expiry.not_after.isoformat() if row.expiry else "",
        row.trust.text if row.trust else "",
        ", ".join(badge.text for badge in row.findings),
        row.status.last_probe_at.isoformat(),
    )
