"""What servers, proxies and authorities send outside TLS: protocols before TLS, HTTP, proxies, OCSP, CRLs and logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from model.certificates.certificate import RevocationMethod
from pki.revocation.crl import freshest_urls, judge_crl
from pki.revocation.ocsp import judge_ocsp
from pki.revocation.signed import RevocationQuery
from pki.transparency.scts import StapledData, judge_scts
from probe.connect.proxy.http_connect import HttpConnect
from probe.connect.proxy.socks5 import Socks5
from probe.connect.starttls.catalogue import APPLICATIONS
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import Ending
from probe.mail_domain.sts_policy import StsPolicyError, allows, read_policy
from probe.mail_domain.text_records import TextRecordError, report_record, sts_id
from probe.web.cookies import mask_cookies
from probe.web.http_get import Http1Get, Http2Get, HttpRequest
from probe.web.in_plaintext import PlaintextRequest
from probe.web.reply import read_reply
from probe.web.status_line import http_status
from service.probe_endpoint.staple import staple_of

_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PEER: Final = Peer(name="x.example")


class _Dialogue(Protocol):
    def begin(self, send: Callable[[bytes], None], /) -> None: ...

    def feed(self, received: bytes, /) -> object: ...

    def end(self, ending: Ending, /) -> object: ...


def scripts(some: bytes) -> None:
    """Each script before TLS ends with a result, whatever the server says; the first byte chooses the script."""
    made = tuple(_scripts())
    if some:
        _play(made[some[0] % len(made)](), some[1:])


def _scripts() -> Iterator[Callable[[], Any]]:
    for application in APPLICATIONS.values():
        for makes in (application.upgrades(_PEER), application.looks_in_plaintext(_PEER)):
            if makes is not None:
                yield makes


def proxies(some: bytes) -> None:
    """A proxy's answers open the tunnel or end the dialogue."""
    _play(HttpConnect("x.example", 443, None), some)
    _play(Socks5("192.0.2.1", 443, ("user", "password")), some)


def http(some: bytes) -> None:
    """An answer of HTTP/1.1 or HTTP/2 is read or refused; masking its cookies again changes nothing."""
    asked = HttpRequest(scheme="https", host="x.example", path="/", user_agent="test")
    for kind in (Http1Get, Http2Get):
        _play(kind(asked, lambda: 0.0), some)
    _play(PlaintextRequest("x.example", user_agent="test"), some)
    read_reply(some)
    http_status(some)
    assert mask_cookies(mask_cookies(some)) == mask_cookies(some)


def revocation(some: bytes) -> None:
    """An OCSP response or a CRL without the authority's signature proves nothing and raises nothing."""
    about = _query()
    for found in (judge_ocsp(some, about, RevocationMethod.OCSP), judge_crl(some, about)):
        assert found.is_revoked.value == "unknown"
    freshest_urls(some)
    staple_of(some)


def timestamps(some: bytes) -> None:
    """A list of signed certificate timestamps is read or refused."""
    judge_scts(b"", None, StapledData(sct_list=some), None, _AT)


def _play(dialogue: _Dialogue, some: bytes) -> None:
    dialogue.begin(_discard)
    half = len(some) // 2
    for piece in (some[:half], some[half:]):
        if piece and dialogue.feed(piece) is not None:
            return
    assert dialogue.end(Ending.CLOSED) is not None


def _discard(_: bytes) -> None:
    return


@lru_cache
def _query() -> RevocationQuery:
    """A question about a certificate of an authority that signs nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(_AT - timedelta(days=1))
        .not_valid_after(_AT + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    return RevocationQuery(certificate=made, issuer=made, position=0, at=_AT)


def mail_domains(some: bytes) -> None:
    """What a mail domain publishes is read, or refused with a sentence; the first byte chooses what it is."""
    kind, text = some[:1], some[1:]
    if kind == b"p":
        with suppress(StsPolicyError):
            policy = read_policy(text)
            assert policy.mx or policy.mode == "none"
            assert not allows(policy, "")
        return
    with suppress(TextRecordError):
        assert 1 <= len(sts_id(text.split(b"\n"))) <= 32
    with suppress(TextRecordError):
        assert report_record(text.split(b"\n")).rua
