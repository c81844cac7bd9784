"""What the fleet accepts, now and over the last weeks: versions, the weakest strength, post-quantum key exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Final

from exporters.pages.endpoint_list import EndpointFilter
from exporters.pages.overview.charts import Bar, line_chart
from exporters.pages.rows import STRENGTH_MARKS, Mark
from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.records.fleet_count import FleetCount
from model.registry import Strength

TREND_SPAN: Final = timedelta(days=90)
_OLD: Final = ProtocolVersion.TLSV1_2


@frozen
class _Counts:
    """The newest count, and the earlier ones, oldest first."""

    current: FleetCount
    past: Sequence[FleetCount]

    def bar(
        self,
        name: str,
        part: Callable[[FleetCount], int],
        mark: Mark,
        link: str = "",
        whole: Callable[[FleetCount], int] = attrgetter("answering"),
    ) -> Bar:
        """The share of a ``part`` of the endpoints that answer with TLS, or of another ``whole``."""
        start = self.current.at - TREND_SPAN
        # A time without any endpoint has no point; it makes every line begin at the same place.
        shares = [
            (start, 0, 0),
            *((one.at, part(one), whole(one)) for one in (*self.past, self.current)),
        ]
        count, every = part(self.current), whole(self.current)
        return Bar(
            name=name,
            count=count,
            percent=round(100 * count / every, 1) if every else 0,
            mark=mark,
            link=link,
            trend=line_chart(name, shares),
        )


def adoption_values(current: FleetCount, past: Sequence[FleetCount]) -> Mapping[str, Sequence[Bar]]:
    """The bars of the overview. What nothing accepts any more stays for as long as its line is not flat."""
    counts = _Counts(current=current, past=past)
    return {
        "versions": _versions(counts),
        "strengths": _strengths(counts),
        "post_quantum": (
            counts.bar("post-quantum", lambda one: one.post_quantum, "good"),
            counts.bar(
                "not proved",
                lambda one: one.answering - one.post_quantum,
                "warning",
            ),
        ),
        "leaves": tuple(_leaves(counts)),
    }


def _leaves(counts: _Counts) -> Iterator[Bar]:
    for name, part in (
        ("ML-DSA keys", attrgetter("post_quantum_keys")),
        ("ML-DSA signatures", attrgetter("post_quantum_signatures")),
    ):
        yield counts.bar(name, part, "good", whole=attrgetter("leaves"))


def _versions(counts: _Counts) -> Sequence[Bar]:
    labels = {label for one in (*counts.past, counts.current) for label in one.versions}
    found = sorted(map(ProtocolVersion.from_label, labels), reverse=True)
    return [
        counts.bar(
            version.display_name,
            _accepting(version.label),
            "bad" if version < _OLD else "good",
            EndpointFilter(version=version.label).link(),
        )
        for version in found
    ]


def _strengths(counts: _Counts) -> Sequence[Bar]:
    known = {name for one in (*counts.past, counts.current) for name in one.weakest}
    return [
        counts.bar(
            strength.value,
            _weakest(strength),
            STRENGTH_MARKS[strength],
            EndpointFilter(strength=strength.value).link(),
        )
        for strength in Strength
        if strength.value in known
    ]


def _accepting(label: str) -> Callable[[FleetCount], int]:
    return lambda one: one.versions.get(label, 0)


def _weakest(strength: Strength) -> Callable[[FleetCount], int]:
    return lambda one: one.weakest.get(strength.value, 0)
