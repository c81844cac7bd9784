"""A small inventory with findings of every kind, and the same inventory with arbitrary text everywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from exporters.reports import PolicyRule, PolicyText, Report, ReportRequest, report_of
from exporters.reports.cryptography import NO_PROOF, Cryptography
from exporters.reports.report import (
    PastStandings,
    ReportedClaim,
    ReportedEndpoint,
    ReportedFinding,
    ServedCertificate,
)
from model.claims import ClaimVerdict
from model.findings.finding import Finding, FindingStatus, Outcome, RuleResult, Severity, Waiver
from model.findings.guideline import GuidedRule, Guideline, ServerGuide
from model.findings.remediation import Remediation
from model.observation import Observation, State
from model.query import AuditEntry
from model.snapshot import EndpointStatus, Snapshot
from model.verdict import Evidence, Verdict
from tests.service.samples import certificate, deployment, legacy, modern

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
PROOF = Evidence(offer=b"\x16\x03\x01", answer=b"\x15\x03\x01\x00\x02", note="an alert")
VERSIONS_RULE = PolicyRule(
    rule="protocol_versions",
    rule_id="TP-TLS-001",
    severity=Severity.HIGH,
    requirement="Only the allowed protocol versions may be offered",
    violation="A protocol version that is not allowed is offered",
    required="only TLS 1.2, TLS 1.3",
    source="RFC 9325, 3.1.1",
    why="TLS 1.0 and TLS 1.1 are deprecated (RFC 8996).",
)
TRUST_RULE = PolicyRule(
    rule="trusted",
    rule_id="TP-TRUST-001",
    severity=Severity.CRITICAL,
    requirement="The certificate chain must be trusted",
    violation="The certificate chain is not trusted",
    required="a chain that Mozilla's store trusts",
    source="CA/Browser Forum, 7.1",
)
POLICY = PolicyText(
    name="intermediate",
    title="Mozilla intermediate",
    digest="5a" * 32,
    rules=(VERSIONS_RULE, TRUST_RULE),
)
OUTCOMES = {
    "old.example:443@192.0.2.1": {"protocol_versions": Outcome.FAIL, "trusted": Outcome.PASS},
    "www.example:443@192.0.2.1": {"protocol_versions": Outcome.PASS, "trusted": Outcome.NOT_ASKED},
    "wiki.example:443@192.0.2.1": {
        "protocol_versions": Outcome.UNKNOWN,
        "trusted": Outcome.FAIL,
    },
}
"""The outcomes of the policy's rules; ``lost.example`` was not reached, so that none was judged there."""
REMEDY = Remediation(
    server="nginx",
    place="in the server block",
    lines=("ssl_protocols TLSv1.2 TLSv1.3;",),
)
WAIVER = Waiver(
    name="old-payments",
    rule="protocol_versions",
    reason="the terminals are replaced in August",
    owner="payments@example.org",
    expires_at=NOW + 40 * DAY,
    labels={"team": "payments"},
)
EXPIRED_WAIVER = replace(
    WAIVER, name="old-web", labels={"team": "web"}, expires_at=NOW - DAY, rule="trusted"
)


GUIDELINES = (
    Guideline(
        service="HTTPS",
        policies=(POLICY.name,),
        endpoints=4,
        rules=(
            GuidedRule(
                policy=POLICY.name, rule="protocol_versions", settings=("protocol versions",)
            ),
            GuidedRule(policy=POLICY.name, rule="trusted", settings=()),
        ),
        servers=(ServerGuide(remedy=REMEDY, uncovered=("trusted",)),),
        unproved="A visit does not see the connections behind a proxy.",
    ),
    Guideline(
        service="VPN",
        policies=(POLICY.name,),
        endpoints=0,
        rules=(GuidedRule(policy=POLICY.name, rule="trusted", settings=()),),
        unproved="IPsec is not probed.",
    ),
    Guideline(service="Mutual TLS", policies=(), endpoints=0, rules=()),
)


def result(
    rule: PolicyRule = VERSIONS_RULE,
    outcome: Outcome = Outcome.FAIL,
    observed: str = "TLS 1.0 accepted",
) -> RuleResult:
    return RuleResult(
        policy=POLICY.name,
        rule=rule.rule,
        severity=rule.severity,
        rule_id=rule.rule_id,
        outcome=outcome,
        requirement=rule.requirement,
        violation=f"{rule.violation}: {observed}",
        observed=observed,
        required=rule.required,
        source=rule.source,
        evidence=PROOF,
    )


