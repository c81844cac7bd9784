"""The progress of a scan, on the line at the bottom of the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic
from typing import Final, TypeAlias

from exporters.terminal.console import ProgressLine
from model.target import Endpoint

Step: TypeAlias = Callable[[str], None]
_BAR: Final = 20
_MINUTE_SECONDS: Final = 60
_HOUR_SECONDS: Final = 3_600


class Progress:
    """How many of the targets are done, the time that the others will take, and the newest step of any.

    One target has no bar and no estimate.
    """

    def __init__(self, targets: int, now: Callable[[], float] = monotonic) -> None:
        self.line = ProgressLine(sys.stderr)
        self._targets = targets
        self._done = 0
        self._step = ""
        self._now = now
        self._began = now()

    def of(self, endpoint: Endpoint) -> Step | None:
        """What shows the steps of a visit to ``endpoint``; None without a terminal."""
        if not self.line.is_enabled:
            return None
        return lambda phrase: self.say(f"{endpoint.key}: {phrase}")

    def say(self, step: str) -> None:
        """Show ``step``, what is done now."""
        self._step = step
        self.line.show(f"{self._counted()}; {step}")

    def target_done(self, _: object = None) -> None:
        """Count one more target as done."""
        self._done += 1
        if self._done < self._targets:
            self.say(self._step)

    def _counted(self) -> str:
        counted = f"{self._done} of {self._targets} done"
        if self._targets == 1:
            return counted
        filled = "#" * (_BAR * self._done // self._targets)
        return f"[{filled:-<{_BAR}}] {counted}{self._estimate()}"

    def _estimate(self) -> str:
        """How long the rest takes if it takes as long as what is done."""
        if not self._done:
            return ""
        seconds = (self._now() - self._began) / self._done * (self._targets - self._done)
        return f", about {_in_words(seconds)} left"


def _in_words(seconds: float) -> str:
    if seconds < _MINUTE_SECONDS:
        return f"{max(round(seconds), 1)} s"
    if seconds < _HOUR_SECONDS:
        return f"{round(seconds / _MINUTE_SECONDS)} min"
    return f"{seconds / _HOUR_SECONDS:.1f} h"
