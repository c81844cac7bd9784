"""Verifies an Observation for a visit that asks only for versions and certificates, with few connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from model.observation import Mode, Observation
from model.target import Target
from model.version import TOOL_VERSION
from pki.certificates import TrustStore
from probe.checks.prober import Prober
from probe.checks.versions_and_suites.expected_versions import ask_as_expected, can_be_expected
from probe.dialogue.offer import Shape
from probe.visit.chain_judging import judge_again


async def as_expected(
    prober: Prober,
    target: Target,
    known: Observation,
    at: datetime,
    stores: Mapping[str, TrustStore],
) -> Observation | None:
    """``known`` with the chains that were served now, judged as of ``at``; None if anything differs.

    It may lack the evidence, and be from a visit with other trust stores: the chains are judged in full.
    """
    if not can_be_expected(known):
        return None
    seen = await ask_as_expected(prober, Shape(server_name=target.server_name), known)
    if seen is None:
        return None
    certificates = await judge_again(seen, target, at, stores)
    if certificates is None:
        return None
    return replace(
        seen, tool_version=TOOL_VERSION, mode=Mode.VERIFY, reason=None, certificates=certificates
    )
