"""Tags of workers: ``zone=NAME`` names a zone whose targets the worker probes."""

from __future__ import annotations

from collections.abc import Sequence

from model.target_labels import ZONE


def zones_of_tags(tags: Sequence[str]) -> list[str]:
    """The zones that ``tags`` name, in the same order.

    Raises:
        ValueError: if a tag is not ``zone=NAME``.
    """
    zones = []
    for tag in tags:
        name, _, zone = tag.partition("=")
        if name != ZONE or not zone:
            raise ValueError(f"{tag!r} is not a valid tag: use {ZONE}=NAME, such as zone=dmz")
        zones.append(zone)
    return zones
