"""Judges the chains of one visit, in a thread and within the rest of the visit's budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from model.certificates.certificate import NameAsked, ServedChain
from model.observation import Observation
from model.target import Target
from pki.certificates import TrustStore, deployment, elements_of, judged_again
from probe.budget import VisitBudget, off_loop
from probe.checks.visit_facts import VisitFacts


async def judge_chains(
    facts: VisitFacts,
    target: Target,
    at: datetime,
    stores: Mapping[str, TrustStore],
    budget: VisitBudget,
) -> tuple[ServedChain, ...]:
    """The served chains in their order, as far as the budget of certificate elements allows.

    ``at`` is the time of judgement (timezone-aware); ``stores`` are the trust stores by their names.
    """
    return await off_loop(_judged, facts, target, at, stores, budget)


async def judge_again(
    known: Observation, target: Target, at: datetime, stores: Mapping[str, TrustStore]
) -> tuple[ServedChain, ...] | None:
    """The known chains judged as of ``at``; None if one of them must be served again for that."""
    found = await off_loop(_judged_again, known, target, at, stores)
    kept = tuple(one for one in found if one is not None)
    return kept if len(kept) == len(found) else None


def is_judgement_valid(known: Observation, at: datetime, stores: Mapping[str, TrustStore]) -> bool:
    """Whether the known chains would be judged the same at ``at``, as far as time decides; needs no certificate."""
    since = known.started_at
    turns = (
        turn
        for served in known.certificates
        for certificate in served.chain
        for turn in (certificate.not_before, certificate.not_after)
    )
    if any(turn is None or since <= turn <= at for turn in turns):
        return False
    return not any(store.has_turned(since, at) for store in stores.values())


def _judged(
    facts: VisitFacts,
    target: Target,
    at: datetime,
    stores: Mapping[str, TrustStore],
    budget: VisitBudget,
) -> tuple[ServedChain, ...]:
    host = target.reference_name
    found = []
    for served in facts.chains:
        if not budget.takes_elements(elements_of(served.chain)):
            break
        one = deployment(
            served.chain,
            versions=served.versions,
            served_with_server_name=served.served_with_server_name,
            host=host if NameAsked.OWN in served.names else None,
            at=at,
            stores=stores,
        )
        found.append(replace(one, names=served.names))
    return tuple(found)


def _judged_again(
    known: Observation, target: Target, at: datetime, stores: Mapping[str, TrustStore]
) -> tuple[ServedChain | None, ...]:
    return tuple(
        judged_again(
            one,
            host=target.reference_name,
            judged_at=known.started_at,
            at=at,
            stores=stores,
        )
        for one in known.certificates
    )
