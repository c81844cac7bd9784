"""Claims from the files of other scanners: a failed check is a weakness, a passed one a plain claim.

``data/checks.json`` says which rules prove what a check asks for. If these show only a part of it, a failed check stays
unprovable, and says why; a passed one is still contradicted if the rules fail.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from discovery.scanners.formats import AWS_CONFIG, FormatError, ScannerFinding, read_findings
from discovery.source import Skipped, SourceError, SourceReading
from model.claims import Claim, ClaimedRule
from model.claims.resource_claim import ResourceClaim
from model.frozen import frozen

_CHECKS: Final = Path(__file__).with_name("data") / "checks.json"
_LARGEST_FILE: Final = 256 << 20
_NAMES_SHOWN: Final = 12
_NOT_OF_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]")


@frozen
class KnownCheck:
    """What a check asks for, and the rules that prove it; ``unprovable`` says what they do not show, if anything."""

    requirement: str
    rules: tuple[ClaimedRule, ...]
    unprovable: str


@cache
def known_checks() -> Mapping[tuple[str, str], KnownCheck]:
    """The checks by scanner and identifier; a control of Security Hub has the rule of AWS Config that it uses."""
    return MappingProxyType(
        {
            (scanner, check): _known(one)
            for one in json.loads(_CHECKS.read_text(encoding="utf-8"))
            for scanner, checks in (
                (one["scanner"], one["checks"]),
                (AWS_CONFIG, one.get("config_rules", ())),
            )
            for check in checks
        }
    )


async def read_scanner_files(paths: Sequence[Path], source: str) -> SourceReading:
    """The claims of ``source``, those in all files; checks without a rule are counted, and named, as skipped.

    Raises:
        SourceError: if a file cannot be read, or has another form; the message has the place and what to do.
    """
    return await asyncio.to_thread(_read, paths, source)


def claim_of(finding: ScannerFinding) -> Claim | None:
    """The claim that a finding makes; None if no rule is about its check."""
    known = known_checks().get((finding.scanner, finding.check))
    if known is None:
        return None
    verb = "fails" if finding.is_failed else "passes"
    is_partial = finding.is_failed and known.unprovable
    return Claim(
        name=_NOT_OF_NAMES.sub("_", finding.check),
        statement=f"{finding.check} {verb}: {known.requirement}",
        source=finding.scanner,
        resource=f"{finding.resource} ({finding.place})" if finding.place else finding.resource,
        rules=() if is_partial else known.rules,
        is_weakness=finding.is_failed,
        unprovable=known.unprovable,
    )


def _read(paths: Sequence[Path], source: str) -> SourceReading:
    claims: dict[tuple[str, Claim], ResourceClaim] = {}
    skipped: list[Skipped] = []
    for path in paths:
        unknown = Counter[str]()
        for finding in _findings(path):
            claim = claim_of(finding)
            if claim is None:
                unknown[finding.check] += 1
            else:
                claims[finding.resource, claim] = ResourceClaim(
                    resource=finding.resource, claim=claim, source=source
                )
        if unknown:
            skipped.append(Skipped(place=str(path), problem=_without_rule(unknown)))
    found = tuple(claims.values())
    return SourceReading(targets=(), skipped=tuple(skipped), resource_claims=found)


def _findings(path: Path) -> Iterator[ScannerFinding]:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise SourceError(
                f"{path} has more than {_LARGEST_FILE >> 20} MiB: split it into several files."
            )
        yield from read_findings(content.decode("utf-8"))
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}): use a file that exists."
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not a text file in UTF-8: write it again.") from error
    except FormatError as error:
        raise SourceError(f"{path}: {error}.") from error


def _without_rule(unknown: Mapping[str, int]) -> str:
    names = sorted(unknown)
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    shown = f"{', '.join(names[:_NAMES_SHOWN])}{more}"
    return f"{sum(unknown.values())} findings are of checks that no rule is about: {shown}"


def _known(fields: Mapping[str, Any]) -> KnownCheck:
    return KnownCheck(
        requirement=fields["requirement"],
        rules=tuple(
            ClaimedRule(rule=one["rule"], parameters=one.get("parameters", {}))
            for one in fields.get("rules", ())
        ),
        unprovable=fields.get("unprovable", ""),
    )
