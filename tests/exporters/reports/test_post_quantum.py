"""Post-quantum key exchange in reports: the order, the deadlines, the history, and the same data in every format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

from exporters.reports import Report, report_format
from exporters.reports.builder import report_of
from exporters.reports.report_json import report_from_json, report_to_json
from exporters.reports.verification import verify_report
from model.judging.quantum import QuantumHistory
from model.observation import Observation
from model.snapshot import Snapshot
from model.verdict import Fact, Verdict
from tests.exporters.reports.samples import labelled, request, silent, status
from tests.service.samples import NOW, modern

PROVED_AT = NOW - timedelta(days=90)
LOST_AT = NOW - timedelta(days=12)


def endpoint(host: str, verdict: Verdict, **labels: str) -> Observation:
    fact = Fact(verdict=verdict)
    return labelled(replace(modern(host), features={"post_quantum_handshake": fact}), **labels)


VAULT = endpoint("vault.example", Verdict.NO, secrecy_years="25")
SHOP = endpoint("shop.example", Verdict.NO, secrecy_years="7", migration_years="1")
DONE = endpoint("done.example", Verdict.YES, secrecy_years="30")
SEEN = (DONE, SHOP, silent("lost.example"), VAULT)


def made() -> Report:
    lost = QuantumHistory(first_proved_at=PROVED_AT, lost_at=LOST_AT)
    asked = replace(request(), quantum_history={VAULT.endpoint.key: lost})
    return report_of(Snapshot(taken_at=NOW, endpoints=tuple(map(status, SEEN))), asked)


def test_the_list_is_in_the_order_of_migration() -> None:
    rows = list(csv.DictReader(io.StringIO(report_format("post-quantum").write(made()))))
    shown = [(row["place"], row["target"], row["post_quantum_key_exchange"]) for row in rows]
    assert shown == [
        ("1", "vault.example:443", "none"),
        ("2", "shop.example:443", "none"),
        ("3", "done.example:443", "proved"),
        ("", "lost.example:443", "unknown"),
    ]
    vault, shop, done, lost = rows
    # NOW is in 2026: 8 years end after 2030 and 2033, but not after 2035.
    assert [shop[name] for name in shop if name.startswith("misses_")] == ["yes", "yes", "no"]
    assert {vault[name] for name in vault if name.startswith("misses_")} == {"yes"}
    assert {done[name] for name in done if name.startswith("misses_")} == {"no"}
    assert {lost[name] for name in lost if name.startswith("misses_")} == {"unknown"}
    assert vault["migration_years"] == "unknown"
    assert (vault["first_proved_at"][:10], vault["lost_at"][:10]) == ("2026-04-02", "2026-06-19")
    assert (shop["first_proved_at"], shop["lost_at"]) == ("", "")


def test_it_is_in_the_data_and_comes_back_from_them() -> None:
    fields = report_to_json(made())
    assert report_from_json(fields) == made()
    by_target = {one["target"]: one for one in fields["endpoints"]}
    assert "post_quantum" not in by_target["lost.example:443"]
    found = by_target["vault.example:443"]["post_quantum"]
    assert found["key_exchange"] == "no"
    assert found["first_proved_at"] == PROVED_AT.isoformat().replace("+00:00", "Z")
    assert verify_report(report_format("json").write(made())).is_intact
    assert verify_report(report_format("html").write(made())).is_intact


def test_reports_of_earlier_versions_have_none() -> None:
    fields = report_to_json(made())
    for one in fields["endpoints"]:
        one.pop("post_quantum", None)
    assert all(one.quantum is None for one in report_from_json(fields).endpoints)
    assert report_to_json(report_from_json(fields)) == fields


def test_readers_see_the_deadlines_that_are_missed() -> None:
    for name in ("html", "markdown"):
        text = report_format(name).write(made())
        assert "US order of 2026-06-22, CNSA 2.0" in text
        assert "US order of 2026-06-22, CNSA 2.0, NIST IR 8547" in text


def test_a_bill_of_materials_says_since_when() -> None:
    document = json.loads(report_format("cbom").write(made()))
    stated = {
        one["name"]: {each["name"]: each["value"] for each in one["properties"]}
        for one in document["services"]
    }
    vault = stated["vault.example:443"]
    assert vault["tlsprobe:post_quantum"] == "no"
    assert vault["tlsprobe:post_quantum:first_proved_at"].startswith("2026-04-02")
    assert vault["tlsprobe:post_quantum:lost_at"].startswith("2026-06-19")
    assert "tlsprobe:post_quantum:lost_at" not in stated["done.example:443"]
    assert "tlsprobe:post_quantum" not in stated["lost.example:443"]
