"""Plaintext questions, without a socket: dialogues as servers spoke them, and arbitrary bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.connect.starttls.application import application
from probe.connect.starttls.catalogue import IN_PLAINTEXT, STARTTLS
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import ConnectFailure, Ending
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Scripted
from tests.probe.starttls.play import Cut, Turns, byte_by_byte, play, whole

PEER = Peer(name="x.example")
LOOKING = [one.name for one in (*STARTTLS, *IN_PLAINTEXT) if one.in_plaintext is not None]

_ROOT_DSE = (
    bytes.fromhex("3081940201016481 8e040030818930 25".replace(" ", ""))
    + bytes.fromhex("0412")
    + b"supportedExtension"
    + bytes.fromhex("311804 16".replace(" ", ""))
    + b"1.3.6.1.4.1.1466.20037"
    + bytes.fromhex("3027 0417".replace(" ", ""))
    + b"supportedSASLMechanisms"
    + bytes.fromhex("310c 0405".replace(" ", ""))
    + b"PLAIN"
    + bytes.fromhex("0403")
    + b"GSS"
)

DIALOGUES: tuple[tuple[str, Turns, dict[str, str]], ...] = (
    (
        "submission",
        (
            (b"", b"220 mail ESMTP\r\n"),
            (None, b"250-mail\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n"),
            (b"MAIL FROM:<>\r\n", b"530 5.7.0 Must issue a STARTTLS command first\r\n"),
            (b"QUIT\r\n", b"221 bye\r\n"),
        ),
        {
            "starttls_offered": "yes",
            "login_before_tls": "yes PLAIN LOGIN",
            "answers_in_plaintext": "no",
            "starttls_enforced": "yes",
        },
    ),
    (
        "ftp",
        (
            (b"", b"220 ftp\r\n"),
            (b"FEAT\r\n", b"211-Features:\r\n AUTH TLS\r\n211 End\r\n"),
            (b"USER tlsprobe\r\n", b"550 SSL/TLS required on the control channel\r\n"),
            (b"QUIT\r\n", b"221 bye\r\n"),
        ),
        {
            "starttls_offered": "yes",
            "login_before_tls": "no",
            "answers_in_plaintext": "no",
            "starttls_enforced": "yes",
        },
    ),
    (
        "ftp",
        (
            (b"", b"220 ftp\r\n"),
            (b"FEAT\r\n", b"500 what?\r\n"),
            (b"USER tlsprobe\r\n", b"530 no such user\r\n"),
            (b"QUIT\r\n", b"221 bye\r\n"),
        ),
        {},
    ),
    (
        "postgres",
        ((None, b"R\x00\x00\x00\x08\x00\x00\x00\x00"),),
        {
            "answers_in_plaintext": "yes no password",
            "starttls_enforced": "no",
            "login_before_tls": "no",
        },
    ),
    ("postgres", ((None, b"E\x00\x00\x00\x17SFATAL\0C57P03\0Mx\0\0\0"),), {}),
    (
        "amqp",
        ((b"AMQP\x00\x00\x09\x01", b"AMQP\x03\x01\x00\x00"),),
        {"answers_in_plaintext": "yes AMQP 1.0", "starttls_enforced": "no"},
    ),
    ("redis", ((b"PING\r\n", b"HTTP/1.1 400 Bad Request\r\n"),), {}),
    (
        "mqtt",
        ((None, b"\x20\x02\x00\x05"),),
        {
            "answers_in_plaintext": "yes not authorized",
            "login_before_tls": "yes name and password",
        },
    ),
    ("elasticsearch", ((None, b"HTTP/1.1 400 Bad Request\r\n"),), {}),
)


def dialogue(name: str) -> Scripted[PlaintextFindings | ConnectFailure]:
    """The plaintext questions of that protocol."""
    looks = application(name).looks_in_plaintext(PEER)
    assert looks is not None
    return looks()


def shown(findings: PlaintextFindings | ConnectFailure) -> dict[str, str]:
    """Verdicts with their values, by name."""
    assert isinstance(findings, PlaintextFindings)
    return {
        name: f"{remark.verdict} {remark.value or ''}".strip()
        for name, remark in findings.remarks.items()
    }


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
@pytest.mark.parametrize(("name", "turns", "facts"), DIALOGUES)
def test_plaintext_answers_of_a_server_are_facts(
    name: str, turns: Turns, facts: dict[str, str], cut: Cut
) -> None:
    assert shown(play(dialogue(name), turns, cut)) == facts


def test_the_mechanisms_of_ldap_are_read_by_their_lengths() -> None:
    done = bytes.fromhex("300c02010165070a010004000400")
    bound = bytes.fromhex("300c02010261070a010004000400")
    talk = dialogue("ldap")
    found = shown(play(talk, [(None, _ldap_message(_ROOT_DSE) + done), (None, bound)]))
    assert found["login_before_tls"] == "yes simple PLAIN GSS"


def _ldap_message(root_dse: bytes) -> bytes:
    """The message with the length of its whole content."""
    content = root_dse[3:]
    return b"\x30\x81" + bytes((len(content),)) + content


@pytest.mark.parametrize("name", LOOKING)
def test_no_credentials_are_ever_shown(name: str) -> None:
    talk = dialogue(name)
    talk.begin(lambda _: None)
    talk.end(Ending.CLOSED)
    assert b"PASS" not in talk.said.upper()


@given(
    name=st.sampled_from(LOOKING),
    pieces=st.lists(st.binary(max_size=60), max_size=6),
    ending=st.sampled_from(Ending),
)
def test_any_bytes_give_plaintext_findings(name: str, pieces: list[bytes], ending: Ending) -> None:
    talk = dialogue(name)
    talk.begin(lambda _: None)
    found = next((one for piece in pieces if (one := talk.feed(piece)) is not None), None)
    findings = found if found is not None else talk.end(ending)
    notes = (
        [findings.detail]
        if isinstance(findings, ConnectFailure)
        else [remark.note for remark in findings.remarks.values()]
    )
    assert all(note.isprintable() for note in notes)
