"""The page about post-quantum key exchange: the order of exposure, the counts, and the days with their sources."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest

from model.certificates.certificate import KeyType
from model.judging.quantum import QUANTUM_DAYS, post_quantum_key_exchange
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from storage import SqlStore
from tests.exporters.reports.samples import labelled, silent
from tests.policy.test_ssh_rules import ssh_server
from tests.service.pages.samples import app_of, client_of, status
from tests.service.samples import certificate, deployment, modern
from tests.storage.samples import NOON, schedule

POLICY_PAGE = Path(__file__).parents[3] / "docs" / "reference" / "policy.md"


def endpoint(host: str, verdict: Verdict, years: str | None = None) -> Observation:
    fact = Fact(verdict=verdict)
    seen = replace(modern(host), features={"post_quantum_handshake": fact})
    return labelled(seen, **({} if years is None else {"secrecy_years": years}))


async def test_the_most_exposed_endpoint_comes_first() -> None:
    every = [
        endpoint("done.example", Verdict.YES, "30"),
        endpoint("unlabelled.example", Verdict.NO),
        endpoint("open.example", Verdict.UNKNOWN, "40"),
        endpoint("short.example", Verdict.NO, "2"),
        endpoint("long.example", Verdict.NO, "25"),
        endpoint("wrong.example", Verdict.NO, "many"),
        silent("lost.example"),
    ]
    async with client_of(*map(status, every)) as client:
        page = unescape((await client.get("/post-quantum")).text)
    assert re.findall(r">([a-z]+)\.example:443</a>", page) == [
        *("long", "short", "unlabelled", "wrong", "open", "done")
    ]
    lines = dict(re.findall(r">([a-z]+)\.example:443</a>(.*?)</tr>", page, re.DOTALL))
    assert "25 years" in lines["long"]
    assert "2051" in lines["long"]  # the samples are of 2026
    assert "many" not in lines["wrong"]
    assert re.search(r"\d years", lines["wrong"]) is None


async def test_the_counts_are_of_endpoints_and_leaf_certificates() -> None:
    leaf = replace(
        certificate(),
        sha256="cd" * 32,
        key_type=KeyType.MLDSA,
        signature_algorithm="ML-DSA-65",
    )
    one = replace(endpoint("a.example", Verdict.YES), certificates=(deployment(leaf=leaf),))
    others = [endpoint(f"{name}.example", Verdict.NO) for name in "bc"]
    async with client_of(*map(status, (one, *others))) as client:
        page = (await client.get("/post-quantum")).text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert "Key exchange of 3 endpoints: proved 1 unknown 0 none 2" in text
    assert "ML-DSA keys in 1 of 2 leaf certificates, ML-DSA signatures in 1" in text


async def test_an_ssh_server_counts_by_its_own_fact() -> None:
    seen = ssh_server({"post_quantum_key_exchange": Fact(verdict=Verdict.YES)})
    async with client_of(status(seen)) as client:
        page = (await client.get("/post-quantum")).text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert "Key exchange of 1 endpoint: proved 1 unknown 0 none 0" in text
    (proof,) = re.findall(r'href="(/evidence[^"]+)"', page)
    async with client_of(status(seen)) as client:
        assert (await client.get(unescape(proof))).status_code == 200


@pytest.mark.parametrize(
    ("labels", "missed"),
    [
        # The samples are of 2026; the days end 2030, 2033 and 2035.
        ({"secrecy_years": "4", "migration_years": "0"}, "none"),
        (
            {"secrecy_years": "7", "migration_years": "1"},
            "US order of 2026-06-22 CNSA 2.0",
        ),
        ({"secrecy_years": "5"}, "US order of 2026-06-22 others unknown"),
        ({}, "unknown"),
        ({"secrecy_years": "10"}, "US order of 2026-06-22 CNSA 2.0 NIST IR 8547"),
    ],
)
async def test_the_deadlines_that_are_missed_are_named(labels: dict[str, str], missed: str) -> None:
    seen = labelled(endpoint("a.example", Verdict.NO), **labels)
    async with client_of(status(seen)) as client:
        page = unescape((await client.get("/post-quantum")).text)
        shown = unescape((await client.get("/endpoint?target=a.example:443")).text)
    *_, cell, _, _ = re.findall(r"<td[^>]*>(.*?)</td>", page.split("<tbody>")[1], re.DOTALL)[:7]
    assert " ".join(re.sub(r"<[^>]+>", " ", cell).split()) == missed
    assert ("deadlines missed" in shown) is (missed != "none")


async def test_the_first_proof_and_the_loss_are_on_both_pages(tmp_path: Path) -> None:
    hour = timedelta(hours=1)
    visits = [
        replace(endpoint("a.example", verdict), started_at=NOON + number * hour)
        for number, verdict in enumerate((Verdict.YES, Verdict.NO))
    ]
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'kept.db'}") as store:
        for one in visits:
            await store.record(one, schedule(one))
        transport = httpx.ASGITransport(app_of(store, [status(visits[-1])]))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for path in ("/post-quantum", "/endpoint?target=a.example:443"):
                page = (await client.get(path)).text
                for moment in (NOON, NOON + hour):
                    assert f'datetime="{moment.isoformat()}"' in page


@pytest.mark.parametrize(
    ("finished", "tls13", "verdict"),
    [
        (Verdict.YES, Verdict.YES, Verdict.YES),
        (Verdict.NO, Verdict.YES, Verdict.NO),
        (Verdict.UNKNOWN, Verdict.YES, Verdict.UNKNOWN),
        (None, Verdict.YES, Verdict.UNKNOWN),
        (None, Verdict.NO, Verdict.NO),
        (None, None, Verdict.UNKNOWN),
    ],
)
def test_key_exchange_is_proved_by_a_handshake_or_refuted_without_tls_13(
    finished: Verdict | None, tls13: Verdict | None, verdict: Verdict
) -> None:
    seen = replace(
        modern(),
        features={} if finished is None else {"post_quantum_handshake": Fact(verdict=finished)},
        protocols={} if tls13 is None else {ProtocolVersion.TLSV1_3: Fact(verdict=tls13)},
    )
    assert post_quantum_key_exchange(seen) is verdict


async def test_every_day_has_its_source_on_the_page_and_in_the_documentation() -> None:
    documented = POLICY_PAGE.read_text()
    async with client_of() as client:
        page = unescape((await client.get("/post-quantum")).text)
    for one in QUANTUM_DAYS:
        for text in (one.day, one.says, one.source):
            assert text in page
        assert f"| {one.day} | {one.says} | {one.source}" in documented.replace(
            "[NIST IR 8547](https://csrc.nist.gov/pubs/ir/8547/ipd)", "NIST IR 8547"
        )
