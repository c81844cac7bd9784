"""What the standard OTEL_* variables ask for. Nothing of OpenTelemetry is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from model.frozen import frozen

_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOL: Final = "http/protobuf"
_USUAL_INTERVAL_MILLISECONDS: Final = 60_000.0


@frozen
class Wanted:
    """Which signals are sent, and the seconds between two exports of metrics.

    ``ignored`` is a sentence about a variable that has no effect, or empty.
    """

    traces: bool
    metrics: bool
    interval_seconds: float
    ignored: str = ""


def wanted(environment: Mapping[str, str]) -> Wanted:
    """What the ``environment`` asks for; a variable that is empty counts as not set, as the specification says."""
    given = {name: value.strip() for name, value in environment.items() if value.strip()}
    is_off = given.get("OTEL_SDK_DISABLED", "").lower() == "true"
    sent, ignored = {}, ""
    for signal in ("TRACES", "METRICS"):
        has_endpoint = _ENDPOINT in given or f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT" in given
        exporter = given.get(f"OTEL_{signal}_EXPORTER", "otlp")
        sent[signal] = has_endpoint and exporter == "otlp" and not is_off
        name = f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL"
        protocol = given.get(name) or given.get("OTEL_EXPORTER_OTLP_PROTOCOL", _PROTOCOL)
        if sent[signal] and protocol != _PROTOCOL:
            sent[signal] = False
            ignored = (
                f"OTLP is sent by {_PROTOCOL} only: set {name} to it, with an endpoint for HTTP"
            )
    return Wanted(
        traces=sent["TRACES"],
        metrics=sent["METRICS"],
        interval_seconds=_milliseconds(given.get("OTEL_METRIC_EXPORT_INTERVAL")) / 1000,
        ignored=ignored,
    )


def _milliseconds(text: str | None) -> float:
    """An invalid number has no effect, as the specification says."""
    try:
        number = float(text or _USUAL_INTERVAL_MILLISECONDS)
    except ValueError:
        return _USUAL_INTERVAL_MILLISECONDS
    return number if 0 < number < float("inf") else _USUAL_INTERVAL_MILLISECONDS
