"""``tlsprobe compare``: two endpoints now, and one endpoint at two times."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from exporters.terminal.comparison import Comparison, render_comparison
from exporters.terminal.scan_report import ReportForm
from model.differences.side_by_side import side_by_side
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from tests.probe.programmable.server import serve, served_on_a_port
from tests.probe.programmable.server_model import ServerModel
from tests.service.processes import CommandRun, tlsprobe
from tests.service.samples import legacy, modern
from tests.service.test_history import database
from tests.service.test_report import COLOUR, UNSAFE_CATEGORIES
from tests.support.strategies import observations

__all__ = ["database"]

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/commands.schema.json").read_text())
FIRST = ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: (0xC02F, 0xC030)})
SECOND = replace(FIRST, cipher_suites={ProtocolVersion.TLSV1_2: (0xC02F, 0xC028)})
QUICK = ("--checks", "versions,suites")
WIDTHS = st.integers(60, 200)


async def compared(first: ServerModel, second: ServerModel, *options: str) -> CommandRun:
    async with serve(served_on_a_port(first)) as one, serve(served_on_a_port(second)) as other:
        places = (f"127.0.0.1:{one.port}", f"127.0.0.1:{other.port}")
        return await asyncio.to_thread(tlsprobe, "compare", *places, *QUICK, *options)


def facts_of(run: CommandRun) -> dict[str, dict[str, Any]]:
    said = json.loads(run.stdout)
    jsonschema.validate(said, {"$defs": SCHEMA["$defs"], "$ref": "#/$defs/compare"})
    return {one["fact"]: one for both in said["comparisons"] for one in both["facts"]}


async def test_only_what_differs_is_shown_by_default() -> None:
    run = await compared(FIRST, SECOND)
    assert (run.returncode, run.stderr) == (3, "")
    text = "".join(run.stdout.split())
    assert "protocols" not in text
    assert text.count("and1thatbothhave") == 2


async def test_json_has_both_values_of_each_fact_that_differs() -> None:
    found = facts_of(await compared(FIRST, SECOND, "--json"))
    assert found["cipher_suites.TLSv1.2"] == {
        "fact": "cipher_suites.TLSv1.2",
        "first": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
        "second": [
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
        ],
        "same": False,
    }
    assert "protocols.TLSv1.2" not in found


async def test_equal_servers_have_no_differences_and_all_facts_on_request() -> None:
    run = await compared(FIRST, FIRST, "--all", "--json")
    found = facts_of(run)
    assert run.returncode == 0
    assert found["protocols.TLSv1.2"]["first"] == found["protocols.TLSv1.2"]["second"] == "yes"
    assert all(one["same"] for one in found.values())


async def test_an_endpoint_that_does_not_answer_gives_exit_code_1(closed_port: int) -> None:
    async with serve(served_on_a_port(FIRST)) as server:
        places = (f"127.0.0.1:{server.port}", f"127.0.0.1:{closed_port}")
        run = await asyncio.to_thread(tlsprobe, "compare", *places, *QUICK, "--json")
    assert run.returncode == 1
    assert facts_of(run)["state"]["second"] == "refused"


def test_one_endpoint_at_two_times_is_read_from_the_database(database: str) -> None:
    options = ("--at", "2026-03-01T12:30", "--and", "2026-03-01T14:30", "--database", database)
    run = tlsprobe("compare", "a.example", *options, "--json")
    assert run.returncode == 3
    assert facts_of(run)["cipher_suites.TLSv1.3"] == {
        "fact": "cipher_suites.TLSv1.3",
        "first": ["TLS_AES_128_GCM_SHA256"],
        "second": ["TLS_AES_256_GCM_SHA384"],
        "same": False,
    }
    heads = tlsprobe("compare", "a.example", *options, changes={"COLUMNS": "200"}).stdout
    assert "a.example:443 at 127.0.0.1, 2026-03-01 12:30 UTC" in heads
    assert "a.example:443 at 127.0.0.1, 2026-03-01 14:30 UTC" in heads


def test_a_time_before_the_first_visit_is_not_known(database: str) -> None:
    options = ("--at", "2026-02-01", "--and", "2026-03-01T12:30", "--database", database)
    run = tlsprobe("compare", "a.example", *options)
    assert run.returncode == 1
    assert run.stdout == "a.example:443 at 127.0.0.1, 2026-02-01 00:00 UTC: not known\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.example"], "compare needs a second endpoint after 'a.example', or --at TIME"),
        (["a.example", "b.example", "--at", "7d"], "--at compares one endpoint at two times"),
        (["a.example", "--and", "7d"], "--and needs --at, the first time: add it"),
        (["a.example", "--at", "soon"], "--at: cannot parse time 'soon'"),
        (["a.example", "b.example:1-1024"], "'b.example:1-1024' has no valid port"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(arguments: list[str], sentence: str) -> None:
    run = tlsprobe("compare", *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"tlsprobe: {sentence}")


def test_unknown_is_not_the_same_as_no() -> None:
    first = modern()
    unsure = {**first.protocols, ProtocolVersion.TLSV1_0: Fact(verdict=Verdict.UNKNOWN)}
    second = replace(first, protocols=unsure)
    (fact,) = [one for one in side_by_side(first, second) if not one.is_same]
    assert (fact.fact, fact.first, fact.second) == ("protocols.TLSv1.0", "no", "unknown")


@settings(max_examples=20)
@given(observations())
def test_an_observation_differs_from_itself_in_nothing(observation: Observation) -> None:
    assert all(one.is_same for one in side_by_side(observation, observation))


@settings(max_examples=20)
@given(observations(), observations())
def test_both_sides_have_every_fact_once(first: Observation, second: Observation) -> None:
    there, back = side_by_side(first, second), side_by_side(second, first)
    assert len({one.fact for one in there}) == len(there)
    assert {(one.fact, one.first, one.second) for one in there} == {
        (one.fact, one.second, one.first) for one in back
    }


def drawn(first: Observation, second: Observation, form: ReportForm, *, shows_all: bool) -> str:
    facts = side_by_side(first, second)
    both = Comparison(first=first.endpoint.key, second=second.endpoint.key, facts=facts)
    return render_comparison(both, form, shows_all=shows_all)


@settings(max_examples=20)
@given(observations(), observations(), WIDTHS, st.booleans())
def test_a_comparison_fits_any_width_and_nothing_controls_the_terminal(
    first: Observation, second: Observation, width: int, shows_all: bool
) -> None:
    lines = drawn(first, second, ReportForm(width=width), shows_all=shows_all).splitlines()
    assert max(map(cell_len, lines)) <= width
    categories = {unicodedata.category(char) for line in lines for char in line}
    assert not categories & UNSAFE_CATEGORIES


@pytest.mark.parametrize("width", [60, 100, 200])
def test_colour_adds_nothing_that_the_text_does_not_say(width: int) -> None:
    plain = drawn(modern(), legacy(), ReportForm(width=width), shows_all=True)
    coloured = ReportForm(width=width, has_colour=True)
    shown = COLOUR.sub("", drawn(modern(), legacy(), coloured, shows_all=True))
    assert [line.rstrip() for line in shown.splitlines()] == plain.splitlines()
    assert any(line.startswith("*") for line in plain.splitlines())
    assert any(line.startswith(" ") and "TLSv1.2" in line for line in plain.splitlines())
