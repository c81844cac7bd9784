"""Starts the export if the standard variables ask for it; without them, OpenTelemetry is not even imported."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from service.integrations.otel.variables import wanted

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")


@asynccontextmanager
async def telemetry(registry: CollectorRegistry | None = None) -> AsyncIterator[None]:
    """Sends the spans of this process and the metrics of ``registry``, if it has one, while the context lasts, if this
    is asked for."""
    asked = wanted(os.environ)
    if asked.ignored:
        _LOG.warning("telemetry is not sent", reason=asked.ignored)
    if not (asked.traces or asked.metrics):
        yield
        return
    try:
        from service.integrations.otel.export import Export
    except ModuleNotFoundError as error:
        # The variables may be meant for all programs of a machine.
        _LOG.warning(
            "telemetry is not sent",
            reason=f"the Python package {error.name} is missing: install tlsprobe[otel], or set "
            "OTEL_SDK_DISABLED=true",
        )
        yield
        return
    export = Export(registry, asked)
    sending = asyncio.create_task(export.run())
    try:
        yield
    finally:
        sending.cancel()
        export.close()
