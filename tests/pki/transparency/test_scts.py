"""Timestamps count if the log signed them over this certificate, however they were delivered."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from model.certificates.certificate import SctSource
from model.verdict import Verdict
from pki.certificates import parse_certificate
from pki.certificates.reading.der import Element, Tag, first
from pki.transparency import (
    LogList,
    LogListError,
    StapledData,
    judge_policies,
    judge_scts,
    read_log_list,
)
from tests.pki.certificates.compressed_point import with_compressed_point
from tests.pki.certificates.making import DAY, NOW, SERVER_NAMES, Made
from tests.pki.revocation.making import ISSUER, LEAF, response
from tests.pki.transparency.making import (
    OurLog,
    entry_of,
    entry_of_precertificate,
    sct_list,
    write_list,
)

ONE = OurLog(key=ec.generate_private_key(ec.SECP256R1()), name="one", operator="A")
TWO = OurLog(key=rsa.generate_private_key(65537, 2048), name="two", operator="B")
THREE = OurLog(key=ec.generate_private_key(ec.SECP256R1()), name="three", operator="B")
RETIRED = OurLog(
    key=ec.generate_private_key(ec.SECP256R1()), name="old", operator="A", state="retired"
)
ENDED = OurLog(
    key=ec.generate_private_key(ec.SECP256R1()), name="ended", operator="A", end=NOW - DAY
)
STRANGER = OurLog(key=ec.generate_private_key(ec.SECP256R1()), name="stranger", operator="C")
LISTED = (ONE, TWO, THREE, RETIRED, ENDED)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> LogList:
    return read_log_list(write_list(tmp_path_factory.mktemp("logs") / "list.json", *LISTED))


def with_embedded(*logs_that_sign: OurLog, days: int = 60, issuer: Made = ISSUER) -> Made:
    """A certificate with embedded timestamps, made from a precertificate as a CA does it."""
    key = ec.generate_private_key(ec.SECP256R1())
    assert isinstance(ISSUER.key, ec.EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(ISSUER.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + (days - 1) * DAY)
        .add_extension(x509.SubjectAlternativeName(SERVER_NAMES), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ISSUER.key.public_key()),
            critical=False,
        )
    )
    before = builder.sign(ISSUER.key, hashes.SHA256())
    entry = entry_of_precertificate(before, issuer)
    listed = sct_list(*(log.sct(entry) for log in logs_that_sign))
    value = b"\x04\x82" + len(listed).to_bytes(2, "big") + listed
    identifier = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
    whole = builder.add_extension(x509.UnrecognizedExtension(identifier, value), critical=False)
    return Made(certificate=whole.sign(ISSUER.key, hashes.SHA256()), key=key)


def judged(leaf: Made, logs: LogList | None, beside: StapledData) -> list[tuple[str, str]]:
    found = judge_scts(leaf.der, ISSUER.der, beside, logs, NOW)
    return [(one.is_valid.value, one.reason or "") for one in found]


def by_tls(*scts: bytes) -> StapledData:
    return StapledData(sct_list=sct_list(*scts))


def test_embedded_timestamps_are_over_the_precertificate(logs: LogList) -> None:
    leaf = with_embedded(ONE, TWO)
    found = judge_scts(leaf.der, ISSUER.der, StapledData(), logs, NOW)
    assert [(one.source, one.log_name, one.operator, one.is_valid) for one in found] == [
        (SctSource.CERTIFICATE, "one", "A", Verdict.YES),
        (SctSource.CERTIFICATE, "two", "B", Verdict.YES),
    ]
    assert found[0].at == NOW - DAY
    assert parse_certificate(leaf.der).embedded_scts == 2


def test_the_hash_of_the_issuers_key_is_of_its_bytes(logs: LogList) -> None:
    """Logs hash the issuer's SubjectPublicKeyInfo as it stands in the certificate (RFC 6962, section 3.2)."""
    issuer = with_compressed_point(ISSUER)
    leaf = with_embedded(ONE, issuer=issuer)
    (found,) = judge_scts(leaf.der, issuer.der, StapledData(), logs, NOW)
    assert found.is_valid is Verdict.YES


def test_timestamps_from_the_handshake_are_over_the_certificate(logs: LogList) -> None:
    entry = entry_of(LEAF.certificate)
    assert judged(LEAF, logs, by_tls(ONE.sct(entry), TWO.sct(entry))) == 2 * [("yes", "")]


@pytest.mark.parametrize(
    ("log", "at", "verdict", "reason"),
    [
        (STRANGER, NOW - DAY, "unknown", "The log list does not contain this log."),
        (ONE, NOW + DAY, "no", "The timestamp is dated in the future."),
        (ENDED, NOW - DAY, "no", "The certificate expires outside the log's interval."),
    ],
)
def test_a_timestamp_that_does_not_count_has_a_reason(
    log: OurLog, at: datetime, verdict: str, reason: str, logs: LogList
) -> None:
    sct = log.sct(entry_of(LEAF.certificate), at)
    assert judged(LEAF, logs, by_tls(sct)) == [(verdict, reason)]


