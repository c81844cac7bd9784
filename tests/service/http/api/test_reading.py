"""What can be read: lists with filters, order and full text, one endpoint with its past, and the service itself."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from exporters.reports import REPORTS, ReportFormat
from model.encoding.times_json import time_to_json
from model.judging.quantum import DEADLINES
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from tests.exporters.reports.samples import labelled, silent
from tests.service.http.api.world import Api, api
from tests.service.samples import NOW, certificate, deployment, failed, legacy, modern
from tests.storage.statements import selects, statements
from tests.support.claims import FILE, LINE, claiming

HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "\x00\x07\x1b[31m\x7f\x9b",
    "\u202e\u2066\u2028\u2029\ufeff",
    "\ud800",
    "'; DROP TABLE endpoints; --",
    "\r\nSet-Cookie: a=b",
)
LISTS: Final = (
    "/endpoints",
    "/findings",
    "/certificates",
    "/post-quantum",
    "/policies",
    "/waivers",
    "/probes",
    "/changes",
    "/events",
    "/audit",
    "/targets",
    "/reports",
    "/discovery/sources",
)


@pytest.fixture
async def running() -> AsyncIterator[Api]:
    async with api() as made:
        yield made


async def items(running: Api, path: str, **parameters: str | Sequence[str]) -> list[dict[str, Any]]:
    answer = await running.get(path, **parameters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def hosts(found: Sequence[dict[str, Any]]) -> list[str]:
    return [one["target"]["host"] for one in found]


async def test_endpoints_are_filtered_sorted_and_found_by_any_word(running: Api) -> None:
    names = [one.endpoint.target.host for one in (modern(), legacy(), failed())]
    www, old, down = names

    async def found(**parameters: str | Sequence[str]) -> list[str]:
        return hosts(await items(running, "/endpoints", **parameters))

    assert sorted(await found()) == sorted(names)
    assert await found(sort="-key") == sorted(names, reverse=True)
    assert (await found(sort="-severity"))[-1] == down
    assert (await found(sort="expires_at"))[0] == old
    assert await found(q="WWW.example:443 team=web") == [www]
    assert sorted(await found(q="CN=Example CA")) == sorted([www, old])
    assert await found(q="www.example nothing") == []
    assert www in await found(label=["team=web"])
    assert await found(label=["team=web", "team=other"]) == await found(label=["team=other"])
    assert await found(state=failed().state.value) == [down]
    assert await found(answer="no") == [down]
    assert sorted(await found(answer="yes")) == sorted([www, old])
    assert sorted(await found(state=f"tls,{failed().state.value}")) == sorted(names)
    assert await found(expires_before=NOW.isoformat().replace("+00:00", "Z")) == [old]
    assert old in await found(policy="web", compliance="no")
    assert await found(policy="none") == []


async def test_an_endpoint_is_shown_as_the_store_has_it(running: Api) -> None:
    (shown,) = await items(running, "/endpoints", q="www.example:443")
    (status,) = [one for one in running.statuses if one.observation.endpoint.key == shown["key"]]
    answer = (await running.get(f"/endpoints/{shown['id']}")).json()
    assert answer == shown
    assert shown["versions"] == ["TLSv1.2", "TLSv1.3"]
    assert shown["expires_at"] == "2026-08-30T12:00:00Z"
    assert (shown["trusted"], shown["compliance"]) == ("yes", {"web": "no"})
    assert shown["findings"]["high"] + shown["findings"]["medium"] + shown["findings"]["waived"] > 0
    facts = (await running.get(f"/endpoints/{shown['id']}/observation")).json()
    assert facts["state"] == "tls"
    assert "offer" in json.dumps(facts)
    bare = await running.get(f"/endpoints/{shown['id']}/observation", evidence="false")
    assert "offer" not in bare.text
    assert status.observation.answered


async def test_the_past_of_an_endpoint_is_read_in_pages(running: Api) -> None:
    without = {**modern().protocols, ProtocolVersion.TLSV1_2: Fact(verdict=Verdict.NO)}
    await running.see(replace(modern(), started_at=NOW + timedelta(hours=1), protocols=without))
    (shown,) = await items(running, "/endpoints", q="www.example:443")
    whole = await items(running, f"/endpoints/{shown['id']}/observations")
    assert [one["first_at"] for one in whole] == ["2026-07-01T13:00:00Z", "2026-07-01T12:00:00Z"]
    first = (await running.get(f"/endpoints/{shown['id']}/observations", limit="1")).json()
    second = await items(
        running, f"/endpoints/{shown['id']}/observations", limit="1", cursor=first["next"]
    )
    assert [*first["items"], *second] == whole
    changes = await items(running, f"/endpoints/{shown['id']}/changes")
    assert changes == await items(running, "/changes")
    assert {one["endpoint"] for one in changes} == {shown["key"]}
    facts = {one["fact"] for one in changes}
    assert facts
    assert await items(running, "/changes", fact=min(facts), label=["team=web"])
    assert await items(running, "/changes", fact="none") == []
    assert await items(running, "/changes", since="2026-07-02T00:00:00Z") == []


async def test_findings_have_their_evidence_one_by_one(running: Api) -> None:
    found = await items(running, "/findings")
    assert found
    assert all(one["status"] == "waived" for one in found if one["rule"] == "protocol_versions")
    (one, *_) = found
    shown = (await running.get(f"/findings/{one['fingerprint']}")).json()
    assert shown | {"evidence": None} == one | {"evidence": None}
    assert shown["evidence"] is not None
    assert await items(running, "/findings", status="open") == []
    assert await items(running, "/findings", rule="none") == []
    assert await items(running, "/findings", endpoint=one["endpoint"], q=one["rule"])


async def test_claims_have_their_verdict_and_filters(running: Api) -> None:
    running.resource_claims = (LINE,)
    await running.see(claiming(seen=replace(modern(), started_at=NOW + timedelta(hours=1))))
    found = await items(running, "/claims")
    assert {one["name"]: one["verdict"] for one in found} == {
        "declared_protocols": "contradicted",
        "elb_insecure_ssl_ciphers": "contradicted",
        "macsec": "unprovable",
        "elb_security_policy": "proved",
        "direct_connect_macsec": "unprovable",
    }
    (line,) = await items(running, "/claims", label=["team=network"])
    assert (line["endpoint"], line["target"], line["seen_at"]) == (None, None, None)
    assert (line["resource"], line["observed"]) == (LINE.resource, "no probe sees it")
    (red,) = await items(running, "/claims", verdict="contradicted", kind="declared")
    assert (red["source"], red["resource"], red["rules"]) == ("nginx", FILE, ["protocol_versions"])
    assert red["since"] == "2026-07-01T13:00:00.250000Z"
    assert await items(running, "/claims", source="aws", resource="listener/app", q="macsec")
    assert await items(running, "/claims", label=["team=none"]) == []
    assert await items(running, "/claims", sort="-verdict") == found[::-1]
    missing = await running.get("/policies/claims")
    assert missing.status_code == 404
    assert "GET /api/v1/claims" in missing.json()["detail"]


async def test_a_resolved_finding_is_found_and_its_history_has_every_opening(running: Api) -> None:
    key = modern().endpoint.key
    (finding,) = await items(running, "/findings", endpoint=key, rule="protocol_versions")
    place = f"/findings/{finding['fingerprint']}"
    (first,) = await items(running, f"{place}/history")
    assert (first["opened_at"], first["resolved_at"]) == (time_to_json(modern().ended_at), None)
    without = {**modern().protocols, ProtocolVersion.TLSV1_2: Fact(verdict=Verdict.NO)}
    met = replace(modern(), started_at=NOW + timedelta(hours=1), protocols=without)
    await running.see(met)
    (resolved,) = await items(running, "/findings", endpoint=key, status="resolved")
    assert resolved["fingerprint"] == finding["fingerprint"]
    assert (resolved["status"], resolved["resolved_at"]) == ("resolved", time_to_json(met.ended_at))
    assert await items(running, "/findings", endpoint=key) == []
    shown = (await running.get(place)).json()
    assert shown | {"evidence": None} == resolved | {"evidence": None}
    back = replace(modern(), started_at=NOW + timedelta(hours=2))
    await running.see(back)
    (again,) = await items(running, "/findings", endpoint=key, status="open,waived,resolved")
    assert (again["status"], again["reopened"]) == ("waived", 1)
    openings = await items(running, f"{place}/history")
    assert [(one["opened_at"], one["resolved_at"]) for one in openings] == [
        (time_to_json(back.ended_at), None),
        (time_to_json(modern().ended_at), time_to_json(met.ended_at)),
    ]
    page = (await running.get(f"{place}/history", limit="1")).json()
    (rest,) = await items(running, f"{place}/history", cursor=page["next"])
    assert [*page["items"], rest] == openings


@pytest.mark.parametrize("form", REPORTS, ids=lambda form: form.name)
async def test_a_report_has_every_format(running: Api, form: ReportFormat) -> None:
    answer = await running.get(f"/reports/{form.name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, form.media_type)
    assert answer.text.startswith(form.start)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    described = {one["name"]: one["media_type"] for one in await items(running, "/reports")}
    assert described[form.name] == form.media_type


async def test_a_bill_of_materials_has_the_proofs_of_the_store(running: Api) -> None:
    await running.see(replace(modern("proved.example"), started_at=NOW))
    bill = (await running.get("/reports/cbom")).json()
    (service,) = [one for one in bill["services"] if one["name"] == "proved.example:443"]
    stated = {one["name"]: one["value"] for one in service["properties"]}
    proof = b'[{"answer":"0304","note":"a ServerHello","offer":"0102"}]'
    digest = urlsafe_b64encode(hashlib.sha256(proof).digest()).decode().rstrip("=")
    assert digest in stated["tlsprobe:proofs"].split()


async def test_a_report_is_made_as_of_a_time(running: Api) -> None:
    await running.see(replace(modern("new.example"), started_at=NOW + timedelta(days=2)))
    running.clock.seconds = 3 * 86_400.0

    async def endpoints(**parameters: str | Sequence[str]) -> list[str]:
        report = (await running.get("/reports/json", **parameters)).json()["report"]
        return sorted(one["target"] for one in report["endpoints"])

    now = await endpoints()
    assert "new.example:443" in now
    assert await endpoints(at="2026-07-02T00:00:00Z") == [
        one for one in now if one != "new.example:443"
    ]
    assert await endpoints(at="2026-07-02T00:00:00Z", label=["team=none"]) == []


async def test_certificates_say_where_they_are_served(running: Api) -> None:
    certificates = await items(running, "/certificates")
    keys = {key for one in certificates for key in one["endpoints"]}
    assert keys == {
        one.observation.endpoint.key for one in running.statuses if one.observation.own_certificates
    }
    (one, *_) = certificates
    assert (await running.get(f"/certificates/{one['sha256']}")).json() == one
    assert await items(running, "/certificates", q=one["sha256"][:12]) == [one]
    assert await items(running, "/certificates", expires_before="2000-01-01T00:00:00Z") == []


async def test_events_and_audit_entries_come_newest_first(running: Api) -> None:
    assert [one["message"] for one in await items(running, "/events")] == [
        "start 2",
        "start 1",
        "start 0",
    ]
    assert [one["subject"] for one in await items(running, "/audit", limit="2")] == [
        "www2.example:443",
        "www1.example:443",
    ]
    assert await items(running, "/events", kind="stopped") == []
    since = (NOW + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    assert len(await items(running, "/events", since=since)) == 2


async def test_any_text_of_others_is_valid_json_and_fits_its_schema(running: Api) -> None:
    await running.see(*(hostile(number, text) for number, text in enumerate(HOSTILE)))
    document = (await running.client.get("/api/openapi.json")).json()
    for path in LISTS:
        answer = await running.get(path)
        assert (path, answer.status_code) == (path, 200)
        assert answer.content.isascii()
        assert not any(byte < 0x20 or byte == 0x7F for byte in answer.content.removesuffix(b"\n"))
        schema = answer_schema(document, path)
        Draft202012Validator(schema).validate(json.loads(answer.content))
    shown = await items(running, "/endpoints", label=["hostile=yes"])
    assert [one["reason"] for one in shown] == list(HOSTILE)
    assert [one["target"]["labels"]["text"] for one in shown] == list(map(stored_label, HOSTILE))


def answer_schema(document: dict[str, Any], path: str) -> dict[str, Any]:
    content = document["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]
    return {**content["application/json"]["schema"], "components": document["components"]}


def stored_label(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def hostile(number: int, text: str) -> Observation:
    """An endpoint that has ``text`` wherever others choose it."""
    one = modern(f"hostile{number}.example")
    leaf = replace(
        certificate(f"CN={text}"),
        sha256=f"c{number}" * 32,
        issuer=text,
        dns_names=(text,),
        serial_number="1",
    )
    # Owners choose labels, in YAML or JSON, which have no half of a surrogate pair in files.
    labels = {"hostile": "yes", "text": stored_label(text)}
    target = replace(one.endpoint.target, labels=labels)
    return replace(
        one,
        endpoint=replace(one.endpoint, target=target),
        certificates=(deployment(leaf=leaf),),
        reason=text,
        alpn=(text,),
    )


async def test_a_list_takes_the_same_statements_for_any_number_of_items(running: Api) -> None:
    counts: list[dict[str, int]] = []
    for number in (2, 12):
        await running.see(*(modern(f"n{one}.example") for one in range(number)))
        (shown, *_) = await items(running, "/endpoints")
        of_one = (f"/endpoints/{shown['id']}/changes", f"/endpoints/{shown['id']}/observations")
        taken = {}
        for path in (*LISTS, *of_one):
            with statements() as executed:
                await items(running, path)
            taken[path.replace(shown["id"], "{id}")] = selects(executed)
        counts.append(taken)
    assert counts[0] == counts[1]
    from_memory = {"/endpoints", "/findings", "/certificates", "/policies", "/waivers", "/targets"}
    assert {path: counts[0][path] for path in from_memory} == dict.fromkeys(from_memory, 0)
    assert max(counts[0].values()) == 2


async def test_post_quantum_key_exchange_comes_in_the_order_of_migration() -> None:
    def seen(host: str, verdict: Verdict, **labels: str) -> Observation:
        fact = Fact(verdict=verdict)
        return labelled(replace(modern(host), features={"post_quantum_handshake": fact}), **labels)

    vault, shop, done = (
        seen("vault.example", Verdict.NO, secrecy_years="25", team="bank"),
        seen("shop.example", Verdict.NO, secrecy_years="7", migration_years="1"),
        seen("done.example", Verdict.YES),
    )
    earlier = replace(seen("vault.example", Verdict.YES), started_at=NOW - timedelta(days=9))
    async with api() as running:
        await running.keep(earlier)
        await running.keep(vault, shop, done)
        await running.keep(silent("lost.example"))

        async def found(**parameters: str) -> list[str]:
            every = await items(running, "/post-quantum", **parameters)
            names = [str(one["target"]).partition(".")[0] for one in every]
            return [name for name in names if name in ("vault", "shop", "done", "lost")]

        assert await found() == ["vault", "shop", "done"]
        assert await found(sort="-migration") == ["done", "shop", "vault"]
        assert await found(misses="cnsa-2.0") == ["vault", "shop"]
        assert await found(misses="nist-ir-8547") == ["vault"]
        assert await found(key_exchange="yes") == ["done"]
        assert await found(label="team=bank") == ["vault"]
        first, *_ = await items(running, "/post-quantum", limit="1")
        assert first["first_proved_at"] == time_to_json(NOW - timedelta(days=9))
        assert first["lost_at"] == time_to_json(vault.started_at)
        assert first["deadlines_missed"] == {one.name: "yes" for one in DEADLINES}
        assert first["migration_years"] is None
