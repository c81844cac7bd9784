"""Post-quantum key exchange in reports: whether an endpoint proved it, since when, and which deadlines it misses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from model.encoding.times_json import time_from_json, time_to_json
from model.frozen import frozen
from model.judging.exposure import Exposure, Years, exposure_of, migration_order
from model.judging.quantum import DEADLINES, QuantumHistory
from model.snapshot import EndpointStatus
from model.verdict import Verdict

Json: TypeAlias = dict[str, Any]

KEY_EXCHANGE: Final = {Verdict.YES: "proved", Verdict.NO: "none", Verdict.UNKNOWN: "unknown"}
"""The words for whether post-quantum key exchange is proved."""


@frozen
class ReportedQuantum:
    """The exposure of one endpoint as of the time of the report's facts.

    ``deadlines`` has by name whether it misses each; ``history`` what visits up to that time proved.
    """

    exposure: Exposure
    deadlines: Mapping[str, Verdict]
    history: QuantumHistory

    @property
    def missed(self) -> str:
        """The titles of the deadlines that it misses; those of which that is unknown have a question mark."""
        marks = {Verdict.YES: "", Verdict.UNKNOWN: "?"}
        found = ((one.title, self.deadlines.get(one.name, Verdict.UNKNOWN)) for one in DEADLINES)
        return ", ".join(title + marks[said] for title, said in found if said in marks)


def reported_quantum(
    status: EndpointStatus, history: QuantumHistory, at: datetime
) -> ReportedQuantum | None:
    """What a report says of the endpoint; None if it did not answer."""
    observation = status.observation
    if not observation.answered:
        return None
    exposure = exposure_of(observation)
    return ReportedQuantum(exposure=exposure, deadlines=exposure.deadlines(at), history=history)


def in_migration_order(
    found: Iterable[tuple[str, ReportedQuantum]],
) -> list[tuple[str, ReportedQuantum]]:
    """The endpoints by their keys: those that should change first before the others."""
    return sorted(found, key=lambda pair: migration_order(pair[1].exposure, pair[0]))


def quantum_to_json(one: ReportedQuantum) -> Json:
    """It as JSON values."""
    return {
        "key_exchange": one.exposure.key_exchange.value,
        "secrecy_years": one.exposure.years.secrecy,
        "migration_years": one.exposure.years.migration,
        "deadlines_missed": {name: verdict.value for name, verdict in one.deadlines.items()},
        "first_proved_at": time_to_json(one.history.first_proved_at),
        "lost_at": time_to_json(one.history.lost_at),
    }


def quantum_from_json(fields: Json) -> ReportedQuantum:
    """What ``quantum_to_json`` wrote. Raises KeyError, TypeError, ValueError."""
    return ReportedQuantum(
        exposure=Exposure(
            key_exchange=Verdict(fields["key_exchange"]),
            years=Years(secrecy=fields["secrecy_years"], migration=fields["migration_years"]),
        ),
        deadlines={name: Verdict(said) for name, said in fields["deadlines_missed"].items()},
        history=QuantumHistory(
            first_proved_at=time_from_json(fields["first_proved_at"]),
            lost_at=time_from_json(fields["lost_at"]),
        ),
    )
