"""The proof of a fact from before TLS: the bytes of both sides, complete, or marked as truncated."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from model.observation import Observation
from model.verdict import Evidence, Fact, Verdict
from probe.connect.starttls.catalogue import STARTTLS, application
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import ConnectFailure
from probe.tls.limits import MAX_EVIDENCE_LENGTH
from tests.probe.programmable.server import Behaviour, Connection
from tests.probe.starttls.play import byte_by_byte, play, whole
from tests.probe.starttls.test_scripted_servers import _visited
from tests.probe.starttls.upgrades import UPGRADES, Upgrade

pytestmark = pytest.mark.slow

FAILED = [one for one in UPGRADES if one.failure_kind is not None]


def failure(upgrade: Upgrade, *, in_bytes: bool) -> ConnectFailure:
    makes = application(upgrade.protocol).upgrades(Peer(name="x.example"))
    assert makes is not None
    found = play(makes(), upgrade.turns, byte_by_byte if in_bytes else whole)
    assert isinstance(found, ConnectFailure)
    return found


@pytest.mark.parametrize("upgrade", FAILED, ids=lambda one: f"{one.protocol}-{one.detail}")
def test_a_failure_is_proved_by_all_bytes_of_the_server(upgrade: Upgrade) -> None:
    sent = b"".join(answer for _, answer in upgrade.turns)
    said = b"".join(words for words, _ in upgrade.turns if words is not None)
    proof = failure(upgrade, in_bytes=False).evidence()
    assert (proof.answer or b"") == sent
    if all(words is not None for words, _ in upgrade.turns):
        assert (proof.offer or b"") == said
    # Byte by byte, reading stops as soon as the outcome is known.
    assert sent.startswith(failure(upgrade, in_bytes=True).evidence().answer or b"")


def test_each_protocol_has_a_failure_that_is_proved() -> None:
    proved = {application(one.protocol).upgrade for one in FAILED}
    assert [one.name for one in STARTTLS if one.upgrade not in proved] == []


class Talk:
    """A server that sends each answer after a message arrived, and records both sides of the conversation."""

    def __init__(self, answers: Sequence[bytes], *, greets: bool = False) -> None:
        self._answers = answers
        self._greets = greets
        self.heard: dict[int, bytes] = {}
        self.sent = b"".join(answers)

    @property
    def behaviour(self) -> Behaviour:
        """Its answers on each connection."""

        async def behave(connection: Connection) -> None:
            self.heard[connection.number] = b""
            for number, answer in enumerate(self._answers):
                if number or not self._greets:
                    self.heard[connection.number] += await connection.receive()
                await connection.send(answer)
            while some := await connection.receive():
                self.heard[connection.number] += some

        return behave


def proofs(observation: Observation) -> dict[str, Evidence]:
    """The evidence of the plaintext facts, by name."""

    def proof(fact: Fact) -> Evidence:
        assert fact.evidence is not None
        return fact.evidence

    return {name: proof(fact) for name, fact in observation.plaintext.items()}


_BIND_REFUSED = bytes.fromhex("3014 020101 61 0f 0a010d 0400 0408") + b"no clear"
_NO_ROOT_DSE = bytes.fromhex("300c 020101 65 07 0a0100 0400 0400")
_STARTTLS_REFUSED = bytes.fromhex("3016 020101 78 11 0a0134 0400 040a") + b"no TLS now"
_RDP_OWN = bytes.fromhex("0300 0013 0ed000000000 00 02000800 00000000")
_RDP_HYBRID = bytes.fromhex("0300 0013 0ed000000000 00 03000800 05000000")
_XMPP_ERROR = (
    b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams'>"
    b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    b"</stream:stream>"
)
_POSTGRES_ERROR = b"E\x00\x00\x00\x2aSFATAL\0C28000\0Mno encryption for x\0\0"
_MYSQL_BLOCKED = bytes.fromhex("1d000000 ff 6904") + b"Host is blocked, says MySQL"[:26]

REFUSALS = (
    ("ldap", (_STARTTLS_REFUSED,)),
    ("rdp", (_RDP_HYBRID,)),
    ("rdp", (_RDP_OWN,)),
    ("xmpp-client", (_XMPP_ERROR,)),
    ("postgres", (_POSTGRES_ERROR,)),
)


@pytest.mark.parametrize(("protocol", "answers"), REFUSALS)
async def test_a_refused_upgrade_is_proved_by_both_sides(
    protocol: str, answers: tuple[bytes, ...]
) -> None:
    talk = Talk(answers)
    observation = await _visited(talk.behaviour, protocol)
    proof = proofs(observation)["starttls_works"]
    assert proof.answer == talk.sent
    assert proof.offer in talk.heard.values()


async def test_a_mysql_refusal_is_quoted_and_stored_completely() -> None:
    talk = Talk((_MYSQL_BLOCKED,), greets=True)
    observation = await _visited(talk.behaviour, "mysql")
    proof = proofs(observation)["starttls_works"]
    assert (proof.offer, proof.answer) == (None, _MYSQL_BLOCKED)
    assert "FLUSH HOSTS" in (observation.reason or "")
    assert observation.cost.connections == 1


async def test_plaintext_findings_are_proved_by_both_sides() -> None:
    talk = Talk((_NO_ROOT_DSE, _BIND_REFUSED))
    observation = await _visited(talk.behaviour, "ldap")
    proof = proofs(observation)["starttls_enforced"]
    assert observation.plaintext["starttls_enforced"].verdict is Verdict.YES
    assert proof.answer == talk.sent
    assert proof.offer in talk.heard.values()


async def test_a_long_conversation_is_cut_with_a_note() -> None:
    listed = b"".join(b"250-X-EXTENSION-%04d\r\n" % number for number in range(300))
    talk = Talk((b"220 mail ESMTP\r\n", listed + b"250 8BITMIME\r\n"), greets=True)
    assert len(talk.sent) > MAX_EVIDENCE_LENGTH
    proof = proofs(await _visited(talk.behaviour, "smtp"))["starttls_works"]
    assert proof.answer == talk.sent[:MAX_EVIDENCE_LENGTH]
    assert f"cut at {MAX_EVIDENCE_LENGTH} bytes" in (proof.note or "")


async def test_cookies_of_a_web_server_at_the_port_are_masked() -> None:
    secret = b"HTTP/1.1 400 Bad Request\r\nSet-Cookie: id=tlsprobe-secret\r\n\r\n"
    observation = await _visited(Talk((secret,), greets=True).behaviour, "smtp")
    proof = proofs(observation)["starttls_works"]
    assert proof.answer == secret.replace(b"tlsprobe-secret", b"*" * len(b"tlsprobe-secret"))
