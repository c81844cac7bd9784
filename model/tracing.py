"""Spans: where the time of the service goes. Nothing is recorded, at no cost, unless a Tracer is set at the start."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol, TypeAlias

Attributes: TypeAlias = Mapping[str, str | int | float | bool]


class Tracer(Protocol):
    """Records spans; the span that is open in the same task is the parent of a new one."""

    def span(self, name: str, attributes: Attributes) -> AbstractContextManager[object]:
        """A span for as long as the context lasts."""
        ...

    def annotate(self, attributes: Attributes) -> None:
        """Adds to the open span."""
        ...


class _Silent:
    """Records nothing."""

    _nothing: Final = nullcontext()

    def span(self, _name: str, _attributes: Attributes) -> AbstractContextManager[object]:
        return self._nothing

    def annotate(self, _attributes: Attributes) -> None:
        return


SILENT: Final[Tracer] = _Silent()
_tracers: Final[list[Tracer]] = [SILENT]
"""The last one records."""


def trace_with(tracer: Tracer) -> None:
    """Makes ``tracer`` record the spans of this process from now on."""
    _tracers[-1] = tracer


def span(name: str, **attributes: str | int | float | bool) -> AbstractContextManager[object]:
    """A span for as long as the context lasts."""
    return _tracers[-1].span(name, attributes)


def annotate(**attributes: str | int | float | bool) -> None:
    """Adds to the open span what is known only at its end."""
    _tracers[-1].annotate(attributes)
