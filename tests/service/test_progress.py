"""The progress line of a scan: what is done, about how long the rest takes, and what one visit knows so far."""

from __future__ import annotations

import sys

import pytest

from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from probe.budget import VisitBudget
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from probe.visit.progress import say_nothing, with_facts
from service.scan.progress import Progress
from tests.service.samples import suites
from tests.service.test_scan import WatchedTerminal

ENDPOINT = Endpoint(
    target=Target(host="a.example", port=443, server_name="a.example"), address="192.0.2.1"
)


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> WatchedTerminal:
    """A terminal as standard error; pytest sets its own when a test begins, after the fixtures."""
    shown = WatchedTerminal("")
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return shown


def last_line(terminal: WatchedTerminal) -> str:
    return terminal.getvalue().rpartition("\r\x1b[K")[2]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "about 1 s"), (10, "about 30 s"), (100, "about 5 min"), (4_000, "about 3.3 h")],
)
def test_many_targets_have_a_bar_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch, seconds: float, words: str
) -> None:
    terminal = terminal_of(monkeypatch)
    times = iter((0.0, seconds))
    progress = Progress(4, now=lambda: next(times))
    step = progress.of(ENDPOINT)
    assert step is not None
    step("protocol versions")
    assert last_line(terminal).startswith(f"[{'-' * 20}] 0 of 4 done; a.example:443")
    progress.target_done()
    assert last_line(terminal).startswith(f"[#####{'-' * 15}] 1 of 4 done, {words} left; ")


def test_one_target_has_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)
    step = Progress(1).of(ENDPOINT)
    assert step is not None
    step("protocol versions")
    assert last_line(terminal) == f"0 of 1 done; {ENDPOINT.key}: protocol versions"


def test_without_a_terminal_no_visit_says_its_steps() -> None:
    assert Progress(1).of(ENDPOINT) is None


def test_a_step_has_the_connections_and_what_is_known() -> None:
    said: list[str] = []
    facts = VisitFacts(inputs=VisitInputs(server_name=None))
    budget = VisitBudget()
    say = with_facts(said.append, budget, facts)
    say("protocol versions")
    budget.connections = 7
    facts.cipher_suites[ProtocolVersion.TLSV1_3] = suites("TLS_AES_128_GCM_SHA256")
    say("cipher suites")
    assert said == ["protocol versions", "cipher suites, 7 connections, 1 suite"]


def test_a_visit_for_which_no_user_waits_computes_no_phrases() -> None:
    facts = VisitFacts(inputs=VisitInputs(server_name=None))
    assert with_facts(say_nothing, VisitBudget(), facts) is say_nothing
