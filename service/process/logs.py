"""Logs: one line per event on standard error, as JSON for machines or as text on a terminal.

Log records of other libraries get the same format. Values may contain text that a server chose: JSON
escapes all but ASCII, and the text form uses ``printable``.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from exporters.terminal.console import printable, wants_colour
from model.safe_output.secret_text import SecretMask
from service.setting_types.secrets import KNOWN_SECRETS

LogFormat = Literal["auto", "json", "text"]

_LEAST_LEVELS: Final = {
    # These log every statement, revision and job; their warnings are enough.
    "alembic": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "procrastinate": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    # These log URLs, which may be secret.
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    # It warns of each bad request, and a client may send any number of them.
    "uvicorn": logging.ERROR,
}


def set_up_logs(log_format: LogFormat, level: str, mask: SecretMask | None = None) -> None:
    """Send all logs from ``level`` up to standard error; ``auto`` means text on a terminal, else JSON.

    No log contains the secrets that ``mask`` knows, nor the parts of URLs that may be secret.
    """
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
    is_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    render = _rendering(mask or SecretMask(), is_text=is_text)
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
    for library, least in _LEAST_LEVELS.items():
        logging.getLogger(library).setLevel(least)


def _rendering(mask: SecretMask, *, is_text: bool) -> list[Processor]:
    """The last steps for each event: mask secrets, then format it as text for people or as JSON."""
    if not is_text:
        return [
            structlog.processors.format_exc_info,
            _Masking(mask),
            structlog.processors.JSONRenderer(sort_keys=True, default=str),
        ]
    console = structlog.dev.ConsoleRenderer(
        colors=wants_colour(sys.stderr), exception_formatter=_Traceback(mask)
    )
    return [_Masking(mask), _escape, console]


class _Masking:
    """A processor that masks secrets in all values of an event, at any depth."""

    def __init__(self, mask: SecretMask) -> None:
        self._mask = mask

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {
            key: value if key == "exc_info" else self._masked(value) for key, value in event.items()
        }

    def _masked(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self._masked(key): self._masked(one) for key, one in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._masked(one) for one in value]
        return KNOWN_SECRETS.masked(self._mask.masked(str(value)))


class _Traceback:
    """Formats a traceback without secrets and control characters."""

    def __init__(self, mask: SecretMask) -> None:
        self._mask = mask

    def __call__(self, stream: TextIO, failure: ExcInfo) -> None:
        text = KNOWN_SECRETS.masked(
            self._mask.masked("".join(traceback.format_exception(*failure)))
        )
        stream.writelines(f"\n{printable(line)}" for line in text.splitlines())


def _escape(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        key: printable(value) if isinstance(value, str) else value for key, value in event.items()
    }
