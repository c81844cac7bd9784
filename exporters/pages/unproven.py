"""What a visit could not prove, and why: unknown is not safe, so the pages count it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from exporters.fact_words import fact_words
from exporters.wording import STATES
from model.observation import ClientAuthMode, Observation
from model.sections import ACCEPTED_SETS, NAMED_FACTS
from model.verdict import UnknownCause, Verdict

_WHY: Final = {
    UnknownCause.NEEDS_CLIENT_CERTIFICATE: "the server answers only clients with a certificate",
    UnknownCause.NO_HELLO_SHOWS: "no ClientHello can show it",
}
_CUT_SHORT: Final = "the visit's time or budget ended first"
_NO_PROOF: Final = "no answer proved it"


@dataclass(frozen=True, slots=True)
class Unproven:
    """A fact that is unknown, and the reason."""

    fact: str
    why: str


def unproven(observation: Observation) -> Iterator[Unproven]:
    """The unknown facts of an endpoint; one line if it did not answer."""
    if not observation.answered:
        yield Unproven("everything", f"the endpoint {STATES[observation.state]}")
        return
    usual = _CUT_SHORT if observation.cost.cut_short else _NO_PROOF
    for version, fact in observation.protocols.items():
        if fact.verdict is Verdict.UNKNOWN:
            yield Unproven(version.display_name, _because(fact.cause, usual))
    for section in ACCEPTED_SETS:
        noun = section.name.replace("_", " ")
        for version, found in section.of(observation).items():
            if not found.complete:
                yield Unproven(
                    f"more {noun} at {version.display_name}", _because(found.cause, usual)
                )
    for version, auth in observation.client_auth.items():
        if auth.mode is ClientAuthMode.UNKNOWN:
            yield Unproven(f"client authentication at {version.display_name}", usual)
    for facts in NAMED_FACTS:
        for name, fact in facts.of(observation).items():
            if fact.verdict is Verdict.UNKNOWN:
                yield Unproven(fact_words(facts.name, name), _because(fact.cause, usual))
    for name, level in observation.not_asked.items():
        yield Unproven(name.replace("_", " "), f"needs intrusiveness {level}")


def _because(cause: UnknownCause | None, usual: str) -> str:
    return usual if cause is None else _WHY[cause]
