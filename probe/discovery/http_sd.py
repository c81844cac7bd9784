"""Targets from a web API in the form of Prometheus' ``http_sd``: a list of targets and labels."""

from __future__ import annotations

from model.target import Target
from probe.discovery.found import mappings
from probe.discovery.source import SourceError
from probe.discovery.targets import TargetError, parse_target
from probe.discovery.web import WebApi


async def read_http_sd(api: WebApi, source: str) -> tuple[Target, ...]:
    """The targets of all groups; raises SourceError, for an answer that is understood in part too."""
    found: dict[str, Target] = {}
    for number, group in enumerate(mappings(await api.get(), api.url)):
        where = f"{api.url}, group {number}"
        targets, labels = group.get("targets"), group.get("labels", {})
        if not isinstance(targets, list) or not isinstance(labels, dict):
            raise SourceError(f"{where} has no list of targets with a mapping of labels.")
        texts = {str(name): str(text) for name, text in labels.items()}
        for text in targets:
            try:
                target = parse_target(str(text), labels=texts, source=source)
            except TargetError as error:
                raise SourceError(f"{where}: {error}.") from error
            found.setdefault(target.key, target)
    return tuple(found.values())
