"""Changes to JSON values, as the command line and the API print them."""

from __future__ import annotations

from typing import Any

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
    }
