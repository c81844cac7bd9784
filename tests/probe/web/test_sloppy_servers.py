"""Web servers whose head is invalid or missing: browsers and curl show their pages, so they answer in plaintext.

The servers are real sockets, one over TLS and one without. What a browser makes of each answer is from the Fetch
standard (header lists skip what is not a field) and from RFC 9112, appendix A.1 (HTTP/0.9 has no head).
"""

from __future__ import annotations

from ssl import SSLContext, TLSVersion

import pytest

from model.clock import SystemClock
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.programmable.server import Behaviour, Connection, serve, served_on_a_port
from tests.probe.programmable.server_model import ServerModel
from tests.probe.starttls.scripted_servers import tls_context
from tests.zoo.certificates import Certificates

pytestmark = pytest.mark.slow

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
HSTS = b"Strict-Transport-Security: max-age=31536000\r\n"
LENGTH = b"Content-Length: 2\r\n\r\nok"
SETTINGS = ProbeSettings(parts=frozenset({Part.VERSIONS, Part.HTTP, Part.PLAINTEXT}))

WITH_A_HEAD = {
    "valid": b"HTTP/1.1 200 OK\r\n" + HSTS + LENGTH,
    "space in a field's name": b"HTTP/1.1 200 OK\r\nX Powered By: me\r\n" + HSTS + LENGTH,
    "line without a colon": b"HTTP/1.1 200 OK\r\nuserdata not support\r\n" + HSTS + LENGTH,
    "8-bit field name": "HTTP/1.1 200 OK\r\nX-Gr\u00fc\u00dfe: 1\r\n".encode() + HSTS + LENGTH,
    "field without a name": b"HTTP/1.1 200 OK\r\n: 1\r\n" + HSTS + LENGTH,
    "white space before the colon": b"HTTP/1.1 200 OK\r\n" + HSTS.replace(b":", b" :") + LENGTH,
    "control bytes in a value": b"HTTP/1.1 200 OK\r\nX: a\x01\x7fb\r\n" + HSTS + LENGTH,
    "folded line": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n" + HSTS + LENGTH,
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + HSTS + LENGTH,
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n" + HSTS + b"\r\nok",
    "unknown transfer coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n" + HSTS + LENGTH,
    "line feeds alone": b"HTTP/1.1 200 OK\n" + HSTS.replace(b"\r", b"") + b"\nok",
    "no reason": b"HTTP/1.1 200\r\n" + HSTS + LENGTH,
    "lower case": b"http/1.1 200 ok\r\n" + HSTS + LENGTH,
    "two spaces before the status": b"HTTP/1.1  200 OK\r\n" + HSTS + LENGTH,
    "line end before the head": b"\r\nHTTP/1.1 200 OK\r\n" + HSTS + LENGTH,
    "HTTP/2 in words": b"HTTP/2 200\r\n" + HSTS + LENGTH,
    "head without an end": b"HTTP/1.1 200 OK\r\n" + HSTS,
    "interim reply first": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n" + HSTS + LENGTH,
}


def answering(content: bytes) -> Behaviour:
    """Answers one HTTP request with ``content``, then closes."""

    async def behave(connection: Connection) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            piece = await connection.receive()
            if not piece:
                return
            received += piece
        await connection.send(content)

    return behave


async def visit(over_tls: bytes, in_plaintext: bytes, certificates: Certificates) -> Observation:
    context: SSLContext = tls_context(certificates)
    context.minimum_version = TLSVersion.TLSv1_2
    async with (
        serve(answering(over_tls), ("127.0.0.1",), context) as secure,
        serve(answering(in_plaintext)) as bare,
    ):
        labels = {"http": "yes", "http_port": str(bare.port)}
        target = Target(host="127.0.0.1", port=secure.port, server_name="zoo.test", labels=labels)
        return await Engine(SETTINGS, SystemClock()).visit(
            Endpoint(target=target, address="127.0.0.1")
        )


@pytest.mark.parametrize("name", WITH_A_HEAD)
async def test_a_field_is_found_in_a_malformed_head(name: str, certificates: Certificates) -> None:
    seen = await visit(WITH_A_HEAD[name], WITH_A_HEAD[name], certificates)
    assert seen.http["status"].value == "200"
    assert (seen.http["hsts"].verdict, seen.http["hsts"].value) == (YES, "31536000")
    assert seen.plaintext["answers_in_plaintext"].verdict is YES
    assert seen.http["redirects_to_https"].verdict is NO


@pytest.mark.parametrize(
    ("name", "page", "in_plaintext", "redirects", "hsts"),
    [
        ("HTTP/0.9", b"<html><body>hello</body></html>", YES, NO, NO),
        ("doctype", b"\r\n <!DOCTYPE html>\n<p>hello", YES, NO, NO),
        ("status that is not a number", b"HTTP/1.1 fine\r\n\r\nhello", YES, UNKNOWN, UNKNOWN),
        ("head without an end", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000, YES, UNKNOWN, UNKNOWN),
        ("unknown bytes", b"\x00\x01\x02\x03hello", UNKNOWN, None, None),
        ("another protocol", b"SSH-2.0-OpenSSH_9.9\r\n", NO, None, None),
        ("a TLS alert", b"\x15\x03\x03\x00\x02\x02\x46", NO, None, None),
    ],
)
async def test_an_answer_without_a_readable_head_still_gives_facts(
    name: str,
    page: bytes,
    in_plaintext: Verdict,
    redirects: Verdict | None,
    hsts: Verdict | None,
    certificates: Certificates,
) -> None:
    seen = await visit(page, page, certificates)
    facts = {**seen.http, **seen.plaintext}
    found = {
        fact: facts[fact].verdict if fact in facts else None
        for fact in ("answers_in_plaintext", "redirects_to_https", "hsts")
    }
    wanted = {"answers_in_plaintext": in_plaintext, "redirects_to_https": redirects, "hsts": hsts}
    assert found == wanted, name
    assert all(one.evidence is not None for one in facts.values())


async def test_an_error_page_without_a_head_on_the_tls_port_is_a_refusal() -> None:
    """Apache 2.2 answered a plaintext request on its TLS port in this way."""
    page = b"<!DOCTYPE HTML PUBLIC '-//IETF//DTD HTML 2.0//EN'><title>400 Bad Request</title>"
    in_tls = served_on_a_port(ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: (0xC02F,)}))

    async def behave(connection: Connection) -> None:
        first = await connection.receive()
        if first.startswith(b"GET "):
            await connection.send(page)
        elif first:
            connection.reader.feed_data(first)
            await in_tls(connection)

    async with serve(behave) as server:
        target = Target(
            host="127.0.0.1", port=server.port, server_name=None, labels={"http": "yes"}
        )
        seen = await Engine(SETTINGS, SystemClock()).visit(
            Endpoint(target=target, address="127.0.0.1")
        )
    assert seen.plaintext["answers_in_plaintext"].verdict is NO
