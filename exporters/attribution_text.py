"""Who caused a Change, as one line for people."""

from __future__ import annotations

from datetime import UTC

from exporters.plurals import counted
from model.comparisons.attribution import Attribution, RecordedCall


def attributed(attribution: Attribution) -> str:
    """The call with its caller, or why none is known."""
    call = attribution.call
    return f"cause unknown: {attribution.unknown}" if call is None else _called(call)


def _called(call: RecordedCall) -> str:
    by = "tlsprobe itself, " if call.is_own else ""
    source = f" from {call.source_address}" if call.source_address else ""
    at = f"{call.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    said = f"{call.name} by {by}{call.principal or 'an unnamed caller'}{source} at {at}, event {call.event_id}"
    return f"{said}; the newest of {counted(call.others + 1, 'such call')}" if call.others else said
