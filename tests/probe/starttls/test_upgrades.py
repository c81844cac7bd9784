"""The dialogues before TLS, without a socket: as printed, byte by byte, cut off, and with arbitrary bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.connect.starttls.application import application
from probe.connect.starttls.catalogue import STARTTLS
from probe.connect.starttls.outcome import UpgradeOutcome
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind
from probe.dialogue.before_tls.scripted import Scripted
from probe.tls.limits import MAX_TURN_LENGTH
from tests.probe.starttls.play import Cut, byte_by_byte, play, whole
from tests.probe.starttls.upgrades import UPGRADES, Upgrade

PEER = Peer(name="x.example")
NAMES = [one.name for one in STARTTLS]


def dialogue(protocol: str) -> Scripted[UpgradeOutcome]:
    """The dialogue before TLS in that protocol."""
    makes = application(protocol).upgrades(PEER)
    assert makes is not None
    return makes()


def outcome(upgrade: Upgrade, cut: Cut) -> UpgradeOutcome:
    return play(dialogue(upgrade.protocol), upgrade.turns, cut)


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
@pytest.mark.parametrize("upgrade", UPGRADES, ids=lambda one: f"{one.protocol}-{one.detail}")
def test_a_dialogue_returns_what_the_server_answered(upgrade: Upgrade, cut: Cut) -> None:
    found = outcome(upgrade, cut)
    kind = found.kind if isinstance(found, ConnectFailure) else None
    detail = found.detail if isinstance(found, ConnectFailure) else ""
    assert (kind, upgrade.detail in detail) == (upgrade.failure_kind, True), detail


def test_each_protocol_has_a_dialogue_that_leads_to_tls() -> None:
    led = {application(one.protocol).upgrade for one in UPGRADES if one.failure_kind is None}
    assert [one.name for one in STARTTLS if one.upgrade not in led] == []


@pytest.mark.parametrize("upgrade", UPGRADES, ids=lambda one: f"{one.protocol}-{one.detail}")
def test_no_prefix_of_a_dialogue_decides_about_tls(upgrade: Upgrade) -> None:
    *before, (said, last) = upgrade.turns
    if upgrade.failure_kind is not None or upgrade.protocol == "postgres":
        return
    for length in range(len(last)):
        found = play(dialogue(upgrade.protocol), [*before, (said, last[:length])])
        assert isinstance(found, ConnectFailure)
        assert found.kind not in {FailureKind.NOT_OFFERED, FailureKind.DECLINED}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (Ending.CLOSED, FailureKind.HUNG_UP),
        (Ending.RESET, FailureKind.RESET),
        (Ending.SILENCE, FailureKind.SILENT),
    ],
)
def test_an_end_before_the_first_byte_is_a_connect_failure(
    name: str, ending: Ending, kind: FailureKind
) -> None:
    found = play(dialogue(name), [(None, b"")], ending=ending)
    assert isinstance(found, ConnectFailure)
    assert found.kind is kind


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("endless", [b"220-x\r\n", b"* x\r\n", b"x", b"\x30\x84", b"\0", b":x 1 "])
def test_an_endless_answer_is_truncated(name: str, endless: bytes) -> None:
    talk = dialogue(name)
    talk.begin(lambda _: None)
    for _ in range(2 * MAX_TURN_LENGTH // len(endless) // 64 + 2):
        if talk.feed(endless * 64) is not None:
            break
    else:
        found = talk.end(Ending.SILENCE)
        assert isinstance(found, ConnectFailure)
    assert len(talk.heard) <= MAX_TURN_LENGTH


@given(
    name=st.sampled_from(NAMES),
    pieces=st.lists(st.binary(max_size=40), max_size=6),
    ending=st.sampled_from(Ending),
)
def test_any_bytes_have_an_outcome(name: str, pieces: list[bytes], ending: Ending) -> None:
    talk = dialogue(name)
    talk.begin(lambda _: None)
    found = next((one for piece in pieces if (one := talk.feed(piece)) is not None), None)
    assert found is not None or isinstance(talk.end(ending), ConnectFailure)


@given(upgrade=st.sampled_from(UPGRADES), at=st.integers(0, 200), odd=st.binary(max_size=4))
def test_a_corrupted_dialogue_has_an_outcome(upgrade: Upgrade, at: int, odd: bytes) -> None:
    *before, (said, last) = upgrade.turns
    corrupted = last[:at] + odd + last[at + len(odd) :]
    found = play(dialogue(upgrade.protocol), [*before, (said, corrupted)])
    if isinstance(found, ConnectFailure):
        assert found.detail.isprintable()


@given(st.binary(max_size=200))
def test_quotes_from_a_server_are_printable(said: bytes) -> None:
    found = play(dialogue("smtp"), [(None, b"421 " + said + b"\r\n")])
    assert isinstance(found, ConnectFailure)
    assert found.detail.isprintable()
