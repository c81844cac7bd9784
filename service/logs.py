"""Logs: one line an event on standard error, JSON for machines or readable on a terminal.

What other libraries log by the standard library comes out the same way. Values may hold what a
server chose: JSON escapes all but ASCII, and the readable form goes through ``printable``.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from service.terminal import printable, wants_colour

LogFormat = Literal["auto", "json", "text"]


def set_up_logs(log_format: LogFormat, level: str) -> None:
    """Send all logs from ``level`` on to standard error; ``auto`` is text on a terminal only."""
    is_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    render: list[Processor] = (
        [
            _escape,
            structlog.dev.ConsoleRenderer(
                colors=wants_colour(sys.stderr), exception_formatter=_write_traceback
            ),
        ]
        if is_text
        else [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True, default=str),
        ]
    )
    common: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # These say every statement, revision and job; their warnings are enough. httpx would say URLs,
    # which may be secrets.
    for noisy in (
        "alembic",
        "aiosqlite",
        "httpcore",
        "httpx",
        "procrastinate",
        "sqlalchemy",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It warns of each bad request, of which a client may send any number.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


def _escape(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        key: printable(value) if isinstance(value, str) else value for key, value in event.items()
    }


def _write_traceback(stream: TextIO, failure: ExcInfo) -> None:
    stream.writelines(
        f"\n{printable(line)}"
        for line in "".join(traceback.format_exception(*failure)).splitlines()
    )
