"""The differences between two visits in words; and unknown facts never differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from model.certificates.certificate import Certificate, KeyType, Problem, ServedChain, TrustVerdict
from model.comparisons.change import ChangeKind
from model.differences import differences, known_facts
from model.endpoint_state.flapping import Showing, is_flapping
from model.observation import (
    AcceptedSet,
    ClientAuth,
    ClientAuthMode,
    Cost,
    DhParameters,
    Mode,
    Observation,
    State,
)
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Fact, Preference, Verdict
from tests.support.strategies import observations

V10, V12, V13 = ProtocolVersion.TLSV1_0, ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
YES, NO, UNKNOWN = (Fact(verdict=verdict) for verdict in Verdict)


def suites(
    *names: str, complete: bool = True, preference: Preference = Preference.SERVER
) -> AcceptedSet:
    return AcceptedSet(accepted=names, complete=complete, preference=preference)


def leaf(
    sha256: str, issuer: str = "CN=CA 1", names: tuple[str, ...] = ("a.example",)
) -> Certificate:
    return Certificate(
        sha256=sha256,
        issuer=issuer,
        subject="CN=a.example",
        dns_names=names,
        not_before=NOON,
        not_after=NOON + timedelta(days=90, seconds=-1),
        key_type=KeyType.ECDSA,
    )


def chain(one: Certificate, *issuers: Certificate, **more: Any) -> ServedChain:
    fields: dict[str, Any] = {
        "key_type": one.key_type,
        "chain": (one, *issuers),
        "versions": (V12,),
        "served_with_server_name": True,
        "problems": (),
        "trust": {"mozilla": TrustVerdict(verdict=Verdict.YES)},
        "hostname_matches": Verdict.YES,
    }
    return ServedChain(**fields | more)


def visit(state: State = State.TLS, **facts: Any) -> Observation:
    target = Target(host="a.example", port=443, server_name="a.example")
    return Observation(
        tool_version="1",
        mode=Mode.ENUMERATE,
        endpoint=Endpoint(target=target, address="192.0.2.1"),
        started_at=NOON,
        cost=Cost(),
        state=state,
        **facts,
    )


def sentences(before: Observation, after: Observation) -> list[str]:
    return [change.sentence for change in differences(before, after)]


def client_auth(*modes: ClientAuthMode, **more: Any) -> dict[ProtocolVersion, ClientAuth]:
    return {
        version: ClientAuth(mode=mode, **more)
        for version, mode in zip((V12, V13), modes, strict=False)
    }


REQUIRED, REQUESTED, NONE = (
    ClientAuthMode.REQUIRED,
    ClientAuthMode.REQUESTED,
    ClientAuthMode.NONE,
)
PRIME = DhParameters(
    prime_bits=1024, prime_sha256="aa", known_as=None, is_safe_prime=Verdict.YES, versions=(V12,)
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"protocols": {V10: NO}}, {"protocols": {V10: YES}}, ["TLS 1.0 appeared"]),
        ({"protocols": {V10: YES}}, {"protocols": {V10: NO}}, ["TLS 1.0 vanished"]),
        ({"protocols": {V10: YES}}, {"protocols": {V10: UNKNOWN}}, []),
        ({"protocols": {V10: UNKNOWN}}, {"protocols": {V10: YES}}, []),
        ({"protocols": {V10: YES}}, {}, []),
        (
            {"cipher_suites": {V12: suites("A", "B")}},
            {"cipher_suites": {V12: suites("B", "A")}},
            ["TLS 1.2 suite order changed: B comes first"],
        ),
        (
            {"cipher_suites": {V12: suites("A", "B", preference=Preference.CLIENT)}},
            {"cipher_suites": {V12: suites("B", "A", preference=Preference.CLIENT)}},
            [],
        ),
        (
            {"cipher_suites": {V12: suites("A", preference=Preference.CLIENT)}},
            {"cipher_suites": {V12: suites("A")}},
            ["the server's TLS 1.2 suite order takes precedence now"],
        ),
        (
            {"cipher_suites": {V12: suites("A")}},
            {"cipher_suites": {V12: suites("A", "B", "C")}},
            ["TLS 1.2 suites appeared: B, C"],
        ),
        (
            {"cipher_suites": {V12: suites("A", "B")}},
            {"cipher_suites": {V12: suites("A", complete=False)}},
            [],
        ),
        (
            {"cipher_suites": {V12: suites("A", complete=False)}},
            {"cipher_suites": {V12: suites("A", "B")}},
            [],
        ),
        (
            {"groups": {V13: suites("x25519")}},
            {"groups": {V13: suites("x25519", "X25519MLKEM768")}},
            ["TLS 1.3 group appeared: X25519MLKEM768"],
        ),
        (
            {"protocols": {V10: YES}, "cipher_suites": {V10: suites("A")}},
            {"protocols": {V10: NO}, "cipher_suites": {V10: suites()}},
            ["TLS 1.0 vanished"],
        ),
        (
            {"certificates": (chain(leaf("1")),)},
            {"certificates": (chain(leaf("2")),)},
            ["leaf renewed by the same CA, 89 days"],
        ),
        (
            {"certificates": (chain(leaf("1")),)},
            {"certificates": (chain(leaf("2", issuer="CN=CA 2", names=("b.example",))),)},
            [
                "leaf replaced, issued by CN=CA 2, 89 days",
                "leaf: names appeared: b.example",
                "leaf: names vanished: a.example",
            ],
        ),
        (
            {"certificates": (chain(leaf("1"), leaf("i")),)},
            {"certificates": (chain(leaf("1"), leaf("j")),)},
            ["leaf: served with different issuers"],
        ),
        (
            {"certificates": (chain(leaf("1")),)},
            {
                "certificates": (
                    chain(
                        leaf("1"),
                        problems=(Problem.EXPIRED,),
                        trust={"mozilla": TrustVerdict(verdict=Verdict.NO, reason="too old")},
                    ),
                )
            },
            ["leaf: expired now", "leaf: mozilla no longer trusts it: too old"],
        ),
        (
            {"certificates": (chain(leaf("1")), chain(leaf("2"), key_type=KeyType.RSA))},
            {"certificates": (chain(leaf("1")),), "cipher_suites": {V12: suites("A")}},
            ["RSA chain vanished"],
        ),
        (
            {"certificates": (chain(leaf("1")), chain(leaf("2"), key_type=KeyType.RSA))},
            {
                "certificates": (chain(leaf("1")),),
                "cipher_suites": {V12: suites("A", complete=False)},
            },
            [],
        ),
        (
            {"client_auth": client_auth(REQUIRED, REQUIRED)},
            {"client_auth": client_auth(NONE, NONE)},
            ["client certificate no longer required"],
        ),
        (
            {"client_auth": client_auth(NONE, NONE)},
            {"client_auth": client_auth(NONE, REQUIRED)},
            ["client certificate required now (at TLS 1.3)"],
        ),
        (
            {"client_auth": client_auth(REQUIRED)},
            {"client_auth": client_auth(ClientAuthMode.UNKNOWN)},
            [],
        ),
        (
            {"client_auth": client_auth(REQUIRED, verifies=Verdict.YES)},
            {"client_auth": client_auth(REQUIRED, verifies=Verdict.NO)},
            ["self-made client certificates are accepted now"],
        ),
        (
            {"vulnerabilities": {"heartbleed": NO}},
            {"vulnerabilities": {"heartbleed": YES}},
            ["now vulnerable to heartbleed"],
        ),
        (
            {"features": {"early_data": YES}},
            {"features": {"early_data": NO}},
            ["early data vanished"],
        ),
        (
            {"http": {"hsts": Fact(verdict=Verdict.YES, value="300")}},
            {"http": {"hsts": Fact(verdict=Verdict.YES, value="31536000")}},
            ["hsts changed from 300 to 31536000"],
        ),
        (
            {"plaintext": {"answers_in_plaintext": NO}},
            {"plaintext": {"answers_in_plaintext": YES}},
            ["without TLS: answers in plaintext now"],
        ),
        (
            {"dh": (PRIME,)},
            {"dh": (replace(PRIME, prime_sha256="bb", known_as="ffdhe2048"),)},
            [
                "Diffie-Hellman group appeared: ffdhe2048",
                "Diffie-Hellman group vanished: a custom prime of 1024 bits",
            ],
        ),
        ({"alpn": ("http/1.1",)}, {"alpn": ("http/1.1", "h2")}, ["ALPN protocol h2 appeared"]),
    ],
)
def test_a_difference_has_its_sentence(
    before: dict[str, Any], after: dict[str, Any], expected: list[str]
) -> None:
    assert sentences(visit(**before), visit(**after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (State.TLS, State.TIMEOUT, ["stopped answering: timeout"]),
        (State.TIMEOUT, State.TLS, ["answers with TLS again, after timeout"]),
        (State.TLS, State.PLAINTEXT, ["answers in plaintext now"]),
        (State.TIMEOUT, State.REFUSED, []),
        (State.TLS, State.ERROR, []),
    ],
)
def test_a_changed_state_is_reported_with_its_sentences(
    before: State, after: State, expected: list[str]
) -> None:
    assert sentences(visit(before), visit(after)) == expected


def test_a_change_has_its_endpoint_time_place_and_kind() -> None:
    after = replace(visit(protocols={V10: YES}), started_at=NOON + timedelta(hours=1))
    (change,) = differences(visit(protocols={V10: NO}), after)
    assert change.endpoint_key == "a.example:443@192.0.2.1"
    assert change.at == after.started_at
    assert (change.fact, change.kind) == ("protocols.TLSv1.0", ChangeKind.APPEARED)


@pytest.mark.slow
@given(observation=observations())
@settings(deadline=None)
def test_nothing_differs_from_itself(observation: Observation) -> None:
    assert differences(observation, observation) == ()
    assert differences(known_facts([observation]), observation) == ()


@pytest.mark.slow
@given(before=observations(), after=observations())
@settings(deadline=None)
def test_any_two_visits_can_be_compared(before: Observation, after: Observation) -> None:
    for change in differences(before, after):
        assert change.sentence
        assert (change.before is None) is (change.kind is ChangeKind.APPEARED)
        assert (change.after is None) is (change.kind is ChangeKind.VANISHED)


def test_known_facts_fill_gaps_from_earlier_visits() -> None:
    oldest = visit(
        protocols={V10: YES, V12: YES}, cipher_suites={V12: suites("A", "B")}, alpn=("h2",)
    )
    partly = visit(
        protocols={V10: UNKNOWN, V12: YES}, cipher_suites={V12: suites("C", complete=False)}
    )
    known = known_facts([visit(State.TIMEOUT), partly, oldest])
    assert known.state is State.TIMEOUT
    assert known.protocols == {V10: YES, V12: YES}
    assert known.cipher_suites[V12] == suites("A", "B", "C")
    assert known.alpn == ("h2",)


def test_a_refused_version_keeps_no_earlier_suites() -> None:
    oldest = visit(protocols={V10: YES}, cipher_suites={V10: suites("A")})
    assert known_facts([visit(protocols={V10: NO}), oldest]).cipher_suites == {}


def test_an_internal_error_is_not_a_state_of_the_server() -> None:
    assert known_facts([visit(State.ERROR), visit(State.TLS)]).state is State.TLS


def shown(letters: str, *, hours_each: int = 1) -> list[Showing]:
    return [
        Showing(
            facts_digest=letter,
            first_at=NOON + number * timedelta(hours=hours_each),
            last_at=NOON + (number + 1) * timedelta(hours=hours_each),
            is_turn=number > 0,
        )
        for number, letter in enumerate(letters)
    ]


@pytest.mark.parametrize(
    ("past", "now", "expected"),
    [
        ("a", "b", False),
        ("ab", "a", False),  # perhaps undone
        ("aba", "b", True),
        ("abab", "a", True),
        ("abab", "c", False),
        ("abca", "b", True),
        ("abcd", "a", False),
    ],
)
def test_flapping_is_returning_twice(past: str, now: str, expected: bool) -> None:
    assert is_flapping(shown(past), now, NOON + timedelta(hours=len(past))) is expected


def test_returning_after_a_week_is_not_flapping() -> None:
    past = shown("aba")
    assert not is_flapping(past, "b", past[-1].last_at + timedelta(days=8))