def test_a_timestamp_of_another_certificate_does_not_count_for_this_one(logs: LogList) -> None:
    sct = ONE.sct(entry_of(ISSUER.certificate))
    reason = "The signature is not from this log, or not for this certificate."
    assert judged(LEAF, logs, by_tls(sct)) == [("no", reason)]


def test_without_a_list_or_an_issuer_it_is_unknown(logs: LogList) -> None:
    leaf = with_embedded(ONE)
    assert judged(leaf, None, StapledData()) == [("unknown", "No log list is configured.")]
    (found,) = judge_scts(leaf.der, None, StapledData(), logs, NOW)
    assert found.is_valid is Verdict.UNKNOWN


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_raise(listed: bytes, leaf: bytes) -> None:
    beside = StapledData(sct_list=listed, ocsp_response=listed)
    for der in (leaf, LEAF.der):
        found = judge_scts(der, ISSUER.der, beside, {}, NOW)
        assert all(one.is_valid is Verdict.UNKNOWN for one in found)


@pytest.mark.parametrize(
    ("signing", "days", "verdict", "reason"),
    [
        ((ONE, TWO), 60, "yes", None),
        ((ONE, TWO, THREE), 300, "yes", None),
        ((ONE, RETIRED, TWO), 300, "yes", None),
        ((ONE, TWO), 300, "no", "2 valid timestamps from qualified logs; 3 are required."),
        ((ONE,), 60, "no", "1 valid timestamps from qualified logs; 2 are required."),
        ((TWO, THREE), 60, "no", "All timestamps are from one operator; two are required."),
        (
            (ONE, STRANGER),
            60,
            "unknown",
            "1 valid timestamps from qualified logs; 2 are required.",
        ),
    ],
)
def test_the_policies_count_logs_and_operators(
    signing: tuple[OurLog, ...],
    days: int,
    verdict: str,
    reason: str | None,
    logs: LogList,
) -> None:
    leaf = with_embedded(*signing, days=days)
    scts = judge_scts(leaf.der, ISSUER.der, StapledData(), logs, NOW)
    found = judge_policies(parse_certificate(leaf.der), scts, logs)
    assert {name: (one.verdict.value, one.reason) for name, one in found.items()} == {
        "apple": (verdict, reason),
        "chrome": (verdict, reason),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not valid JSON"),
        ("[]", "it has no list of operators"),
        ('{"operators": []}', "contains no logs"),
        ('{"operators": [{}]}', "operator 1 has no name"),
        ('{"operators": [{"name": "A", "logs": null}]}', "logs of operator A is not a list"),
        ('{"operators": [{"name": "A", "logs": [{}]}]}', "logs 1 of operator A cannot be read"),
        (
            '{"operators": [{"name": "A", "logs": [{"key": "AAAA", "log_id": "AAAA"}]}]}',
            "its log_id is not the hash of its key",
        ),
    ],
)
def test_a_bad_list_is_reported_in_one_sentence(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text(text)
    with pytest.raises(LogListError, match=told):
        read_log_list(file)
    with pytest.raises(LogListError, match="cannot be read"):
        read_log_list(tmp_path / "nowhere")


def test_timestamps_in_a_stapled_response_are_read(logs: LogList) -> None:
    listed = sct_list(ONE.sct(entry_of(LEAF.certificate)))
    staple = with_extension(response(about=LEAF), "1.3.6.1.4.1.11129.2.4.5", listed)
    (found,) = judge_scts(LEAF.der, ISSUER.der, StapledData(ocsp_response=staple), logs, NOW)
    assert (found.source, found.is_valid) == (SctSource.OCSP, Verdict.YES)


def with_extension(staple: bytes, identifier: str, value: bytes) -> bytes:
    """The response with that extension in its single response, which no builder here supports."""
    outer = first(staple, Tag.SEQUENCE)
    assert outer is not None
    status, wrapped = outer.children()
    kind, octets = _only(wrapped).children()
    basic = _only(octets)
    data, *signature = basic.children()
    parts = list(data.children())
    responses = _only(parts[-1])
    extension = _sequence(
        Element(tag=Tag.OBJECT_IDENTIFIER, content=_identifier(identifier)),
        Element(tag=Tag.OCTET_STRING, content=_octets(value)),
    )
    extensions = Element(tag=0xA1, content=_sequence(extension).encode())
    single = _sequence(*responses.children(), extensions)
    parts[-1] = _sequence(single)
    whole = _sequence(_sequence(*parts), *signature)
    inner = _sequence(kind, Element(tag=Tag.OCTET_STRING, content=whole.encode()))
    return _sequence(status, Element(tag=0xA0, content=inner.encode())).encode()


def _only(element: Element) -> Element:
    (found,) = element.children()
    return found


def _sequence(*parts: Element) -> Element:
    return Element(tag=Tag.SEQUENCE, content=b"".join(part.encode() for part in parts))


def _octets(value: bytes) -> bytes:
    return Element(tag=Tag.OCTET_STRING, content=value).encode()


def _identifier(dotted: str) -> bytes:
    first_arc, second_arc, *arcs = map(int, dotted.split("."))
    found = bytes((40 * first_arc + second_arc,))
    for arc in arcs:
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.insert(0, 0x80 | (arc & 0x7F))
        found += bytes(octets)
    return found
