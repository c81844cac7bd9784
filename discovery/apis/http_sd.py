"""Targets from a web API in the format of Prometheus' ``http_sd``: a list of targets and labels."""

from __future__ import annotations

import asyncio
from typing import Any

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS, Collected, label_problem
from discovery.found import mappings
from discovery.source import Skipped, SourceReading
from discovery.targets import TargetError, parse_target


async def read_http_sd(api: WebApi, source: str, most: int = USUAL_MOST_TARGETS) -> SourceReading:
    """The targets of all groups; raises SourceError. An invalid group or target is skipped."""
    return await asyncio.to_thread(_targets, await api.get(), api.url, Collected(source, most))


def _targets(answer: Any, url: str, found: Collected) -> SourceReading:
    for number, group in enumerate(mappings(answer, url)):
        where = f"{url}, group {number}"
        targets, labels = group.get("targets"), group.get("labels") or {}
        if not isinstance(targets, list) or not isinstance(labels, dict):
            problem = "it must have a list of targets and a mapping of labels"
            found.skip(Skipped(place=where, problem=problem))
            continue
        texts = {str(name): str(text) for name, text in labels.items()}
        if too_long := label_problem(texts):
            found.skip(Skipped(place=where, problem=too_long))
            continue
        for text in targets:
            address = str(text)
            try:
                found.add(parse_target(address, labels=texts, source=found.source))
            except TargetError as error:
                skipped = Skipped(place=where, problem=str(error), address=address, labels=texts)
                found.skip(skipped)
    return found.reading
