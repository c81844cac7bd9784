"""``tlsprobe explain`` on a real server: each kind of fact, and unknown names."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.registry import CIPHER_SUITES
from probe.checks.catalogue import STAGES
from service.demo import DemoFleet
from service.scan.explaining.find import find_fact
from tests.service.processes import tlsprobe

pytestmark = pytest.mark.slow

FACTS = [fact for stage in STAGES for check in stage.checks for fact in check.facts]


def modern(fleet: DemoFleet) -> str:
    (found,) = [
        f"{target.host}:{target.port}"
        for target in fleet.targets
        if target.server_name == "modern.demo.test"
    ]
    return found


@pytest.mark.parametrize(
    ("fact", "headline", "proof"),
    [
        ("tls1.3", "TLSv1.3: yes", "a HelloRetryRequest, by its random"),
        ("TLSv1.0", "TLSv1.0: no", "alert fatal protocol_version"),
        ("RC4-SHA", "TLS_RSA_WITH_RC4_128_SHA at TLSv1.3: no", "alert fatal handshake_failure"),
        ("x25519", "x25519 at TLSv1.3: yes", "extension key_share"),
        ("client_auth", "client_auth at TLSv1.3: none", "record handshake"),
        ("grease_tolerance", "grease_tolerance: yes", "server_hello"),
    ],
)
async def test_each_kind_of_fact_is_shown_with_its_bytes(
    fleet: DemoFleet, fact: str, headline: str, proof: str
) -> None:
    run = await asyncio.to_thread(tlsprobe, "explain", modern(fleet), fact)
    assert run.returncode == 0, run.stderr
    assert headline in run.stdout
    assert proof in run.stdout
    assert "client_hello" in run.stdout


async def test_json_has_the_same_content_for_programs(fleet: DemoFleet) -> None:
    run = await asyncio.to_thread(tlsprobe, "explain", modern(fleet), "tls1.3", "--json")
    explained = json.loads(run.stdout)
    (explanation,) = explained["explanations"]
    assert explanation["verdict"] == "yes"
    assert bytes.fromhex(explanation["sent"]["hex"]).startswith(b"\x16\x03\x01")
    assert explanation["received"]["decoded"][0].startswith("server_hello")


async def test_a_recording_is_explained_without_a_network(fleet: DemoFleet, tmp_path: Path) -> None:
    file = str(tmp_path / "visit.jsonl")
    place = modern(fleet)
    scan = ("scan", place, "--record", file, "--checks", "versions,suites", "--label", "http=yes")
    assert (await asyncio.to_thread(tlsprobe, *scan)).returncode == 0
    run = await asyncio.to_thread(tlsprobe, "explain", "--replay", file, "protocols.TLSv1.0")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(f"{place}@127.0.0.1: TLSv1.0: no\n")
    assert "alert fatal protocol_version" in run.stdout
    lacking = await asyncio.to_thread(tlsprobe, "explain", "--replay", file, "certificates.trust")
    assert "the recording lacks the checks" in lacking.stdout
    both = await asyncio.to_thread(tlsprobe, "explain", "--replay", file, place, "tls1.0")
    assert both.stderr == f"tlsprobe: --replay has its endpoints in the file: remove '{place}'\n"


async def test_a_long_proof_is_short_unless_the_reader_wants_everything(fleet: DemoFleet) -> None:
    arguments = ("explain", modern(fleet), "TLS_RSA_WITH_RC4_128_SHA")
    short = await asyncio.to_thread(tlsprobe, *arguments)
    whole = await asyncio.to_thread(tlsprobe, *arguments, "--verbose")
    assert "more lines and the bytes: --verbose" in short.stdout
    assert len(short.stdout.splitlines()) < 60
    assert len(whole.stdout.splitlines()) > 300
    assert "--verbose" not in whole.stdout


async def test_an_answer_in_http_is_shown_as_text(fleet: DemoFleet) -> None:
    run = await asyncio.to_thread(
        tlsprobe, "explain", modern(fleet), "status", "--label", "http=yes"
    )
    assert "\n    HTTP/1.1 200 " in run.stdout
    assert "malformed" not in run.stdout


async def test_a_fact_that_needs_the_http_port_says_so(fleet: DemoFleet) -> None:
    run = await asyncio.to_thread(tlsprobe, "explain", modern(fleet), "redirects_to_https")
    assert run.stdout.endswith("no http_port (add --label http_port=80, with its port)\n")


async def test_a_missing_fact_is_one_sentence() -> None:
    run = await asyncio.to_thread(tlsprobe, "explain", "127.0.0.1:1")
    assert (run.returncode, run.stderr) == (
        2,
        "tlsprobe: explain needs an endpoint and a fact: add the fact after '127.0.0.1:1'\n",
    )


async def test_an_unknown_fact_name_is_reported_with_the_closest_match() -> None:
    run = await asyncio.to_thread(tlsprobe, "explain", "127.0.0.1:1", "heartbleet")
    assert run.returncode == 2
    assert run.stderr == (
        "tlsprobe: unknown fact 'heartbleet': did you mean heartbleed, heartbeat?\n"
    )


async def test_an_endpoint_that_does_not_answer_has_a_reason(closed_port: int) -> None:
    place = f"127.0.0.1:{closed_port}"
    run = await asyncio.to_thread(tlsprobe, "explain", place, "heartbleed")
    assert run.returncode == 1
    assert "refused the connection" in run.stdout


@pytest.mark.parametrize("name", FACTS)
def test_each_fact_of_the_catalogue_has_a_name(name: str) -> None:
    assert find_fact(name.upper()).parts


@given(suite=st.sampled_from(CIPHER_SUITES))
def test_each_suite_is_found_by_all_its_names(suite: object) -> None:
    assert isinstance(suite, type(CIPHER_SUITES[0]))
    for name in {suite.name, suite.openssl_name, f"0x{suite.code_point:04x}"} - {""}:
        assert find_fact(name).parts
