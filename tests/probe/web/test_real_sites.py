"""Real web servers: their responses about HTTPS, and their plaintext answers."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest

from model.clock import SystemClock
from model.encoding.observation_json import to_json
from model.observation import Observation
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.checks.part import Part
from probe.recording.visit import from_lines, to_lines
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.recording.recorded import record, replay
from tests.probe.web.nginx_sites import COOKIE, Ports, nginx_sites
from tests.zoo.certificates import Certificates

pytestmark = pytest.mark.integration

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


SETTINGS = ProbeSettings(parts=frozenset({Part.VERSIONS, Part.HTTP}))


def endpoint(ports: Ports) -> Endpoint:
    labels = {"http": "yes", "http_port": str(ports.clear)}
    target = Target(host="127.0.0.1", port=ports.tls, server_name="zoo.test", labels=labels)
    return Endpoint(target=target, address="127.0.0.1")


async def observation_at(ports: Ports) -> Observation:
    return await Engine(SETTINGS, SystemClock()).visit(endpoint(ports))


@pytest.fixture(scope="module")
def sites(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Ports, Observation]]:
    async def all_of_them(places: Mapping[str, Ports]) -> list[Observation]:
        return await asyncio.gather(*(observation_at(ports) for ports in places.values()))

    with nginx_sites(certificates, tmp_path_factory.mktemp("sites")) as places:
        found = asyncio.run(all_of_them(places))
    return {name: (ports, one) for (name, ports), one in zip(places.items(), found, strict=True)}


TRUTH: Mapping[str, Mapping[str, tuple[Verdict, str | None]]] = {
    "strict": {
        "status": (YES, "200"),
        "hsts": (YES, "63072000"),
        "hsts_include_subdomains": (YES, None),
        "hsts_preload": (YES, None),
        "secure_cookies": (YES, None),
        "http3_advertised": (YES, "h3"),
        "redirects_to_https": (YES, "http://zoo.test:{clear}/ -> https://zoo.test:{tls}/"),
        "answers_in_plaintext": (YES, "http on port {clear}, to HTTPS"),
    },
    "lax": {
        "hsts": (NO, None),
        "secure_cookies": (NO, None),
        "http3_advertised": (NO, None),
        "redirects_to_https": (NO, "http://zoo.test:{clear}/"),
        "answers_in_plaintext": (YES, "http on port {clear}"),
    },
    "downgrading": {
        "status": (YES, "302"),
        "hsts": (NO, "0"),
        "redirect_downgrade": (YES, "http://zoo.test/"),
        "redirects_to_https": (
            NO,
            "http://zoo.test:{clear}/ -> http://127.0.0.1:{clear}/again",
        ),
    },
    "in two steps": {
        "status": (YES, "404"),
        "redirects_to_https": (
            YES,
            "http://zoo.test:{clear}/ -> http://zoo.test:{clear}/next -> https://zoo.test:{tls}/",
        ),
    },
    "round and round": {
        "redirects_to_https": (
            NO,
            "http://zoo.test:{clear}/ -> http://zoo.test:{clear}/ ",
        ),
    },
    "elsewhere": {
        "hsts": (NO, None),
        "redirects_to_https": (NO, "http://zoo.test:{clear}/ -> http://other.test/"),
        "answers_in_plaintext": (YES, "http on port {clear}"),
    },
    "to a closed port": {
        "redirects_to_https": (
            NO,
            "http://zoo.test:{clear}/ -> https://zoo.test:{closed}/, a closed port",
        ),
        "answers_in_plaintext": (YES, "http on port {clear}, to HTTPS"),
    },
    "closed": {"answers_in_plaintext": (NO, None)},
    "both on one port": {"answers_in_plaintext": (YES, "http on port {tls}")},
}


@pytest.mark.parametrize("name", TRUTH)
def test_a_real_site_is_seen_as_it_is(
    name: str, sites: Mapping[str, tuple[Ports, Observation]]
) -> None:
    ports, observation = sites[name]
    facts = {**observation.http, **observation.plaintext}
    expected = {
        fact: (verdict, None if value is None else value.format(**asdict(ports)))
        for fact, (verdict, value) in TRUTH[name].items()
    }
    assert {fact: (facts[fact].verdict, facts[fact].value) for fact in expected} == {
        fact: (verdict, (value or "").strip() or None)
        for fact, (verdict, value) in expected.items()
    }
    assert all(fact.evidence is not None for fact in facts.values())


def test_a_closed_port_has_nothing_to_redirect(
    sites: Mapping[str, tuple[Ports, Observation]],
) -> None:
    _, observation = sites["closed"]
    assert "redirects_to_https" not in observation.http


async def test_neither_evidence_nor_a_recording_has_a_cookies_value(
    certificates: Certificates, tmp_path: Path
) -> None:
    with nginx_sites(certificates, tmp_path) as places:
        recorded = await record(endpoint(places["lax"]), SETTINGS)
    (recording,) = from_lines(to_lines(recorded.recording))
    observation = to_json(recorded.observation)
    replies = [one.outcome.reply for one in recording.handshakes]
    heard = [b"".join(one.heard) for one in recording.conversations]
    masked = b"Set-Cookie: session=" + b"*" * len(COOKIE)
    for kept in (replies, heard, [b"".join(_bytes_of(observation))]):
        assert any(masked in one for one in kept)
        assert not any(COOKIE.encode() in one for one in kept)
    assert to_json(await replay(recording, SETTINGS)) == observation


def _bytes_of(json_value: object) -> Iterator[bytes]:
    """All texts in base64 or plain form in the values of a JSON document."""
    match json_value:
        case dict():
            for value in json_value.values():
                yield from _bytes_of(value)
        case list():
            for value in json_value:
                yield from _bytes_of(value)
        case str():
            yield json_value.encode()
            with suppress(ValueError):
                yield base64.b64decode(json_value, validate=True)
            with suppress(ValueError):
                yield bytes.fromhex(json_value)
