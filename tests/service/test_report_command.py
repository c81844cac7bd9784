"""``tlsprobe report``: the inventory as evidence, judged by any policy, and a gate for pipelines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exporters.reports import REPORTS
from model.encoding.observation_json import to_json
from model.endpoint_state.schedule import Schedule
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from policy import assess, profile, read_policies
from service.cli.reports.report import Format
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from tests.exporters.reports.samples import labelled, silent
from tests.service.processes import tlsprobe
from tests.service.samples import legacy, modern
from tests.service.visits import judged

pytestmark = pytest.mark.slow

TLSV1_0 = ProtocolVersion.TLSV1_0
NOW = datetime.now(UTC).replace(microsecond=0)
VERSIONS_POLICY = """\
policies:
  house:
    title: The house's policy
    source: house rules
    rules:
      protocol_versions: {allowed: [TLSv1.2, TLSv1.3], severity: high}
waivers:
  terminals:
    rule: protocol_versions
    reason: replaced soon
    owner: payments@example.org
    expires: 2027-06-01
    labels: {team: payments}
"""


def kept(tmp_path: Path, observations: Iterable[Observation]) -> str:
    """The URL of a database with these visits, dated now."""

    async def fill(url: str) -> None:
        async with await SqlStore.open(url) as store:
            for one in observations:
                key = one.endpoint.key
                schedule = Schedule(
                    endpoint_key=key, due_at=NOW, interval_seconds=60.0, consecutive_failures=0
                )
                await store.record(replace(one, started_at=NOW), schedule)

    url = f"sqlite:///{tmp_path / 'kept.db'}"
    asyncio.run(fill(url))
    return url


@pytest.fixture
def database(tmp_path: Path) -> str:
    proved = replace(legacy(), protocols=modern().protocols)
    accepted = replace(proved.protocols[TLSV1_0], verdict=Verdict.YES)
    old = labelled(
        replace(proved, protocols={**proved.protocols, TLSV1_0: accepted}),
        team="payments",
        server="nginx",
    )
    return kept(tmp_path, [old, modern(), silent("lost.example")])


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(VERSIONS_POLICY)
    return file


def test_the_command_knows_the_formats_of_the_catalogue() -> None:
    assert [one.value for one in Format] == [one.name for one in REPORTS]


def test_a_report_judges_the_stored_facts_by_the_named_policy(database: str, policy: Path) -> None:
    done = tlsprobe("report", "--database", database, "--policy", str(policy), "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["report"]
    by_key = {one["endpoint"].partition(":")[0]: one for one in report["endpoints"]}
    assert {key: one["compliance"] for key, one in by_key.items()} == {
        "lost.example": {"house": "unknown"},
        "old.example": {"house": "no"},
        "www.example": {"house": "yes"},
    }
    assert {key: one.get("outcomes") for key, one in by_key.items()} == {
        "lost.example": {"house": {"unknown": ["reachable"]}},
        "old.example": {"house": {"fail": ["protocol_versions"], "pass": ["reachable"]}},
        "www.example": {"house": {"pass": ["protocol_versions", "reachable"]}},
    }
    (https,) = (one for one in report["guidelines"] if one["service"] == "HTTPS")
    assert (https["policies"], https["endpoints"]) == (["house"], 3)
    (found,) = by_key["old.example"]["findings"]
    assert found["status"] == "waived"
    assert found["evidence"] is not None
    assert found["remedy"]["lines"] == ["ssl_protocols TLSv1.2 TLSv1.3;"]
    assert report["policies"][0]["rules"][0]["required"] == "only TLS 1.2, TLS 1.3"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ((), 3),
        (("--label", "team=payments"), 0),
    ],
)
def test_the_gate_fails_on_open_findings(
    database: str, policy: Path, more: tuple[str, ...], code: int
) -> None:
    done = tlsprobe(
        "report", "--database", database, "--policy", str(policy), "--format", "csv",
        "--fail-on", "high", *more,
    )  # fmt: skip
    assert done.returncode == code, done.stderr


def test_a_bill_of_materials_of_a_database_has_the_proofs_of_its_visits(
    database: str, tmp_path: Path
) -> None:
    bill, scan = tmp_path / "cbom.json", tmp_path / "scan.jsonl"
    done = tlsprobe("report", "--database", database, "--format", "cbom", "--output", str(bill))
    assert (done.returncode, done.stdout) == (0, "")
    visits = (replace(one, started_at=NOW) for one in (modern(), silent("lost.example")))
    scan.write_text("".join(f"{json.dumps(to_json(one))}\n" for one in visits))
    verified = tlsprobe("report", "verify", str(bill))
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "intact: the CBOM's SHA-256, references and facts agree" in verified.stdout
    missing = tlsprobe("report", "verify", str(bill), "--data", str(scan))
    assert missing.returncode == 1
    assert "NOT INTACT: endpoint:old.example:443" in missing.stdout
    only_new = (*("--label", "team=web"), *("--output", str(bill)))
    tlsprobe("report", "--database", database, "--format", "cbom", *only_new)
    assert tlsprobe("report", "verify", str(bill), "--data", str(scan)).returncode == 0


def test_a_report_is_written_and_verified_and_a_change_is_seen(
    database: str, policy: Path, tmp_path: Path
) -> None:
    page, data = tmp_path / "page.html", tmp_path / "data.json"
    done = tlsprobe(
        "report", "--database", database, "--policy", str(policy), "--format", "executive",
        "--output", str(page), "--data", str(data),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")
    verified = tlsprobe("report", "verify", str(page), "--data", str(data))
    assert verified.returncode == 0
    assert "intact: the executive report" in verified.stdout
    page.write_text(page.read_text().replace("compliant", "excellent"))
    changed = tlsprobe("report", "verify", str(page), "--data", str(data))
    assert changed.returncode == 1
    assert "NOT INTACT" in changed.stdout
    other = tmp_path / "other.json"
    again = ("report", "--database", database, "--format", "json", "--output", str(other))
    assert tlsprobe(*again).returncode == 0
    foreign = tlsprobe("report", "verify", str(page), "--data", str(other))
    assert foreign.returncode == 1
    assert "NOT INTACT: the report states another SHA-256" in foreign.stdout


def test_stored_findings_are_reported_without_a_policy(tmp_path: Path) -> None:
    policies = (profile("rfc9325"),)

    async def fill() -> None:
        async with await SqlStore.open(url) as store:
            first = replace(legacy(), started_at=NOW - timedelta(days=3))
            for one in (first, replace(first, started_at=NOW)):
                schedule = Schedule(
                    endpoint_key=one.endpoint.key,
                    due_at=NOW,
                    interval_seconds=60.0,
                    consecutive_failures=0,
                )
                await store.record(one, schedule, assess(one, policies, one.started_at))

    url = f"sqlite:///{tmp_path / 'kept.db'}"
    asyncio.run(fill())
    done = tlsprobe("report", "--database", url, "--format", "json")
    (endpoint,) = json.loads(done.stdout)["report"]["endpoints"]
    assert endpoint["compliance"] == {"rfc9325": "no"}
    three_days_ago = (NOW - timedelta(days=3)).isoformat().replace("+00:00", "Z")
    assert {one["first_seen_at"] for one in endpoint["findings"]} == {three_days_ago}
    assert any(one["evidence"] for one in endpoint["findings"])


def test_a_past_day_is_reported_as_it_was_known(database: str, policy: Path) -> None:
    done = tlsprobe(
        "report", "--database", database, "--policy", str(policy), "--format", "json",
        "--at", "7d",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["endpoints"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--policy", "mozila-modern"), "did you mean mozilla-modern?"),
        (("--fail-on", "high"), "--fail-on: no policy matches any endpoint"),
        (("--at", "yesterday"), "--at: cannot parse time 'yesterday'"),
        (("--label", "team"), "--label: 'team' must be NAME=VALUE"),
        (("--allow-unknown",), "--allow-unknown needs --fail-on"),
        (("--output", "/nowhere/report.html"), "cannot write /nowhere/report.html: no such file"),
        (("--config", "/nowhere.yml"), "/nowhere.yml"),
        (("verify", "/nowhere.html"), "cannot read /nowhere.html: no such file"),
        (("verify", "/dev/null"), "it contains no report data"),
    ],
)
def test_bad_input_is_reported_in_one_sentence(
    database: str, arguments: tuple[str, ...], words: str
) -> None:
    where = () if arguments[0] == "verify" else ("--database", database, "--format", "csv")
    done = tlsprobe("report", *where, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("visits", [1, 2])
@pytest.mark.parametrize("options", [(), ("--at", "1m")], ids=" ".join)
def test_no_finding_is_seen_last_before_it_is_seen_first(
    tmp_path: Path, policy: Path, options: tuple[str, ...], visits: int
) -> None:
    """Visits with the same facts are stored with their findings, and the report judges them again."""
    url = f"sqlite:///{tmp_path / 'judged.db'}"
    evaluator = PolicyEvaluator(read_policies([str(policy)], NOW))

    async def fill() -> None:
        async with await SqlStore.open(url) as store:
            for ago in (timedelta(hours=1), timedelta(minutes=10))[-visits:]:
                cost = replace(legacy().cost, duration_seconds=7.5)
                seen = replace(legacy(), started_at=NOW - ago, cost=cost)
                await store.record_visit(judged(seen, evaluator=evaluator))

    asyncio.run(fill())
    report = ("report", "--database", url, "--policy", str(policy), "--format", "sarif", *options)
    results = json.loads(tlsprobe(*report).stdout)["runs"][0]["results"]
    spans = [
        (one["properties"]["first_seen_at"], one["properties"]["last_seen_at"]) for one in results
    ]
    assert spans
    assert [(first, last) for first, last in spans if first > last] == []
