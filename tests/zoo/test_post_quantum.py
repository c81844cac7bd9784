"""A post-quantum group counts once a handshake with it has finished: what a HelloRetryRequest names may be a lie.

The servers are OpenSSL 4. A front before it adds the faults that were seen in public: a server that names
X25519MLKEM768 and then fails, one that fails on a share that it does not know, and one that has no
HelloRetryRequest.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from model.findings.finding import Outcome
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from policy import profile
from probe.checks.part import Part
from tests.policy.observed import results
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import ClientHello
from tests.probe.programmable.front import Rule, in_front_of
from tests.probe.programmable.server import serve
from tests.probe.programmable.server_model import Reply, Then
from tests.zoo.certificates import Certificates
from tests.zoo.post_quantum_servers import PostQuantum
from tests.zoo.server import ZooServer
from tests.zoo.visit import visit, visit_port

TLSV1_3: Final = ProtocolVersion.TLSV1_3
PARTS: Final = frozenset(
    {Part.VERSIONS, Part.SUITES, Part.GROUPS, Part.CERTIFICATES, Part.FEATURES, Part.CLIENT_AUTH}
)
X25519MLKEM768: Final = 0x11EC
CLASSIC: Final = PostQuantum(
    name="openssl4-classic", openssl_groups="X25519:P-256", groups=("x25519", "secp256r1")
)
PREFERS_IT: Final = PostQuantum(
    name="openssl4-post-quantum-first",
    openssl_groups="X25519MLKEM768:X25519\nOptions = ServerPreference",
    groups=("X25519MLKEM768", "x25519"),
)
PREFERS_ANOTHER: Final = PostQuantum(
    name="openssl4-x25519-first",
    openssl_groups="X25519:X25519MLKEM768:SecP256r1MLKEM768\nOptions = ServerPreference",
    groups=("x25519", "X25519MLKEM768", "SecP256r1MLKEM768"),
)
NAMES: Final = ("post_quantum_handshake", "hello_retry_completes", "unknown_key_share_tolerance")
YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


def _server(server: PostQuantum) -> ZooServer:
    return ZooServer(name=server.name, start=server.start, truth=server.truth)


@asynccontextmanager
async def before_openssl(
    rule: Rule, certificates: Certificates, directory: Path
) -> AsyncIterator[int]:
    """The port of such a front before OpenSSL without post-quantum groups."""
    with CLASSIC.start(certificates, directory) as port:
        async with serve(in_front_of(port, rule)) as front:
            yield front.port


def verdicts(observation: Observation) -> tuple[Verdict, ...]:
    """The three facts, each with its evidence."""
    facts = [observation.features[name] for name in NAMES]
    assert all(fact.evidence is not None and fact.evidence.note for fact in facts)
    return tuple(fact.verdict for fact in facts)


def judged(observation: Observation) -> dict[str, Outcome]:
    """The profile's results by its names for the rules."""
    profile_results = results(observation, profile("post-quantum-readiness"))
    return {result.rule: result.outcome for result in profile_results}


def is_tls13(hello: ClientHello) -> bool:
    return wire.TLSV1_3 in hello.versions


def asks_and_fails(hello: ClientHello) -> Reply | None:
    """Cloudflare Radar's ``hrrFailure``: asks for the group, and refuses its share."""
    if not is_tls13(hello) or X25519MLKEM768 not in hello.groups:
        return None
    if X25519MLKEM768 in hello.key_shares:
        return Reply(sent=wire.alert(wire.FATAL, wire.HANDSHAKE_FAILURE))
    retry = wire.hello_retry_request(
        hello.cipher_suites[0], X25519MLKEM768, session_id=hello.session_id
    )
    return Reply(sent=wire.records(wire.TLSV1_2, retry), then=Then.WAIT)


def hangs_up_on_it(hello: ClientHello) -> Reply | None:
    """The same, but it closes on the share."""
    reply = asks_and_fails(hello)
    return reply if reply is None or reply.then is Then.WAIT else Reply()


def fails_on_unknown_shares(hello: ClientHello) -> Reply | None:
    """RFC 8446, 4.2.8, lets a server use any share; this one refuses a hello whose first one it does not know."""
    first = next(iter(hello.key_shares), wire.X25519)
    if is_tls13(hello) and first not in {wire.X25519, wire.SECP256R1}:
        return Reply(sent=wire.alert(wire.FATAL, wire.ILLEGAL_PARAMETER))
    return None


