"""The proof of a fact from before TLS: the bytes of both sides, complete, or marked as truncated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import pytest

from model.observation import Observation
from model.verdict import Evidence, Fact, Verdict
from probe.connect.starttls.application import application
from probe.connect.starttls.catalogue import STARTTLS
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import ConnectFailure
from probe.tls.limits import MAX_EVIDENCE_LENGTH
from service.scan.explaining.find import find_fact
from service.scan.explaining.run import Explained
from service.scan.explaining.text import explanation_json
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
    """A server that knows one answer to each kind of message, and records both sides of each connection.

    It gives the first of the ``answers`` whose words are in the message. The client may leave without the
    answer to ``last_words``.
    """

    def __init__(
        self, answers: Mapping[bytes, bytes], greeting: bytes = b"", last_words: bytes | None = None
    ) -> None:
        self._answers = answers
        self._last_words = last_words
        self._left: set[tuple[bytes, bytes]] = set()
        self._greeting = greeting
        self.heard: dict[int, bytes] = {}
        self.sent: dict[int, bytes] = {}

    @property
    def conversations(self) -> set[tuple[bytes, bytes]]:
        """What each connection received and sent."""
        return self._left | {(self.heard[number], self.sent[number]) for number in self.heard}

    @property
    def behaviour(self) -> Behaviour:
        """Its answers on each connection."""

        async def behave(connection: Connection) -> None:
            self.heard[connection.number], self.sent[connection.number] = b"", self._greeting
            await connection.send(self._greeting)
            while some := await connection.receive():
                self.heard[connection.number] += some
                if self._last_words is not None and self._last_words in some:
                    self._left.add((self.heard[connection.number], self.sent[connection.number]))
                answer = next((said for words, said in self._answers.items() if words in some), b"")
                self.sent[connection.number] += answer
                await connection.send(answer)

        return behave


def proofs(observation: Observation) -> dict[str, Evidence]:
    """The evidence of the plaintext facts, by name."""

    def proof(fact: Fact) -> Evidence:
        assert fact.evidence is not None
        return fact.evidence

    return {name: proof(fact) for name, fact in observation.plaintext.items()}


_STARTTLS_OID = b"1.3.6.1.4.1.1466.20037"
_BIND_REFUSED = bytes.fromhex("3014 020101 61 0f 0a010d 0400 0408") + b"no clear"
_NO_ROOT_DSE = bytes.fromhex("300c 020101 65 07 0a0100 0400 0400")
_STARTTLS_REFUSED = bytes.fromhex("3016 020101 78 11 0a0134 0400 040a") + b"no TLS now"
_RDP_HYBRID = bytes.fromhex("0300 0013 0ed000000000 00 03000800 05000000")
_XMPP_FEATURES = (
    b"<?xml version='1.0'?>\n<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>"
    b"<stream:features>  <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    b"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
    b"</mechanisms></stream:features>"
)
_XMPP_FAILURE = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"
_POSTGRES_ERROR = b"E\x00\x00\x00\x2aSFATAL\0C28000\0Mno encryption for x\0\0"
_MYSQL_BLOCKED = bytes.fromhex("1d000000 ff 6904") + b"Host is blocked, says MySQL"[:26]
_MYSQL_WITHOUT_TLS = bytes.fromhex(
    "4a0000000a382e302e333600 08000000 3b4f7a1c2d3e4f50 00 fff7 ff 0200 ffdf 15"
    "00000000000000000000 6162636465666768696a6b6c 00"
    "63616368696e675f736861325f70617373776f726400"
)
_MYSQL_DENIED = bytes.fromhex("13000002 ff 1504") + b"#28000no such us"
_PRELOGIN_WITHOUT_TLS = bytes.fromhex("0401001a00000100 00000b0006 0100110001 ff 0c0007d00000 02")
_AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
_MAIL_LISTS = b"250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n"
_MAIL = {
    b"HLO": _MAIL_LISTS,
    b"STARTTLS": b"454 4.7.0  not\tnow \r\n",
    b"MAIL": b"530 5.7.0 Must issue a STARTTLS command first\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}
_XMPP = {b"<starttls": _XMPP_FAILURE, b"<stream:stream": _XMPP_FEATURES}

CONVERSATIONS: Final[Mapping[str, tuple[bytes, Mapping[bytes, bytes]]]] = {
    "smtp": (b"220-mail.example ESMTP\r\n220 hello\r\n", {b"EHLO": _MAIL_LISTS} | _MAIL),
    "submission": (b"220 mail.example ESMTP\r\n", _MAIL),
    "lmtp": (b"220 mail.example LMTP\r\n", _MAIL),
    "imap": (
        b"* OK  hello \r\n",
        {
            b"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\na1 OK done\r\n",
            b"STARTTLS": b"a2 NO not now\r\n",
            b"LOGOUT": b"* BYE bye\r\na3 OK done\r\n",
        },
    ),
    "pop3": (
        b"+OK hello\r\n",
        {
            b"CAPA": b"+OK\r\nSTLS\r\nUSER\r\n.\r\n",
            b"STLS": b"-ERR not now\r\n",
            b"USER": b"-ERR use TLS\r\n",
            b"QUIT": b"+OK bye\r\n",
        },
    ),
    "sieve": (
        b'"IMPLEMENTATION" "x"\r\n"SASL" "PLAIN"\r\n"STARTTLS"\r\nOK\r\n',
        {b"STARTTLS": b'NO "not now"\r\n', b"LOGOUT": b"OK\r\n"},
    ),
    "ftp": (
        b"220-ftp\r\n hello\r\n220 ready\r\n",
        {
            b"AUTH": b"431 not now\r\n",
            b"FEAT": b"211-Features:\r\n AUTH TLS\r\n211 End\r\n",
            b"USER": b"530 Non-anonymous sessions must use encryption.\r\n",
            b"QUIT": b"221 bye\r\n",
        },
    ),
    "ldap": (
        b"",
        {
            _STARTTLS_OID: _STARTTLS_REFUSED,
            b"supportedExtension": _NO_ROOT_DSE,
            b"\x60\x07": _BIND_REFUSED,
        },
    ),
    "xmpp-client": (b"", _XMPP),
    "xmpp-server": (b"", _XMPP),
    "nntp": (
        b"200 news\r\n",
        {
            b"CAPABILITIES": b"101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n",
            b"STARTTLS": b"580 not now\r\n",
            b"MODE READER": b"483 use TLS\r\n",
            b"QUIT": b"205 bye\r\n",
        },
    ),
    "irc": (
        b":x NOTICE * :hello\r\n",
        {
            b"CAP LS": b":x CAP * LS :sasl tls\r\n",
            b"STARTTLS": b":x 691 * :not now\r\n",
            b"NICK": b":x 001 tlsprobe :hello\r\n",
            b"QUIT": b"ERROR :bye\r\n",
        },
    ),
    "postgres": (b"", {b"tlsprobe": _POSTGRES_ERROR, b"": b"N"}),
    "mysql": (_MYSQL_WITHOUT_TLS, {b"tlsprobe": _MYSQL_DENIED}),
    "mssql": (b"", {b"": _PRELOGIN_WITHOUT_TLS}),
    "rdp": (b"", {b"": _RDP_HYBRID}),
    "vnc": (b"RFB 003.008\n", {b"RFB": b"\x02\x01\x02"}),
    "amqp": (b"", {b"": _AMQP_HEADER}),
}
"""A greeting, and answers to messages, of a server that speaks the protocol and begins no TLS."""

LAST_WORDS: Final = {"mysql": b"tlsprobe"}
"""A login that is denied ends a MySQL session without TLS, so that the server does not count it as broken."""


def test_every_protocol_with_starttls_has_a_conversation() -> None:
    assert [*CONVERSATIONS] == [one.name for one in STARTTLS]


@pytest.mark.parametrize("protocol", CONVERSATIONS)
async def test_each_fact_before_tls_is_proved_by_all_bytes_of_its_connection(protocol: str) -> None:
    greeting, answers = CONVERSATIONS[protocol]
    talk = Talk(answers, greeting, LAST_WORDS.get(protocol))
    observation = await _visited(talk.behaviour, protocol)
    found = proofs(observation)
    assert {"starttls_works", "answers_in_plaintext"} <= found.keys()
    assert observation.plaintext["starttls_works"].verdict is Verdict.NO
    for name, proof in found.items():
        assert (proof.offer or b"", proof.answer or b"") in talk.conversations, name
        assert not proof.is_cut, name


@pytest.mark.parametrize("protocol", CONVERSATIONS)
async def test_explain_shows_the_same_bytes(protocol: str) -> None:
    greeting, answers = CONVERSATIONS[protocol]
    talk = Talk(answers, greeting, LAST_WORDS.get(protocol))
    observation = await _visited(talk.behaviour, protocol)
    for name in observation.plaintext:
        explained = Explained(
            endpoint=observation.endpoint,
            answered=observation.answered,
            reason=observation.reason,
            explanations=tuple(find_fact(name).find(observation)),
        )
        shown = json.loads(explanation_json(explained))["explanations"]
        pairs = [tuple(_raw(one[side]) for side in ("sent", "received")) for one in shown]
        assert pairs
        assert set(pairs) <= talk.conversations, name


def _raw(side: dict[str, str] | None) -> bytes:
    return bytes.fromhex(side["hex"]) if side else b""


async def test_a_mysql_refusal_is_quoted_and_stored_completely() -> None:
    talk = Talk({}, _MYSQL_BLOCKED)
    observation = await _visited(talk.behaviour, "mysql")
    proof = proofs(observation)["starttls_works"]
    assert (proof.offer, proof.answer) == (None, _MYSQL_BLOCKED)
    assert "FLUSH HOSTS" in (observation.reason or "")
    assert observation.cost.connections == 1


async def test_a_long_conversation_is_cut_and_marked_as_cut() -> None:
    listed = b"".join(b"250-X-EXTENSION-%04d\r\n" % number for number in range(300))
    talk = Talk({b"EHLO": listed + b"250 8BITMIME\r\n"}, b"220 mail ESMTP\r\n")
    proof = proofs(await _visited(talk.behaviour, "smtp"))["starttls_works"]
    sent = talk.sent[1]
    assert len(sent) > MAX_EVIDENCE_LENGTH
    assert (proof.answer, proof.is_cut) == (sent[:MAX_EVIDENCE_LENGTH], True)


async def test_the_greeting_that_shows_the_protocol_is_stored_completely() -> None:
    greeting = b"220-%s\r\n220 mail ESMTP\r\n" % (b"hello " * 200)
    observation = await _visited(Talk({}, greeting).behaviour, "auto")
    proof = proofs(observation)["application_protocol"]
    assert (proof.answer, proof.is_cut) == (greeting, False)


async def test_cookies_of_a_web_server_at_the_port_are_masked() -> None:
    secret = b"HTTP/1.1 400 Bad Request\r\nSet-Cookie: id=tlsprobe-secret\r\n\r\n"
    observation = await _visited(Talk({}, secret).behaviour, "smtp")
    proof = proofs(observation)["starttls_works"]
    assert proof.answer == secret.replace(b"tlsprobe-secret", b"*" * len(b"tlsprobe-secret"))
