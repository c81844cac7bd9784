"""Vulnerabilities that need messages after the flight, on vulnerable servers and fixed ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from model.observation import Observation
from model.verdict import Fact, Verdict
from probe.checks.part import Part
from tests.probe.programmable.flawed import (
    BAD_RECORD_MAC,
    DECRYPTION_FAILED,
    SECRET,
    React,
    by_turns,
    early_change_cipher_spec,
    has_right_head,
    heartbeat,
    is_well_formed,
    key_exchange,
    rsa_server,
)
from tests.probe.programmable.visiting import THOROUGH, visit_server

pytestmark = pytest.mark.slow

PATIENT: Final = replace(
    THOROUGH,
    deadline_seconds=100.0,
    answer_timeout_seconds=60.0,
    parts=frozenset({Part.VERSIONS, Part.SUITES, Part.VULNERABILITIES}),
)
"""For servers that react to each message: a reaction counts however late a busy machine sends it."""

HEARTBEAT = ((15, b"\x01"),)
SILENT: React = lambda _, __: None  # noqa: E731 (a reaction like the others)


async def fact_of(observation: Observation, name: str) -> Fact:
    assert observation.reason is None
    return observation.vulnerabilities[name]


async def test_heartbleed_is_proved_by_the_length_and_no_memory_is_stored() -> None:
    server = rsa_server(heartbeat(is_mended=False), extensions=HEARTBEAT)
    fact = await fact_of(await visit_server(server), "heartbleed")
    assert fact.verdict is Verdict.YES
    assert fact.evidence is not None
    assert SECRET not in (fact.evidence.answer or SECRET)


@pytest.mark.parametrize("extensions", [HEARTBEAT, ()])
async def test_no_heartbleed_if_it_is_fixed_or_there_is_no_heartbeat(
    extensions: tuple[tuple[int, bytes], ...],
) -> None:
    server = rsa_server(heartbeat(is_mended=True), extensions=extensions)
    assert (await fact_of(await visit_server(server), "heartbleed")).verdict is Verdict.NO


@pytest.mark.parametrize(("is_mended", "verdict"), [(False, Verdict.YES), (True, Verdict.NO)])
async def test_an_early_change_cipher_spec_is_detected(is_mended: bool, verdict: Verdict) -> None:
    server = rsa_server(early_change_cipher_spec(is_mended=is_mended))
    assert (await fact_of(await visit_server(server), "ccs_injection")).verdict is verdict


@pytest.mark.parametrize("name", ["heartbleed", "ccs_injection", "robot"])
async def test_silence_proves_nothing_on_a_server_that_must_speak(name: str) -> None:
    server = rsa_server(SILENT, extensions=HEARTBEAT)
    fact = await fact_of(await visit_server(server), name)
    expected = Verdict.NO if name == "robot" else Verdict.UNKNOWN
    assert fact.verdict is expected


@pytest.mark.parametrize("needs_finished", [True, False])
async def test_a_strong_oracle_distinguishes_a_wrong_head_from_the_rest(
    needs_finished: bool,
) -> None:
    react = key_exchange(
        other_than_usual=lambda block: None if has_right_head(block) else DECRYPTION_FAILED,
        needs_finished=needs_finished,
    )
    fact = await fact_of(await visit_server(rsa_server(react), PATIENT), "robot")
    assert (fact.verdict, fact.value) == (Verdict.YES, "strong")


async def test_a_weak_oracle_recognises_only_the_fully_correct_block() -> None:
    react = key_exchange(
        other_than_usual=lambda block: DECRYPTION_FAILED if is_well_formed(block) else None
    )
    fact = await fact_of(await visit_server(rsa_server(react), PATIENT), "robot")
    assert (fact.verdict, fact.value) == (Verdict.YES, "weak")


async def test_the_same_response_to_all_is_not_an_oracle() -> None:
    react = key_exchange(other_than_usual=lambda _: None)
    fact = await fact_of(await visit_server(rsa_server(react), PATIENT), "robot")
    assert fact.verdict is Verdict.NO


async def test_noise_is_not_an_oracle() -> None:
    react = key_exchange(other_than_usual=by_turns(BAD_RECORD_MAC, 40, DECRYPTION_FAILED))
    fact = await fact_of(await visit_server(rsa_server(react), PATIENT), "robot")
    assert fact.verdict is Verdict.UNKNOWN
