"""Every page shows any text of a server, a source or an owner, and never interprets it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from xml.parsers import expat

import httpx
import pytest
from starlette.applications import Starlette

from exporters.reports import PolicyRule, PolicyText
from exporters.service_state import FleetState, PartStates, SinkState
from model.certificates.certificate import Problem, Revocation, RevocationMethod, TrustVerdict
from model.claims import Claim
from model.comparisons.attribution import Attribution, RecordedCall
from model.endpoint_state import Visit
from model.endpoint_state.schedule import Schedule
from model.findings.finding import FindingStatus, Outcome, Severity
from model.findings.remediation import Remediation
from model.observation import ClientAuth, ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.query import ServiceEvent, ServiceEventKind
from model.snapshot import EndpointStatus, Snapshot
from model.target import Endpoint, Target, endpoint_id
from model.verdict import Evidence, Fact, Verdict
from policy.assess import held_claims
from service.http.guard.guard import Guard
from service.http.pages.routes import page_routes
from service.http.pages.sources import PageSources
from service.scan.explaining.stored import explained_lines
from service.scan.explaining.text import proof_lines
from storage import SqlStore
from tests.exporters.reports.samples import WAIVER, finding, result
from tests.service.pages.samples import ANYONE, STATUS, HandClock, actions_of
from tests.service.samples import NOW, certificate, deployment, modern
from tests.support.claims import versions

VERSIONS: Final = versions("TLSv1.3")

CORPUS: Final = (
    "<script>alert(1)</script>\"><img src=x onerror=alert(1)>' autofocus onfocus='alert(1)",
    "</title></style></pre></textarea><svg onload=alert(1)>{{ 7*7 }}{% raw %}]]><x/>",
    "javascript:alert(1) &lt;b&gt;&#60;b&#62;",
    "\x1b]0;owned\x07\x00\u202etxt.exe\u2066\u2028",
)


class Tags(HTMLParser):
    """The elements with their attributes' names, and the places that links lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {tag, *(f"{tag} {name}" for name, _ in attrs)}
        self.links |= {value or "" for name, value in attrs if name in {"href", "src", "action"}}


def observation(text: str) -> Observation:
    """An endpoint whose every text is ``text``."""
    leaf = replace(
        certificate(subject=text),
        issuer=text,
        serial_number=text,
        dns_names=(text, text),
        uris=(text,),
        email_addresses=(text,),
        signature_algorithm=text,
        crl_urls=(text,),
        ocsp_urls=(text,),
        issuer_urls=(text,),
        parse_error=text,
    )
    chain = replace(
        deployment(Problem.INCOMPLETE, leaf=leaf),
        trust={text: TrustVerdict(verdict=Verdict.NO, reason=text)},
        revocations=(
            Revocation(
                position=0, method=RevocationMethod.CRL, is_revoked=Verdict.UNKNOWN, reason=text
            ),
        ),
    )
    claims = (
        Claim(name=text, statement=text, source=text, resource=text, unprovable=text),
        Claim(name=text, statement=text, source=text, resource=text, rules=VERSIONS),
    )
    target = Target(
        host="a.test",
        port=443,
        server_name=text,
        labels={text: text},
        claims=claims,
        source=text,
    )
    fact = Fact(verdict=Verdict.YES, value=text, evidence=Evidence(answer=text.encode(), note=text))
    facts = {text: fact}
    return replace(
        modern(),
        endpoint=Endpoint(target=target, address="192.0.2.1"),
        certificates=(chain,),
        reason=text,
        client_auth={
            ProtocolVersion.TLSV1_2: ClientAuth(
                mode=ClientAuthMode.REQUIRED, ca_names=(text,), asked_on_path=text
            )
        },
        features=facts,
        vulnerabilities=facts,
        plaintext={**facts, "application_protocol": fact},
        http={**facts, "server": fact},
        fingerprints={text: text},
    )


def status(text: str) -> EndpointStatus:
    seen = observation(text)
    judged = replace(
        result(),
        policy=text,
        rule=text,
        rule_id=text,
        requirement=text,
        violation=text,
        observed=text,
        required=text,
        source=text,
    )
    waiver = replace(WAIVER, name=text, owner=text, reason=text)
    waived = replace(finding(seen, judged), status=FindingStatus.WAIVED, waiver=waiver)
    unknown = replace(finding(seen, replace(judged, outcome=Outcome.UNKNOWN)))
    return EndpointStatus(
        observation=seen,
        last_probe_at=NOW,
        last_success_at=None,
        consecutive_failures=0,
        interval_seconds=3600,
        findings=(finding(seen, judged), waived, unknown),
        compliance={text: Verdict.NO},
        claims=held_claims(seen, NOW),
    )