def finding(observation: Observation, judged: RuleResult, *, days_old: int = 20) -> Finding:
    key = observation.endpoint.key
    return Finding(
        endpoint_key=key,
        result=judged,
        status=FindingStatus.OPEN,
        first_seen_at=NOW - days_old * DAY,
        last_seen_at=NOW,
    )


def status(observation: Observation, *judged: RuleResult, is_judged: bool = True) -> EndpointStatus:
    outcomes = {one.outcome for one in judged}
    verdict = Verdict.NO if Outcome.FAIL in outcomes else Verdict.UNKNOWN
    return EndpointStatus(
        observation=observation,
        last_probe_at=NOW,
        last_success_at=NOW if observation.answered else None,
        consecutive_failures=0 if observation.answered else 3,
        interval_seconds=3600.0,
        findings=tuple(finding(observation, one) for one in judged),
        compliance={POLICY.name: verdict if judged else Verdict.YES} if is_judged else {},
    )


def labelled(observation: Observation, **labels: str) -> Observation:
    endpoint = observation.endpoint
    target = replace(endpoint.target, labels=labels)
    return replace(observation, endpoint=replace(endpoint, target=target))


def silent(host: str) -> Observation:
    return replace(
        modern(host),
        state=State.TIMEOUT,
        reason="no answer within 10 s",
        protocols={},
        cipher_suites={},
        groups={},
        certificates=(),
        client_auth={},
    )


def snapshot() -> Snapshot:
    """One endpoint meets its policy, one is waived, one is open and unknown, one was not reached."""
    statuses = (
        status(labelled(legacy(), team="payments"), result()),
        status(modern("www.example")),
        status(
            labelled(modern("wiki.example"), team="web"),
            result(TRUST_RULE, observed="the chain leads to no trusted authority"),
            result(outcome=Outcome.UNKNOWN, observed="not known whether TLS 1.0 is offered"),
        ),
        status(silent("lost.example"), result(outcome=Outcome.UNKNOWN, observed="not reached")),
    )
    ordered = sorted(statuses, key=lambda one: one.observation.endpoint.key)
    return Snapshot(taken_at=NOW, endpoints=tuple(ordered))


def request(**selection: str) -> ReportRequest:
    return ReportRequest(
        generated_at=NOW,
        tool_version="0.1.0",
        selection=selection,
        policies=(POLICY,),
        waivers=(WAIVER, EXPIRED_WAIVER),
        history=tuple(
            PastStandings(
                at=NOW - weeks * WEEK,
                teams={
                    "payments": {Verdict.NO: 1},
                    "web": {Verdict.YES: 3 - weeks, Verdict.NO: weeks},
                },
            )
            for weeks in (2, 1, 0)
        ),
        outcomes={key: {POLICY.name: outcomes} for key, outcomes in OUTCOMES.items()},
        guidelines=GUIDELINES,
    )


def report(**selection: str) -> Report:
    return report_of(snapshot(), request(**selection), lambda _, judged: _remedy(judged))


def _remedy(judged: RuleResult) -> Remediation | None:
    return REMEDY if judged.rule == VERSIONS_RULE.rule else None


HOSTILE = st.text(max_size=40) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</script><img src=x onerror=alert(1)>",
        "=cmd|' /C calc'!A0",
        "@SUM(1+1)*cmd",
        "\t=1+1",
        "\x1b]0;owned\x07\x1b[2J",
        "a`b``c```d",
        "| a | b |\n|---|---|",
        "[click](https://evil.example)",
        "![x](https://evil.example/x.png)",
        "https://evil.example www.evil.example @everyone {0} [x](1)",
        "]]><x/>&amp;&#0;",
        "\ud800\udfff\ufffe\x00\x0b",
        "\u202etxt.exe\u2066",
        "\\",
        "\\|",
        "* a\n# b\n> c",
        "{{ 7*7 }}{% raw %}",
        "x" * 3000,
    ]
)


