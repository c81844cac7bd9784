"""Which target a waiver means: by its key, or by a name that people use for it.

People write the host, the host with its port, or the server name. Such a name counts only if exactly one target
has it; otherwise the waiver must have the key of the target.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from model.findings.finding import Waiver
from model.target import Target


def everyday_names(target: Target) -> Iterator[str]:
    """What people call the target, in lower case, apart from its key."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    for name in (host, target.server_name or host):
        yield name.casefold()
        yield f"{name}:{target.port}".casefold()


def targets_named(name: str, targets: Iterable[Target]) -> list[Target]:
    """The targets that people may mean by ``name``."""
    wanted = name.casefold()
    return [target for target in targets if wanted in everyday_names(target)]


def with_target_keys(waivers: Iterable[Waiver], targets: Collection[Target]) -> tuple[Waiver, ...]:
    """The waivers, each with the key of its target if it has a name that only one of ``targets`` has."""
    waivers = tuple(waivers)
    names = {waiver.target.casefold() for waiver in waivers if waiver.target is not None}
    if not names:
        return waivers
    keys = {target.key for target in targets}
    meant: dict[str, set[str]] = {}
    for target in targets:
        for name in names.intersection(everyday_names(target)):
            meant.setdefault(name, set()).add(target.key)
    return tuple(_with_key(waiver, keys, meant) for waiver in waivers)


def _with_key(waiver: Waiver, keys: set[str], meant: dict[str, set[str]]) -> Waiver:
    if waiver.target is None or waiver.target in keys:
        return waiver
    found = meant.get(waiver.target.casefold(), set())
    return replace(waiver, target=next(iter(found))) if len(found) == 1 else waiver
