"""What each source finds now, and the result of the relabelling rules."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from discovery.attach import Attached, attached
from discovery.merge import Sifted, merge
from exporters.plurals import counted
from exporters.terminal.console import printable
from model.frozen import frozen
from model.target import Target
from pki.net_guard.gate import SocketGate
from service.sources.target_sources import RuledSource, unmatched_warning, untrusted_warning

_LIMIT = 200


@frozen
class SourceResult:
    """One source's targets after the rules, or why it cannot be used."""

    source: str
    sifted: Sifted | None
    error: str | None


async def find_once(sources: Sequence[RuledSource], gate: SocketGate) -> list[SourceResult]:
    """The first update of each source, read in parallel."""

    async def first(ruled: RuledSource) -> SourceResult:
        updates = ruled.source.watch()
        update = await anext(aiter(updates))
        if update.targets is None:
            return SourceResult(source=ruled.source.name, sifted=None, error=update.error)
        sifted = await ruled.sifted(update, gate)
        return SourceResult(source=ruled.source.name, sifted=sifted, error=sifted.error)

    return list(await asyncio.gather(*(first(one) for one in sources)))


def skipped_sentence(results: Sequence[SourceResult]) -> str | None:
    """How many entries are skipped, and of how many sources; None if there are none."""
    counts = [len(one.sifted.skipped) for one in results if one.sifted and one.sifted.skipped]
    if not counts:
        return None
    entries, sources = counted(sum(counts), "entry", "entries"), counted(len(counts), "source")
    return f"{entries} of {sources} skipped: the output names each one with the reason"


async def all_targets(results: Sequence[SourceResult]) -> Attached:
    """The targets of all sources together, each target once, with what other scanners claim about them."""
    sifted = [one.sifted for one in results if one.sifted is not None]
    merged = await merge(one.kept for one in sifted)
    return await attached(merged, [claim for one in sifted for claim in one.resource_claims])


def results_lines(results: Sequence[SourceResult], merged: Attached) -> Iterator[str]:
    """The targets of each source before and after the rules, as text; source-chosen text is escaped."""
    return (printable(line, limit=_LIMIT) for line in _lines(results, merged))


def _lines(results: Sequence[SourceResult], merged: Attached) -> Iterator[str]:
    for one in results:
        if one.sifted is None:
            yield f"{one.source}: failed: {one.error}"
            continue
        sifted = one.sifted
        failed = "failed: " if one.error else ""
        yield f"{one.source}: {failed}{counted(len(sifted.kept), 'target')}" + _lost(sifted)
        yield from (f"  + {_described(target)}" for target in sifted.kept)
        yield from (f"  - {text}  (dropped by a rule)" for text in sifted.dropped)
        yield from (f"  - {denied}" for denied in sifted.denied)
        yield from (f"  ! skipped: {sentence}" for sentence in sifted.skipped)
        if sifted.untrusted:
            yield f"  ! {untrusted_warning(sifted.untrusted)}"
    if merged.unmatched:
        yield f"! {unmatched_warning(merged.unmatched)}"
    claims = sum(len(target.claims) for target in merged.targets)
    without = len(merged.resource_claims)
    yield (
        f"total: {counted(len(merged.targets), 'target')}"
        + (f", {counted(claims, 'claim')}" if claims else "")
        + (f", {counted(without, 'claim')} about resources without a target" if without else "")
    )


def _lost(sifted: Sifted) -> str:
    counts = (
        (len(sifted.dropped), "dropped"),
        (len(sifted.denied), "denied"),
        (len(sifted.skipped), "skipped"),
    )
    return "".join(f", {count} {word}" for count, word in counts if count)


def _described(target: Target) -> str:
    labels = " ".join(f"{name}={text}" for name, text in sorted(target.labels.items()))
    return f"{target.key}  {labels}".rstrip()


def results_json(results: Sequence[SourceResult], merged: Attached) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        "sources": [
            {
                "source": one.source,
                "error": one.error,
                "dropped": [] if one.sifted is None else list(one.sifted.dropped),
                "denied": []
                if one.sifted is None
                else [{"target": it.place, "reason": it.problem} for it in one.sifted.denied],
                "skipped": [] if one.sifted is None else list(one.sifted.skipped),
                "untrusted_labels": {} if one.sifted is None else dict(one.sifted.untrusted),
            }
            for one in results
        ],
        "targets": [
            {
                "key": target.key,
                "host": target.host,
                "port": target.port,
                "server_name": target.server_name,
                "labels": dict(target.labels),
                "source": target.source,
            }
            for target in merged.targets
        ],
        "resource_claims": [
            {
                "resource": one.resource,
                "name": one.claim.name,
                "statement": one.claim.statement,
                "labels": dict(one.labels),
                "source": one.source,
            }
            for one in merged.resource_claims
        ],
        "unmatched_resources": list(merged.unmatched),
    }
