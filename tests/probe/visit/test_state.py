"""A visit's reason names the exhausted budget once, by the kind of the answers and not by their text."""

from __future__ import annotations

import pytest

from model.observation import State
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from probe.connect.dial import over_budget
from probe.dialogue.answer import Answer, ConnectFailure, Ending, FailureKind, NoHello
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import Shape, offer
from probe.visit.state import state_of

SPENT = over_budget("3 connections").detail
LIMIT = "The visit's budget of 3 connections is used up."
OFFER = offer(ProtocolVersion.TLSV1_2, (0xC02F,), Shape(server_name=None))


def facts(**protocols: Verdict) -> VisitFacts:
    found = VisitFacts(inputs=VisitInputs(server_name=None))
    for name, verdict in protocols.items():
        fact = Fact(verdict=verdict, evidence=Evidence(note=SPENT))
        found.protocols[ProtocolVersion[name]] = fact
    return found


def exchanges(*answers: Answer) -> list[Exchange]:
    return [Exchange(offer=OFFER, offered=b"hello", answer=answer) for answer in answers]


def reason(found: VisitFacts, *answers: Answer, spent: str | None = SPENT) -> str:
    _, sentence = state_of(found, exchanges(*answers), spent=spent)
    return sentence or ""


def test_the_failure_itself_names_the_limit_if_nothing_was_answered() -> None:
    assert reason(facts(), over_budget("3 connections")).lower().count(SPENT) == 1


@pytest.mark.parametrize("ending", Ending)
def test_the_limit_is_named_once_before_the_behaviour_of_the_server(ending: Ending) -> None:
    said = reason(facts(), NoHello(ending=ending), over_budget("3 connections"))
    assert said.startswith(f"{LIMIT} The server ")
    assert said.lower().count(SPENT) == 1


def test_the_same_words_in_another_failure_are_not_mistaken_for_the_limit() -> None:
    """A proxy or a server may send any text."""
    said = reason(facts(), ConnectFailure(kind=FailureKind.REFUSED, detail=SPENT))
    assert said == f"{LIMIT} {SPENT[:1].upper()}{SPENT[1:]}."


def test_found_facts_keep_their_state_and_the_gaps_follow_the_limit() -> None:
    found = facts(TLSV1_2=Verdict.YES, TLSV1_0=Verdict.UNKNOWN)
    state, sentence = state_of(found, exchanges(), spent=SPENT)
    assert state is State.TLS
    assert sentence == f"{LIMIT} Not fully known: TLSv1.0 ({SPENT})."


def test_without_a_limit_the_reason_has_no_prefix() -> None:
    assert reason(facts(TLSV1_2=Verdict.YES), spent=None) == ""
    assert reason(facts(), NoHello(ending=Ending.CLOSED), spent=None).startswith("The server")


@pytest.mark.parametrize(
    ("found", "state"), [({}, State.ERROR), ({"TLSV1_2": Verdict.YES}, State.TLS)]
)
def test_an_internal_error_is_reported_after_the_limit(
    found: dict[str, Verdict], state: State
) -> None:
    at, sentence = state_of(
        facts(**found), exchanges(over_budget("3 connections")), spent=SPENT, faults=["x failed"]
    )
    assert (at, sentence) == (state, f"{LIMIT} Internal error: x failed.")
