"""Endless server output before TLS, and XML that is not allowed in a stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.connect.starttls.application import application
from probe.connect.starttls.chat.xml_stream import XmlStream
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import at_once, line
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import BrokenOff, Script, Scripted, Turn
from probe.tls.limits import MAX_CONVERSATION_LENGTH, MAX_TURNS
from tests.probe.starttls.play import play

PEER = Peer(name="x.example")
STREAM = b"<?xml version='1.0'?><stream:stream xmlns:stream='x' id='1'>"


def xmpp(features: bytes) -> object:
    makes = application("xmpp").upgrades(PEER)
    assert makes is not None
    return play(makes(), [(None, features)])


def listening() -> Scripted[str]:
    """A script that reads lines without end."""

    def script() -> Script[str]:
        while True:
            yield Turn(until=line, what="the last line")

    return Scripted(script(), lambda broken: f"{broken.ending} {broken.what}")


@pytest.mark.parametrize("content", [b"\n", b"x" * 1000 + b"\n"], ids=["turns", "bytes"])
def test_a_script_ends_after_a_limit_of_turns_and_bytes(content: bytes) -> None:
    talk = listening()
    talk.begin(lambda _: None)
    most = min(MAX_TURNS, MAX_CONVERSATION_LENGTH // len(content))
    for _ in range(most - 1):
        assert talk.feed(content) is None
    assert "None the last line" in (talk.feed(content), talk.feed(content))


def test_a_script_that_waits_for_nothing_ends_too() -> None:
    def script() -> Script[str]:
        while True:
            yield Turn(until=at_once, what="nothing")

    def broken(at: BrokenOff) -> str:
        return at.what

    talk = Scripted(script(), broken)
    talk.begin(lambda _: None)
    assert talk.feed(b"x") == "nothing"


@pytest.mark.parametrize(
    "features",
    [
        b"<stream:features>" + b"<starttls>" * 3100 + b"<starttls/></stream:features>",
        STREAM + b"<stream:features><starttls></stream:features>",
        STREAM + b"<stream:features><a>" * 40 + b"</stream:features>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + STREAM + b"<stream:features/>",
        STREAM + b"<!-- x --><stream:features/>",
        STREAM + b"<?x y?><stream:features/>",
        STREAM + b"<stream:features>" + b"<a/>" * 2000 + b"</stream:features>",
    ],
    ids=["nested", "unclosed", "deep", "document type", "comment", "instruction", "many"],
)
def test_xml_forbidden_in_streams_is_not_xmpp(features: bytes) -> None:
    """RFC 6120, section 11.1, and limits far above any list of features."""
    found = xmpp(features)
    assert isinstance(found, ConnectFailure)
    assert found.kind is FailureKind.OTHER_PROTOCOL


def test_starttls_counts_only_inside_the_stream_features() -> None:
    found = xmpp(STREAM + b"<starttls/><stream:features><a/></stream:features>")
    assert isinstance(found, ConnectFailure)
    assert found.kind is FailureKind.NOT_OFFERED


_NAME = st.from_regex(rb"[a-z]{1,8}", fullmatch=True)


@given(st.lists(st.tuples(_NAME, st.sampled_from([b"", b"p:"])), max_size=20))
def test_the_read_elements_are_the_written_ones(names: list[tuple[bytes, bytes]]) -> None:
    inner = b"".join(
        b"<" + prefix + name + b" a='1'>t</" + prefix + name + b">" for name, prefix in names
    )
    whole = b"<root>" + inner + b"</root>"
    stream = XmlStream()
    assert stream.until("-")(whole + b"<more/>", 0) == len(whole)
    assert stream.is_valid
    assert [one.path for one in stream.elements] == [("root",)] + [
        ("root", name.decode()) for name, _ in names
    ]
    assert all(one.text == "t" for one in stream.elements[1:])


_FORMS = st.sampled_from(
    [
        b"<proceed xmlns='urn:x'/>",
        b'<proceed xmlns="urn:x" />',
        b"<proceed\n/>",
        b"<proceed></proceed>",
        b"<proceed ></proceed\t>",
        b"<tls:proceed xmlns:tls='urn:x'></tls:proceed>",
        b"<proceed a='x>y'/>",
        b"<proceed a='/>'><b/></proceed>",
        b"\n <proceed a='&gt;'/>",
    ]
)


@given(_FORMS, st.lists(st.integers(0, 120), max_size=6))
def test_every_form_of_an_element_ends_where_xml_ends_it(form: bytes, places: list[int]) -> None:
    stream, opened = XmlStream(), b"<?xml version='1.0'?><stream:stream><stream:features a='>'/>"
    assert stream.until("features", "error")(opened, 0) == len(opened)
    received, end = form + b"\x16\x03\x03", stream.until("proceed", "failure")
    seen, found = 0, None
    for place in sorted({*places, len(received)}):
        found = end(received[:place], seen)
        if found is not None:
            break
        seen = min(place, len(received))
    assert found == len(form)
    assert stream.is_valid


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_are_a_stream_or_not_valid(pieces: list[bytes]) -> None:
    stream, received = XmlStream(), b""
    end = stream.until("features")
    for piece in pieces:
        seen, received = len(received), received + piece
        length = end(received, seen)
        if length is not None:
            assert 0 < length <= len(received)
            return


def test_a_long_list_of_mechanisms_ends_with_an_ellipsis() -> None:
    findings = PlaintextFindings()
    findings.login("PLAIN " * 1000)
    value = findings.remarks["login_before_tls"].value
    assert value is not None
    assert len(value) < 600
    assert value.endswith("…")


def test_an_endless_search_is_not_an_answer() -> None:
    makes = application("ldap").looks_in_plaintext(PEER)
    assert makes is not None
    entry = bytes.fromhex("30070201026402 0400".replace(" ", ""))
    findings = play(makes(), [(None, entry * 200)], ending=Ending.SILENCE)
    assert isinstance(findings, PlaintextFindings)
    assert "answers_in_plaintext" not in findings.remarks
