"""ECH and HTTPS records of real servers: Caddy and NSS with ECH, nginx without; Knot DNS and Unbound for the records.

The truth comes from the configurations: which key the server has, and which one the DNS publishes.
"""

from __future__ import annotations

import base64
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from model.clock import SystemClock
from model.observation import Mode, Observation
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Evidence, Verdict
from pki.net_guard.politeness import Politeness
from probe.checks.part import Part
from probe.connect.options import NONCE_LENGTH, TransportOptions
from probe.connect.session import EndpointSession
from probe.connect.starttls.peer import Peer
from probe.crypto.ech import ech_hello
from probe.crypto.tls13_keys import OPENED_SUITES
from probe.dialogue.answer import RetryRequest, ServerFlight
from probe.dialogue.offer import Shape, offer
from probe.dialogue.question import Question
from probe.recording.visit import from_lines, to_lines
from probe.tls.ech import decode_ech_configs
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.pki.dns.name_servers import NameServers, name_servers
from tests.probe.recording.recorded import record, replay
from tests.probe.service_binding.caddy import PUBLIC_NAME, CaddyWithEch, caddy_with_ech
from tests.probe.service_binding.nss import AES_128_GCM, CHACHA20_POLY1305, nss_with_ech
from tests.probe.service_binding.nss import PUBLIC_NAME as NSS_NAME
from tests.probe.service_binding.spoiling import spoiled
from tests.probe.starttls.servers.tunnels import UNBOUND
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("ech")]
PARTS: Final = frozenset({Part.VERSIONS, Part.SUITES, Part.GROUPS, Part.FEATURES, Part.HTTP})
WITHOUT_ECH: Final = "nginx-tls13-only"
YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """A server with ECH, one without, and the name servers whose zone names both."""

    caddy: CaddyWithEch
    without: int
    names: NameServers

    def settings(self) -> ProbeSettings:
        """Ask the validating resolver."""
        asked = (("127.0.0.1", self.names.resolver),)
        return ProbeSettings(dns_records=True, name_servers=asked, parts=PARTS)


def _records(caddy: CaddyWithEch, without: int) -> list[str]:
    ech, stale = (base64.b64encode(one).decode() for one in (caddy.configs, caddy.stale))
    hint = "ipv4hint=127.0.0.1"
    loop = [f"loop{number} HTTPS 0 loop{(number + 1) % 3}.test." for number in range(3)]
    hosts = ("right", "stale", "other", "without", "plain", "dead", "nothing")
    return [
        *(f"{host} A 127.0.0.1" for host in hosts),
        f"_{caddy.port}._https.right HTTPS 1 right.test. alpn=h2,h3 {hint} ech={ech}",
        f"_{caddy.port}._https.stale HTTPS 1 stale.test. alpn=h2 {hint} ech={stale}",
        f'_{caddy.port}._https.other HTTPS 1 other.test. alpn="spdy/3" port=444 ipv4hint=192.0.2.1',
        f"_{caddy.port}._https.plain HTTPS 0 plain.test.",
        f"plain HTTPS 2 plain.test. alpn=spdy/3 no-default-alpn port={caddy.port}",
        f"plain HTTPS 1 plain.test. alpn=h2 port={caddy.port}",
        f"_{caddy.port}._https.dead HTTPS 0 loop0.test.",
        *loop,
        f"_{without}._https.without HTTPS 1 without.test. alpn=http/1.1 ech={ech}",
    ]


