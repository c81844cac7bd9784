"""What got slower? Compares the last two results of each benchmark on this kind of machine.

A figure got slower if its median is worse by more than the noise. That is the spread of its runs, before or now,
whichever is larger, and never less than the figure's own least noise. One run alone shows no spread, so
15 % are assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.support.results import EXACT, Figure, Result, saved

_SPREAD_OF_ONE_RUN: Final = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Slower:
    """One figure's medians. ``loss`` and ``noise`` are shares of what it was."""

    name: str
    unit: str
    before: float
    now: float
    loss: float
    noise: float

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.before:.4g} -> {self.now:.4g} {self.unit}, "
            f"{self.loss:.0%} worse (noise {self.noise:.0%})"
        )


def slower(before: Mapping[str, Figure], now: Mapping[str, Figure]) -> Iterator[Slower]:
    """The figures of both that got worse by more than the noise, in their order."""
    for name, figure in now.items():
        if name in before and (found := _slower(name, before[name], figure)) is not None:
            yield found


def _slower(name: str, before: Figure, now: Figure) -> Slower | None:
    was, is_now = median(before.runs), median(now.runs)
    noise = max(now.least_noise, _spread(before), _spread(now))
    loss = (was - is_now if now.more_is_better else is_now - was) / was if was else 0.0
    if loss <= noise:
        return None
    return Slower(name=name, unit=now.unit, before=was, now=is_now, loss=loss, noise=noise)


def _spread(figure: Figure) -> float:
    middle = median(figure.runs)
    if figure.least_noise == EXACT or not middle:
        return 0.0
    if len(figure.runs) == 1:
        return _SPREAD_OF_ONE_RUN
    return (max(figure.runs) - min(figure.runs)) / middle


def last_two(results: Iterable[Result]) -> list[tuple[Result, Result]]:
    """The last result of each benchmark, with the one before it on such a machine; ``results`` are in their order."""
    pairs: dict[str, tuple[Result, Result]] = {}
    last: dict[tuple[str, str], Result] = {}
    for result in results:
        place = result.benchmark, result.machine
        pairs.pop(result.benchmark, None)
        if place in last:
            pairs[result.benchmark] = last[place], result
        last[place] = result
    return list(pairs.values())


def report(results: Iterable[Result]) -> str:
    """What got slower, as text."""
    lines = []
    for before, now in last_two(results):
        found = list(slower(before.figures, now.figures))
        missing = before.figures.keys() - now.figures.keys()
        lines.append(f"{now.benchmark}, {before.commit} -> {now.commit}, {now.machine}")
        lines += [f"  {one}" for one in found]
        lines += [f"  {name}: no longer measured" for name in sorted(missing)]
        if not found and not missing:
            lines.append("  nothing got slower")
    return "\n".join(lines) or "no benchmark has two results of one machine: run `make bench` twice"


if __name__ == "__main__":
    print(report(saved()))
