"""The documents say what the inventory, the policies and the waivers are, and what is not proved."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from exporters.reports import Report, report_format, report_of, verify_report
from exporters.reports.controls import VERDICTS, controls
from exporters.reports.unproved import unproved
from exporters.wording import OUTCOMES
from model.findings.finding import Outcome
from model.snapshot import Snapshot
from service.judging.held_claims import with_claims_held
from tests.exporters.reports.oscal_schema import OSCAL, oscal_problems
from tests.exporters.reports.samples import (
    EXPIRED_WAIVER,
    GUIDELINES,
    NOW,
    POLICY,
    PROOF,
    REMEDY,
    TRUST_RULE,
    VERSIONS_RULE,
    WAIVER,
    labelled,
    report,
    request,
    status,
)
from tests.service.samples import modern
from tests.support.claims import claiming

POLICY_FORMATS = ("policy", "policy-markdown", "policy-oscal")
GUIDELINE_FORMATS = ("guidelines", "guidelines-markdown", "guidelines-oscal")
COMPLIANCE_FORMATS = ("html", "markdown", "oscal")
OLD, WWW = "old.example:443@192.0.2.1", "www.example:443@192.0.2.1"
WIKI, LOST = "wiki.example:443@192.0.2.1", "lost.example:443@192.0.2.1"
PASSED, FAILED = OUTCOMES[Outcome.PASS], OUTCOMES[Outcome.FAIL]
UNKNOWN, NOT_ASKED = OUTCOMES[Outcome.UNKNOWN], OUTCOMES[Outcome.NOT_ASKED]


def written(name: str, made: Report | None = None) -> str:
    """The document without escapes, which differ between the formats."""
    text = report_format(name).write(report() if made is None else made)
    text = json.dumps(json.loads(text), ensure_ascii=False) if name in OSCAL else text
    return unescaped(text)


def unescaped(text: str) -> str:
    return text.replace("\\", "").replace("&#39;", "'").replace("`@`", "@")


def claimed() -> Report:
    """The report of one endpoint with claims of every verdict."""
    seen = with_claims_held(status(claiming()))
    return report_of(Snapshot(taken_at=NOW, endpoints=(seen,)), request())


@pytest.mark.parametrize("name", OSCAL)
def test_oscal_is_valid_by_the_schema_of_nist(name: str) -> None:
    for made in (report(), claimed()):
        assert oscal_problems(report_format(name).write(made)) == []


def test_the_schema_refuses_what_is_not_oscal() -> None:
    catalog = json.loads(report_format("policy-oscal").write(report()))
    catalog["catalog"]["groups"][0]["id"] = "two words"
    del catalog["catalog"]["metadata"]["title"]
    assert len(oscal_problems(json.dumps(catalog))) == 2


@pytest.mark.parametrize("name", POLICY_FORMATS)
def test_the_policy_document_has_sources_scope_exceptions_and_owners(name: str) -> None:
    text = written(name)
    for rule in (VERSIONS_RULE, TRUST_RULE):
        for said in (rule.requirement, rule.required, rule.source, rule.why):
            assert said in text
    assert POLICY.scope in text
    assert "payments: 1 endpoint; web: 3 endpoints" in text
    for said in (WAIVER.owner, WAIVER.reason, WAIVER.last_day.isoformat()):
        assert said in text


def test_an_expired_waiver_is_no_exception_of_a_control() -> None:
    (group,) = json.loads(report_format("policy-oscal").write(report()))["catalog"]["groups"]
    found = {
        control["props"][1]["value"]: [
            prop["value"]
            for part in control["parts"]
            if part["name"] == "exception"
            for prop in part["props"]
            if prop["name"] == "waiver"
        ]
        for control in group["controls"]
    }
    assert EXPIRED_WAIVER.rule == "trusted"
    assert found == {"protocol_versions": [WAIVER.name], "trusted": []}


def test_an_owner_that_no_label_names_is_unknown() -> None:
    made = report_of(Snapshot(taken_at=NOW, endpoints=(status(labelled(modern())),)), request())
    assert "Owners: unknown, without the label team: 1 endpoint." in written("policy", made)


@pytest.mark.parametrize("name", GUIDELINE_FORMATS)
def test_the_guidelines_have_rules_lines_and_what_is_not_proved(name: str) -> None:
    text = written(name)
    for guideline in GUIDELINES:
        assert guideline.service in text
        assert guideline.unproved in text
    for said in (*REMEDY.lines, REMEDY.place, VERSIONS_RULE.requirement, VERSIONS_RULE.source):
        assert said in text
    assert "none that tlsprobe knows" in text
    assert "No policy asks for anything here" in text


def test_a_control_has_the_verdict_of_each_endpoint() -> None:
    found = {
        control.rule.rule: {word: set(keys) for word, keys in control.endpoints.items()}
        for control in controls(report())
    }
    assert found == {
        "protocol_versions": {UNKNOWN: {WIKI, LOST}, "waived": {OLD}, PASSED: {WWW}},
        "trusted": {FAILED: {WIKI}, UNKNOWN: {LOST}, NOT_ASKED: {WWW}, PASSED: {OLD}},
    }
    assert len(set(VERDICTS)) == len(OUTCOMES) + 1


@pytest.mark.parametrize("name", ["html", "markdown"])
def test_the_compliance_report_shows_controls_history_and_evidence(name: str) -> None:
    text = written(name)
    controls_of = text.partition('id="controls"' if name == "html" else "## Controls")[2]
    assert re.search(r"1: `?www\.example:443@192\.0\.2\.1", controls_of)
    history = text.partition('id="history"' if name == "html" else "## History")[2]
    assert "2026-06-24 12:00 UTC" in history.partition("Findings")[0]
    for raw in (PROOF.offer, PROOF.answer):
        assert raw is not None
        assert hashlib.sha256(raw).hexdigest() in text


@pytest.mark.parametrize("name", COMPLIANCE_FORMATS)
def test_the_digest_of_the_facts_of_each_endpoint_is_in_the_report(name: str) -> None:
    digests = {endpoint.facts_digest for endpoint in report().endpoints}
    assert len(digests) == 4
    text = written(name)
    assert all(digest in text for endpoint in report().reached if (digest := endpoint.facts_digest))


def test_all_that_is_not_proved_has_a_reason() -> None:
    found = {(one.place, one.why) for one in unproved(report())}
    assert found == {
        (LOST, "no answer within 10 s"),
        (WIKI, "not known whether TLS 1.0 is offered"),
        (WWW, "its question needs a higher level of intrusiveness than the visit had"),
    }
    assert ("no probe sees it", True) in {
        (one.why, "MACsec" in one.what) for one in unproved(claimed())
    }


def _of(document: str, *names: str) -> list[dict[str, Any]]:
    (result,) = json.loads(document)["assessment-results"]["results"]
    return [one for name in names for one in result[name]]


def test_an_unknown_control_is_never_satisfied() -> None:
    findings = _of(report_format("oscal").write(report()), "findings")
    satisfied = {
        unescaped(one["title"])
        for one in findings
        if one["target"]["status"]["state"] == "satisfied"
    }
    assert satisfied == {f"protocol_versions at {WWW}", f"trusted at {OLD}"}
    assert len(findings) == 4 + len(satisfied)


def test_findings_are_about_the_objectives_of_the_catalog() -> None:
    catalog = json.loads(report_format("policy-oscal").write(report()))["catalog"]
    objectives = {
        part["id"]
        for group in catalog["groups"]
        for control in group["controls"]
        for part in control["parts"]
        if part["name"] == "assessment-objective"
    }
    findings = _of(report_format("oscal").write(report()), "findings")
    assert {one["target"]["target-id"] for one in findings} == objectives
    definition = json.loads(report_format("guidelines-oscal").write(report()))
    implemented = {
        f"{one['control-id']}.obj"
        for component in definition["component-definition"]["components"]
        for implementation in component.get("control-implementations", ())
        for one in implementation["implemented-requirements"]
    }
    assert implemented == objectives


def test_references_inside_the_assessment_results_exist() -> None:
    text = report_format("oscal").write(claimed())
    observations = {one["uuid"] for one in _of(text, "observations")}
    referred = set(re.findall(r'"observation-uuid": "([^"]+)"', text))
    assert referred
    assert referred <= observations
    uuids = re.findall(r'"uuid": "([^"]+)"', text)
    assert len(uuids) == len(set(uuids))


def test_a_contradicted_claim_and_past_weeks_are_observations() -> None:
    observations = _of(report_format("oscal").write(claimed()), "observations")
    kinds = [one["types"] for one in observations if one["title"].startswith("Claim contradicted")]
    assert kinds == [["finding"], ["finding"]]
    past = [one["collected"] for one in observations if one["types"] == ["historic"]]
    assert past == [
        "2026-06-17T12:00:00Z",
        "2026-06-24T12:00:00Z",
        "2026-07-01T12:00:00Z",
    ]


def test_a_changed_document_is_not_intact() -> None:
    data = report_format("json").write(report())
    for name in (*POLICY_FORMATS, *GUIDELINE_FORMATS):
        text = report_format(name).write(report())
        assert verify_report(text, data).format == name
        assert not verify_report(text.replace("TLS 1.2", "TLS 1.0"), data).is_intact