def sources(store: SqlStore, text: str) -> PageSources:
    rule = PolicyRule(
        rule=text,
        rule_id=text,
        severity=Severity.LOW,
        requirement=text,
        violation=text,
        required=text,
        source=text,
    )
    policy = PolicyText(
        name=text, title=text, digest=text, scope=text, description=text, rules=(rule,)
    )
    of_service: dict[str, Any] = {
        **STATUS,
        "version": text,
        "sources": {text: 1},
        "source_errors": {text: text},
        "source_warnings": {f"{text} too": text},
        "worst": [{"endpoint": text, "state": text, "reason": text, "consecutive_failures": 1}],
    }
    of_parts = PartStates(
        skipped={f"{text} too": (text,)},
        sinks=(SinkState(sink=text, failures=1, failed_at=NOW, error=text),),
        fleet=FleetState(leads=True, workers=1, waiting={text: 1}),
    )
    return PageSources(
        archive=store,
        remedy_of=lambda _, __: Remediation(server=text, place=text, lines=(text, text)),
        explain=explained_lines,
        proof_of=proof_lines,
        policies=lambda: (policy,),
        compare=lambda _, __: None,
        status=lambda: of_service,
        parts=lambda: of_parts,
        actions=actions_of(store),
    )


async def remember(store: SqlStore, text: str) -> None:
    """Store the endpoint twice with a change in between, and an event of the service."""
    now = observation(text)
    before = replace(now, features={text: Fact(verdict=Verdict.NO)})
    for seen in (replace(before, started_at=NOW.replace(day=1, hour=1)), now):
        schedule = Schedule(
            endpoint_key=seen.endpoint.key,
            due_at=NOW,
            interval_seconds=3600,
            consecutive_failures=0,
        )
        await store.record_visit(Visit(observation=seen, schedule=schedule))
    call = RecordedCall(name=text, at=NOW, event_id=text, principal=text, source_address=text)
    (visit,) = await store.unattributed(NOW.replace(hour=0), NOW.replace(day=2), limit=9)
    await store.put_attributions(dict.fromkeys(visit.facts, Attribution(call=call)))
    await store.note(ServiceEvent(at=NOW, kind=ServiceEventKind.STARTED, sentence=text))


def paths(key: str, text: str) -> Iterator[str]:
    yield from ("/", "/endpoints", "/findings", "/findings?by=endpoint", "/certificates", "/claims")
    yield from ("/post-quantum", "/changes", "/policies", "/service", "/probes", "/waivers")
    yield f"/endpoint?target={quote(key, safe='')}"
    yield f"/evidence?target={quote(key, safe='')}&fact=features"
    yield f"/evidence?target={quote(key, safe='')}&fact=certificates"
    by_id = f"id={endpoint_id(f'{key}@192.0.2.1')}"
    yield from (f"/endpoint?{by_id}", f"/evidence?{by_id}&fact=features")
    if text.isprintable():
        named = f"{by_id}&policy={quote(text, safe='')}&rule={quote(text, safe='')}"
        yield from (f"/finding?{named}", f"/waive?{named}")
    if text.isprintable():
        typed = quote(text, safe="")
        yield f"/endpoints?q={typed}"
        yield f"/endpoint?target={typed}"
        yield f"/findings?q={typed}&rule={typed}&policy={typed}"
        yield f"/certificates?q={typed}"
        yield f"/claims?q={typed}&source={typed}&resource={typed}"
        yield f"/changes?place={typed}"


async def pages(directory: Path, text: str) -> Sequence[httpx.Response]:
    """The answers of every page, and of the feed, when every text is ``text``."""
    async with await SqlStore.open(f"sqlite:///{directory / 'kept.db'}") as store:
        await remember(store, text)
        one = status(text)
        snapshot = Snapshot(taken_at=NOW, endpoints=(one,))
        routes = page_routes(lambda: snapshot, HandClock(), sources(store, text), lambda _: (text,))
        transport = httpx.ASGITransport(Guard(Starlette(routes=list(routes)), ANYONE))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            key = one.observation.endpoint.target.key
            return [await client.get(path) for path in (*paths(key, text), "/changes.atom")]


def entries_of(feed: str) -> int:
    """How many entries a well-formed feed has."""
    tags: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, _: tags.append(tag)
    parser.Parse(feed.encode(), True)
    return tags.count("entry")


@pytest.mark.slow
async def test_no_page_has_an_element_or_a_link_that_a_text_made(tmp_path: Path) -> None:
    harmless = tmp_path / "harmless"
    harmless.mkdir()
    answers = await pages(harmless, "plain")
    assert {answer.status_code for answer in answers} <= {200, 404}
    known = {tag for answer in answers[:-1] for tag in Tags(answer.text).seen}
    for number, text in enumerate(CORPUS):
        directory = tmp_path / str(number)
        directory.mkdir()
        *shown, feed = await pages(directory, text)
        for answer in shown:
            if answer.status_code == httpx.codes.BAD_REQUEST:
                assert answer.headers["content-type"].startswith("text/plain"), answer.url
                assert not text.isprintable(), answer.url
                continue
            assert answer.status_code in {200, 404}, (answer.url, answer.text)
            found = Tags(answer.text)
            assert found.seen <= known, answer.url
            assert all(link.startswith(("/", "#")) for link in found.links), answer.url
            assert not {"\x1b", "\x00", "\u202e", "\u2066"} & set(answer.text), answer.url
        assert entries_of(feed.text) > 0
        assert "<script" not in feed.text