@st.composite
def hostile_reports(draw: DrawFn) -> Report:
    """A report with one endpoint of each kind, and arbitrary text wherever a stranger may put it."""
    text: SearchStrategy[str] = HOSTILE
    judged = replace(
        result(outcome=draw(st.sampled_from([Outcome.FAIL, Outcome.UNKNOWN]))),
        policy=draw(text),
        rule=draw(text),
        rule_id=draw(st.none() | text),
        requirement=draw(text),
        violation=draw(text),
        observed=draw(text),
        required=draw(text),
        source=draw(text),
        evidence=draw(st.none() | st.builds(Evidence, note=text, offer=st.binary(max_size=9))),
    )
    waiver = replace(WAIVER, name=draw(text), owner=draw(text), reason=draw(text), rule=draw(text))
    life = replace(
        finding(modern(), result()),
        result=judged,
        endpoint_key=draw(text),
        status=draw(st.sampled_from([FindingStatus.OPEN, FindingStatus.WAIVED])),
        waiver=draw(st.none() | st.just(waiver)),
    )
    remedy = Remediation(
        server=draw(text), place=draw(text), lines=tuple(draw(st.lists(text, max_size=2)))
    )
    endpoint = ReportedEndpoint(
        key=draw(text),
        target=draw(text),
        address=draw(st.none() | text),
        labels={draw(text): draw(text)},
        tool_version=draw(text),
        mode="enumerate",
        state="tls",
        reason=draw(st.none() | text),
        is_reached=True,
        last_probe_at=NOW,
        last_success_at=NOW,
        protocols={"TLSv1.2": Verdict.YES},
        unknown=(draw(text),),
        certificates=(ServedCertificate(subject=draw(text), sha256="ab", not_after=NOW + DAY),),
        compliance={judged.policy: Verdict.NO},
        findings=(ReportedFinding(finding=life, remedy=draw(st.none() | st.just(remedy))),),
        claims=(
            ReportedClaim(
                name=draw(text),
                statement=draw(text),
                source=draw(text),
                resource=draw(text),
                is_reported=draw(st.booleans()),
                verdict=draw(st.sampled_from(ClaimVerdict)),
                observed=draw(text),
                since=NOW,
            ),
        ),
        outcomes={
            judged.policy: {
                rule.rule: draw(st.sampled_from(Outcome)) for rule in (VERSIONS_RULE, TRUST_RULE)
            }
        },
        facts_digest="ab" * 32,
        cryptography=Cryptography(
            visited_at=NOW,
            facts=((draw(text), f"yes: {draw(text)}"),),
            proofs=(NO_PROOF,),
            accepted=(),
            chains=(deployment(leaf=certificate(draw(text))),),
        ),
    )
    lost = replace(endpoint, key=draw(text), state="timeout", is_reached=False, findings=())
    rules = (replace(VERSIONS_RULE, why=draw(text)), replace(TRUST_RULE, rule=draw(text)))
    policy = replace(
        POLICY,
        name=judged.policy,
        title=draw(text),
        scope=draw(text),
        description=draw(text),
        rules=rules if rules[0].rule != rules[1].rule else rules[:1],
    )
    guideline = Guideline(
        service=draw(text),
        policies=(policy.name,),
        endpoints=draw(st.integers(min_value=0, max_value=2)),
        rules=tuple(
            GuidedRule(policy=policy.name, rule=rule.rule, settings=(draw(text),))
            for rule in policy.rules
        ),
        servers=(ServerGuide(remedy=remedy, uncovered=(draw(text),)),),
        unproved=draw(text),
        is_contradictory=draw(st.booleans()),
    )
    return Report(
        generated_at=NOW,
        taken_at=NOW,
        tool_version=draw(text),
        selection={draw(text): draw(text)},
        policies=(policy,),
        waivers=(waiver,),
        endpoints=(endpoint, lost),
        resource_claims=endpoint.claims,
        audit_log=(
            AuditEntry(
                at=NOW,
                actor=draw(text),
                method="proxy",
                role="operator",
                address="192.0.2.7",
                action="waiver_set",
                subject=draw(text),
                before=draw(st.none() | st.fixed_dictionaries({"reason": text})),
                after={"reason": draw(text)},
            ),
        ),
        history=(PastStandings(at=NOW - WEEK, teams={draw(text): {Verdict.NO: 1}}),),
        guidelines=(guideline,),
    )
