"""What a scheduler and a worker share at the start: an engine within the limits of this process, and warnings."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Final

import structlog

from model.clock import SystemClock
from probe.visit.engine import Engine
from service.config.settings import ServiceSettings
from service.process.limits import connections_that_fit
from service.process.state_files import connect_errors_directory
from storage import SqlStore

_PROTOCOLS: Final = "probe.connect.starttls.catalogue"
_LOG = structlog.stdlib.get_logger("tlsprobe")


class StartError(Exception):
    """The service cannot start or continue; the message is one sentence that says what to do."""


def engine_of(settings: ServiceSettings, clock: SystemClock) -> Engine:
    """An engine with at most as many connections as this process may have open files.

    The scripts of all protocols are loaded now: a visit that needs one may find no file descriptor left.
    """
    import_module(_PROTOCOLS)
    wanted = settings.probe_settings
    fitting = connections_that_fit(wanted.connections_open, settings.http.connections)
    if fitting < wanted.connections_open:
        _LOG.warning(
            "the limit of open files allows fewer connections than configured: raise it (ulimit -n)",
            needed=wanted.connections_open,
            used=fitting,
        )
    remembered = connect_errors_directory(settings.database, settings.state_directory)
    return Engine(
        replace(wanted, connections_open=fitting, connect_errors_directory=remembered), clock
    )


def warn_of_readers(store: SqlStore) -> None:
    """Log a warning if others on this machine may read the database's file; its mode is not changed."""
    if (mode := store.readers_besides_owner) is not None:
        _LOG.warning(
            "other users of this machine can read the database: restrict the file (chmod 600)",
            mode=mode,
        )