@pytest.fixture(scope="module")
def servers(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    folders = [tmp_path_factory.mktemp(name) for name in ("caddy", "without", "dns")]
    (nginx,) = (one for one in SERVERS if one.name == WITHOUT_ECH)
    with (
        caddy_with_ech(certificates, folders[0]) as caddy,
        nginx.start(certificates, folders[1]) as without,
        name_servers(_records(caddy, without), folders[2]) as names,
    ):
        yield Servers(caddy=caddy, without=without, names=names)


def endpoint(host: str, port: int, labels: Mapping[str, str] | None = None) -> Endpoint:
    name = f"{host}.test"
    target = Target(host=name, port=port, server_name=name, labels=labels or {})
    return Endpoint(target=target, address="127.0.0.1")


async def visited(servers: Servers, host: str, known: Observation | None = None) -> Observation:
    engine = Engine(servers.settings(), SystemClock())
    return await engine.visit(endpoint(host, servers.caddy.port), known=known)


def verdicts(seen: Observation) -> dict[str, Verdict]:
    names = (name for name in seen.features if name.startswith(("ech", "service_binding")))
    return {name: seen.features[name].verdict for name in names} | {
        "ech_grease_answered": seen.features["ech_grease_answered"].verdict
    }


def expected(**facts: Verdict) -> dict[str, Verdict]:
    return {"ech_retry_configs": NO, "ech_grease_answered": NO, "service_binding": YES} | facts


async def test_the_published_key_is_accepted_and_a_recording_proves_it_again(
    servers: Servers,
) -> None:
    once = await record(endpoint("right", servers.caddy.port), servers.settings())
    seen = once.observation
    assert verdicts(seen) == expected(
        ech_key_accepted=YES,
        ech_published=YES,
        service_binding_alpn=YES,
        service_binding_hints=YES,
        service_binding_port=YES,
    )
    fact = seen.features["ech_key_accepted"]
    assert fact.value == PUBLIC_NAME
    assert fact.evidence is not None
    assert fact.evidence.note is not None
    assert fact.evidence.note.startswith("HelloRetryRequest with the signal")
    # The outer hello shows the public name only, and the inner one is encrypted.
    assert fact.evidence.offer is not None
    assert PUBLIC_NAME.encode() in fact.evidence.offer
    assert b"right.test" not in fact.evidence.offer
    record_fact = seen.features["service_binding"]
    assert record_fact.evidence is not None
    assert record_fact.evidence.note is not None
    assert record_fact.evidence.note.endswith(", validated by DNSSEC)")
    assert servers.caddy.configs in (record_fact.evidence.answer or b"")

    (read,) = from_lines(to_lines(once.recording))
    again = await replay(read, ProbeSettings(parts=PARTS))
    assert again.features == seen.features


async def test_a_key_that_was_rotated_is_refused(
    servers: Servers,
) -> None:
    seen = await visited(servers, "stale")
    assert verdicts(seen) == expected(
        ech_key_accepted=NO,
        ech_published=YES,
        service_binding_alpn=YES,
        service_binding_hints=YES,
        service_binding_port=YES,
    )
    key = seen.features["ech_key_accepted"].evidence
    assert key is not None
    assert (key.note or "").endswith(f"of {PUBLIC_NAME} is rejected")


async def test_records_that_lead_elsewhere_are_reported(servers: Servers) -> None:
    seen = await visited(servers, "other")
    assert verdicts(seen) == expected(
        ech_published=NO, service_binding_hints=NO, service_binding_port=NO
    )
    assert seen.features["service_binding_hints"].value == "192.0.2.1"
    assert seen.features["service_binding_port"].value == "444"


async def test_a_listed_protocol_that_is_not_negotiated_is_proved_by_the_servers_bytes(
    servers: Servers,
) -> None:
    seen = await visited(servers, "plain")
    assert verdicts(seen) == expected(
        ech_published=NO, service_binding_alpn=NO, service_binding_port=YES
    )
    fact, last = seen.features["service_binding_alpn"], seen.features["alpn_unknown_refused"]
    assert fact.value == "spdy/3"
    assert fact.evidence is not None
    assert last.evidence is not None
    assert fact.evidence.answer == last.evidence.answer
    assert "by the aliases plain.test" in (fact.evidence.note or "")


@pytest.mark.parametrize(("host", "verdict"), [("nothing", NO), ("dead", UNKNOWN)])
async def test_no_records_and_a_loop_of_aliases_are_distinguished(
    host: str, verdict: Verdict, servers: Servers
) -> None:
    assert verdicts(await visited(servers, host)) == expected(service_binding=verdict)


async def test_a_server_without_ech_ignores_the_published_key(servers: Servers) -> None:
    engine = Engine(servers.settings(), SystemClock())
    seen = await engine.visit(endpoint("without", servers.without))
    assert verdicts(seen) == expected(
        ech_key_accepted=NO,
        ech_published=YES,
        service_binding_alpn=YES,
        service_binding_port=YES,
    )


async def test_a_key_in_the_label_needs_no_dns_and_is_asked_again_by_a_verification(
    servers: Servers,
) -> None:
    engine = Engine(ProbeSettings(), SystemClock())

    def labelled(configs: bytes) -> Endpoint:
        text = base64.b64encode(configs).decode()
        return endpoint("right", servers.caddy.port, {"ech_config_list": text})

    seen = await engine.visit(labelled(servers.caddy.configs))
    assert verdicts(seen) == {
        "ech_key_accepted": YES,
        "ech_grease_answered": NO,
        "ech_retry_configs": NO,
    }
    verified = await engine.visit(labelled(servers.caddy.configs), known=seen)
    assert (verified.mode, verified.features) == (Mode.VERIFY, seen.features)
    changed = await engine.visit(labelled(servers.caddy.stale), known=seen)
    assert changed.mode is Mode.ENUMERATE
    assert changed.features["ech_key_accepted"].verdict is NO


@pytest.mark.parametrize("suite", [AES_128_GCM, CHACHA20_POLY1305])
async def test_nss_accepts_its_key_and_lists_it_to_a_client_with_another_one(
    suite: tuple[int, int], certificates: Certificates, tmp_path: Path
) -> None:
    settings = ProbeSettings(parts=PARTS)
    found = {}
    with nss_with_ech(certificates, tmp_path, suite, "P256,x25519") as nss:
        for name, configs in (("own", nss.configs), ("stale", nss.stale)):
            text = base64.b64encode(configs).decode()
            place = endpoint("zoo", nss.port, {"ech_config_list": text})
            found[name] = await Engine(settings, SystemClock()).visit(place)
    own, stale = found["own"].features, found["stale"].features
    assert own["ech_key_accepted"].verdict is YES
    assert stale["ech_key_accepted"].verdict is NO
    note = (stale["ech_key_accepted"].evidence or Evidence()).note or ""
    assert note.endswith("is rejected; the server has other keys")
    for features in (own, stale):
        retry = features["ech_retry_configs"]
        assert (retry.verdict, retry.value) == (YES, NSS_NAME)
        assert retry.evidence is not None
        assert retry.evidence.answer == nss.configs


@pytest.mark.parametrize(("group", "answer"), [("x25519", ServerFlight), ("P384", RetryRequest)])
async def test_both_answers_to_a_hello_with_shares_have_the_signal(
    group: str, answer: type[object], certificates: Certificates, tmp_path: Path
) -> None:
    """The hello has shares of X25519 and P-256: a server of another group must ask for a retry."""
    settings, nonce = ProbeSettings(), secrets.token_bytes(NONCE_LENGTH)
    shape = Shape(server_name="zoo.test", sends_key_shares=True)
    asked = offer(ProtocolVersion.TLSV1_3, OPENED_SUITES, shape)
    with nss_with_ech(certificates, tmp_path, AES_128_GCM, group) as nss:
        for configs, is_accepted in ((nss.configs, True), (nss.stale, False)):
            options = TransportOptions(
                address=("127.0.0.1", nss.port), peer=Peer(name="zoo.test"), nonce=nonce
            )
            hello = ech_hello(asked, decode_ech_configs(configs), nonce)
            assert hello is not None
            session = EndpointSession(options, settings, Politeness(settings), SystemClock())
            found = await session.converse(Question(hello.offered))
            await session.close()
            assert isinstance(found, answer)
            assert isinstance(found, ServerFlight | RetryRequest)
            assert hello.is_accepted_by(found) is is_accepted
            assert not hello.is_accepted_by(spoiled(found))


def negotiates(port: int, name: str) -> bool:
    """What OpenSSL's client says."""
    said = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-alpn", name],
        input="",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return f"ALPN protocol: {name}\n" in said.stdout


async def test_a_server_of_dns_over_tls_is_held_against_its_record(
    certificates: Certificates, tmp_path: Path
) -> None:
    """RFC 9461. Unbound 1.17 negotiates ``h2`` for DNS over HTTPS at the same port, but not ``dot``."""
    with UNBOUND.start(certificates) as ports:
        (port,) = ports.values()
        refused = [name for name in ("dot", "h2") if not negotiates(port, name)]
        record_text = f"_dns.resolver SVCB 1 resolver.test. alpn=dot,h2 port={port}"
        with name_servers(["resolver A 127.0.0.1", record_text], tmp_path) as names:
            asked = (("127.0.0.1", names.resolver),)
            settings = ProbeSettings(dns_records=True, name_servers=asked, parts=PARTS)
            target = replace(endpoint("resolver", port).target, protocol="dns")
            place = Endpoint(target=target, address="127.0.0.1")
            seen = await Engine(settings, SystemClock()).visit(place)
    assert seen.features["service_binding"].verdict is YES
    assert seen.features["service_binding_port"].verdict is YES
    fact = seen.features["service_binding_alpn"]
    assert refused
    assert (fact.verdict, fact.value) == (NO, ",".join(refused))
