"""An OCSP response counts only if it is for the certificate, has an authorised signer, and is fresh."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from model.certificates.certificate import RevocationMethod
from model.verdict import Verdict
from pki.revocation.ocsp import judge_ocsp, ocsp_request
from tests.pki.certificates.compressed_point import with_compressed_point
from tests.pki.certificates.making import DAY, NOW
from tests.pki.revocation.making import (
    ABOUT,
    ISSUER,
    LATE,
    LEAF,
    OTHER,
    PLAIN,
    RESPONDER,
    REVOKED,
    STRANGER,
    response,
)

STAPLE = RevocationMethod.STAPLE


def test_good_means_not_revoked_and_has_dates() -> None:
    found = judge_ocsp(response(), ABOUT, STAPLE)
    assert (found.is_revoked, found.reason) == (Verdict.NO, None)
    assert (found.this_update, found.next_update) == (NOW - DAY, NOW + DAY)


def test_revoked_has_its_date_and_reason() -> None:
    found = judge_ocsp(response(status=REVOKED), ABOUT, STAPLE)
    assert (found.is_revoked, found.revoked_at) == (Verdict.YES, NOW - 2 * DAY)
    assert found.reason == "The CA's reason: keyCompromise."


def test_a_responder_authorised_by_the_issuer_counts() -> None:
    assert judge_ocsp(response(signer=RESPONDER), ABOUT, STAPLE).is_revoked is Verdict.NO


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response(about=OTHER), "The response is for another certificate."),
        (response(next_update=NOW - DAY), "The response has been stale since 2026-05-31."),
        (
            response(this_update=NOW + DAY, next_update=NOW + 2 * DAY),
            "The response is dated in the future.",
        ),
        (
            response(status=ocsp.OCSPCertStatus.UNKNOWN),
            "The responder does not know the certificate.",
        ),
        (
            response(
                extensions=(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\0"),)
            ),
            "The response has the unsupported critical extension 1.2.3.",
        ),
        (
            ocsp.OCSPResponseBuilder.build_unsuccessful(
                ocsp.OCSPResponseStatus.TRY_LATER
            ).public_bytes(Encoding.DER),
            "The responder returned an error: try later.",
        ),
        *(
            (
                answer,
                "The response is not signed by the issuer, nor by a responder that it authorized.",
            )
            for answer in (
                response(signer=STRANGER),
                response(signer=PLAIN),
                response(signer=LATE),
                response()[:-1] + bytes((response()[-1] ^ 1,)),
            )
        ),
    ],
)
def test_an_untrustworthy_answer_is_unknown(answer: bytes, reason: str) -> None:
    found = judge_ocsp(answer, ABOUT, STAPLE)
    assert (found.is_revoked, found.reason) == (Verdict.UNKNOWN, reason)


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_no_bytes_raise_and_no_change_gives_a_false_verdict(
    some: bytes, position: int, octet: int
) -> None:
    assert judge_ocsp(some, ABOUT, STAPLE).is_revoked is Verdict.UNKNOWN
    whole = bytearray(response(status=REVOKED))
    whole[position % len(whole)] = octet
    assert judge_ocsp(bytes(whole), ABOUT, STAPLE).is_revoked is not Verdict.NO


def test_a_request_names_the_certificate() -> None:
    made = ocsp_request(ABOUT)
    assert made is not None
    assert ocsp.load_der_ocsp_request(made).serial_number == LEAF.certificate.serial_number
    assert ISSUER.certificate.subject == LEAF.certificate.issuer


def test_the_issuer_is_known_by_the_bytes_of_its_key() -> None:
    """RFC 6960, section 4.1.1: issuerKeyHash is over the value of the issuer's subjectPublicKey, as it was sent."""
    issuer = with_compressed_point(ISSUER)
    about = replace(ABOUT, issuer=issuer.der)
    assert judge_ocsp(response(issuer=issuer), about, STAPLE).is_revoked is Verdict.NO