def has_no_retry(hello: ClientHello) -> Reply | None:
    """tls-tris, issue 40: without a share that it can use, it refuses."""
    if is_tls13(hello) and not {wire.X25519, wire.SECP256R1} & set(hello.key_shares):
        return Reply(sent=wire.alert(wire.FATAL, wire.HANDSHAKE_FAILURE))
    return None


@pytest.mark.integration
@pytest.mark.parametrize(
    ("server", "finished"),
    [
        (PREFERS_IT, "X25519MLKEM768"),
        (PREFERS_ANOTHER, "X25519MLKEM768,SecP256r1MLKEM768"),
    ],
    ids=lambda one: one.name if isinstance(one, PostQuantum) else "",
)
async def test_each_group_that_is_named_is_used_in_a_handshake(
    server: PostQuantum, finished: str, certificates: Certificates, tmp_path: Path
) -> None:
    seen = await visit(_server(server), certificates, tmp_path, PARTS)
    assert verdicts(seen.observation) == (YES, YES, YES)
    assert seen.observation.features[NAMES[0]].value == finished
    assert judged(seen.observation)["post_quantum_key_exchange"] is Outcome.PASS


@pytest.mark.integration
@pytest.mark.parametrize(("server", "shares"), [(PREFERS_IT, 1), (CLASSIC, 0)])
async def test_a_share_is_sent_once_and_only_where_the_group_is_named(
    server: PostQuantum, shares: int, certificates: Certificates, tmp_path: Path
) -> None:
    """The share makes a hello longer than a segment, and the handshake is one more connection."""
    hellos: list[ClientHello] = []
    with server.start(certificates, tmp_path) as port:
        async with serve(in_front_of(port, hellos.append)) as front:
            await visit_port(front.port, certificates, PARTS)
    sent = [set(hello.key_shares) for hello in hellos if X25519MLKEM768 in hello.key_shares]
    assert sent == shares * [{X25519MLKEM768, wire.X25519}]


@pytest.mark.integration
async def test_a_server_without_such_a_group_has_none(
    certificates: Certificates, tmp_path: Path
) -> None:
    seen = await visit(_server(CLASSIC), certificates, tmp_path, PARTS)
    assert verdicts(seen.observation) == (NO, YES, YES)


@pytest.mark.integration
@pytest.mark.parametrize("rule", [asks_and_fails, hangs_up_on_it])
async def test_a_group_that_is_named_and_then_fails_passes_no_policy(
    rule: Rule, certificates: Certificates, tmp_path: Path
) -> None:
    async with before_openssl(rule, certificates, tmp_path) as port:
        seen = await visit_port(port, certificates, PARTS)
    assert "X25519MLKEM768" in seen.groups[TLSV1_3].accepted
    proof = seen.protocols[TLSV1_3].evidence
    assert proof is not None
    assert proof.note == "HelloRetryRequest; a handshake at this version finished"
    assert verdicts(seen) == (NO, NO, YES)
    found = judged(seen)
    assert found["post_quantum_key_exchange"] is Outcome.FAIL
    assert found["recommended-group"] is Outcome.FAIL
    assert found["post_quantum_preferred"] is Outcome.FAIL
    # All else is known, because other handshakes leave the group out.
    assert [one.chain for one in seen.certificates]
    assert not [name for name, fact in seen.features.items() if fact.verdict is UNKNOWN]


@pytest.mark.integration
async def test_a_server_that_fails_on_unknown_shares_is_found_out(
    certificates: Certificates, tmp_path: Path
) -> None:
    async with before_openssl(fails_on_unknown_shares, certificates, tmp_path) as port:
        seen = await visit_port(port, certificates, PARTS)
    assert seen.features["unknown_key_share_tolerance"].verdict is NO
    assert seen.features["certificate_compression"].verdict is NO


@pytest.mark.integration
async def test_a_server_without_hello_retry_request_is_found_out(
    certificates: Certificates, tmp_path: Path
) -> None:
    async with before_openssl(has_no_retry, certificates, tmp_path) as port:
        seen = await visit_port(port, certificates, PARTS)
    assert seen.protocols[TLSV1_3].verdict is YES
    assert seen.features["hello_retry_completes"].verdict is NO
    assert seen.features["tls13_resumption"].verdict is not UNKNOWN
