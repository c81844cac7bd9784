"""The whole page of one endpoint, as values for its template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from exporters.pages.endpoint.chains import drawn_chains
from exporters.pages.endpoint.claims import claim_line
from exporters.pages.endpoint.facts import client_auth_lines, fact_sections, version_lines
from exporters.pages.endpoint.suites import suite_matrix
from exporters.pages.findings.cards import RemedyOf, finding_cards
from exporters.pages.links import can_be_sent, endpoint_link, evidence_link, history_link
from exporters.pages.lists.post_quantum import missed_badges
from exporters.pages.rows import STANDING_MARKS, Badge, Row
from exporters.plurals import counted
from exporters.wording import COMPLIANCE, state_sentence
from model.claims.ledger import ledger
from model.comparisons.change import Change
from model.findings.finding import FindingStatus
from model.frozen import frozen
from model.judging.exposure import exposure_of
from model.judging.quantum import NEVER_PROVED, QuantumHistory
from model.observation import Observation


@frozen
class EndpointPast:
    """What the database knows of an endpoint's past: its newest changes, and its post-quantum key exchange."""

    changes: Sequence[Change] = ()
    quantum: QuantumHistory = NEVER_PROVED


def endpoint_values(
    row: Row, others: Sequence[Row], past: EndpointPast, remedy_of: RemedyOf, now: datetime
) -> Mapping[str, Any]:
    """The values for ``endpoint.html``; ``others`` are the same target at its other addresses."""
    status, observation = row.status, row.status.observation
    cards = finding_cards(row, remedy_of)
    return {
        "row": row,
        "headline": _headline(row),
        "policies": [
            (policy, Badge(text=COMPLIANCE[verdict], mark=STANDING_MARKS[verdict]))
            for policy, verdict in sorted(status.compliance.items())
        ],
        "others": [(one.address or one.place, endpoint_link(one)) for one in others],
        "cards": cards,
        "claims": [claim_line(row, one) for one in ledger([status])],
        "missed": missed_badges(exposure_of(observation), now) if row.answered else (),
        "has_remedy": any(card.remedy for card in cards),
        "facts": shown_facts(observation, now),
        "changes": past.changes,
        "quantum": past.quantum,
        "evidence": lambda fact: evidence_link(row, fact),
        "history": history_link(observation.endpoint.key),
        "can_be_probed": can_be_sent(row.target),
    }


def shown_facts(observation: Observation, now: datetime) -> Mapping[str, Any]:
    """The facts of one Observation, as ``facts.html`` shows them."""
    return {
        "versions": version_lines(observation),
        "suites": suite_matrix(observation),
        "chains": drawn_chains(observation.certificates, now),
        "client_auth": client_auth_lines(observation),
        "sections": fact_sections(observation),
    }


def _headline(row: Row) -> str:
    """The verdict in one sentence."""
    observation = row.status.observation
    if not row.answered:
        return state_sentence(observation.state, observation.reason).rstrip(".")
    is_open = [one for one in row.status.findings if one.status is FindingStatus.OPEN]
    if row.standing is None:
        return "No policy applies to this endpoint"
    if row.worst is not None:
        count = counted(len(is_open), "open finding")
        return f"Not compliant: {count}, the worst is {row.worst.value}"
    if is_open:
        return f"Not proved to be compliant: {len(is_open)} unknown"
    return f"{COMPLIANCE[row.standing].capitalize()}"
