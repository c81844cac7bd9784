"""Changes and their attributions to JSON values, as the command line and the API print them and the Store keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from model.comparisons.attribution import Attribution, RecordedCall
from model.comparisons.change import Change
from model.encoding.times_json import time_to_json


def change_to_json(change: Change) -> dict[str, Any]:
    """The change."""
    return {
        "endpoint": change.endpoint_key,
        "at": time_to_json(change.at),
        "fact": change.fact,
        "kind": change.kind.value,
        "before": change.before,
        "after": change.after,
        "message": change.sentence,
        "attribution": None
        if change.attribution is None
        else attribution_to_json(change.attribution),
    }


def attribution_to_json(attribution: Attribution) -> dict[str, Any]:
    """The attribution, with every property."""
    call = attribution.call
    return {
        "call": None
        if call is None
        else {
            "name": call.name,
            "at": time_to_json(call.at),
            "event_id": call.event_id,
            "principal": call.principal,
            "source_address": call.source_address,
            "own": call.is_own,
            "others": call.others,
        },
        "unknown": attribution.unknown or None,
    }


def attribution_from_json(fields: Mapping[str, Any]) -> Attribution:
    """The attribution that ``attribution_to_json`` or ``attribution_to_store`` wrote. Raises KeyError, ValueError."""
    call = fields.get("call")
    if call is None:
        return Attribution(unknown=fields["unknown"])
    return Attribution(
        call=RecordedCall(
            name=call["name"],
            at=datetime.fromisoformat(call["at"]),
            event_id=call["event_id"],
            principal=call["principal"],
            source_address=call["source_address"],
            is_own=call.get("own", False),
            others=call.get("others", 0),
        )
    )


def attribution_to_store(attribution: Attribution) -> dict[str, Any]:
    """The same without properties that say nothing."""
    fields = {key: value for key, value in attribution_to_json(attribution).items() if value}
    if attribution.call is not None:
        always = ("principal", "source_address")
        call = fields["call"].items()
        fields["call"] = {key: value for key, value in call if value or key in always}
    return fields
