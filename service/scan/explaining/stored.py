"""Explains facts of a stored Observation, without a visit."""

from __future__ import annotations

from collections.abc import Sequence

from model.observation import Observation
from service.scan.explaining.find import find_fact
from service.scan.explaining.run import explained
from service.scan.explaining.text import explanation_lines


def explained_lines(observation: Observation, name: str) -> Sequence[str]:
    """The lines that ``tlsprobe explain`` prints for the fact ``name``, never shortened.

    Raises:
        ValueError: if no fact has this name; the sentence suggests similar names.
    """
    found = explained(observation, find_fact(name))
    return list(explanation_lines(found, name, is_whole=True))
