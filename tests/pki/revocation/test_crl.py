"""A CRL counts only if it is the issuer's, covers such certificates, and is fresh; delta CRLs override it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from model.verdict import Verdict
from pki.revocation.crl import contents, judge_crl
from pki.revocation.signed import RevocationQuery
from tests.pki.certificates.making import DAY, NOW, Made, make
from tests.pki.revocation.making import ABOUT, ISSUER, LEAF, OTHER, STRANGER, revocation_list

KEY = x509.ReasonFlags.key_compromise
REMOVED = x509.ReasonFlags.remove_from_crl


OWN_URL, OTHER_URL = "http://ca.test/2.crl", "http://ca.test/1.crl"
RDN = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "crl 2")])


def scope(
    *,
    ca: bool = False,
    user: bool = False,
    indirect: bool = False,
    some: bool = False,
    names: Sequence[x509.GeneralName] = (),
    relative: x509.RelativeDistinguishedName | None = None,
) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=list(names) or None,
        relative_name=relative,
        only_contains_user_certs=user,
        only_contains_ca_certs=ca,
        only_some_reasons=frozenset({KEY}) if some else None,
        indirect_crl=indirect,
        only_contains_attribute_certs=False,
    )


def test_listed_is_revoked_and_others_are_not() -> None:
    found = judge_crl(revocation_list((LEAF, KEY)), ABOUT)
    assert (found.is_revoked, found.revoked_at) == (Verdict.YES, NOW - 2 * DAY)
    assert found.reason == "The CA's reason: keyCompromise."
    found = judge_crl(revocation_list((OTHER, KEY)), ABOUT)
    assert (found.is_revoked, found.next_update) == (Verdict.NO, NOW + DAY)


def test_a_list_in_pem_has_the_same_content() -> None:
    found = x509.load_der_x509_crl(revocation_list((LEAF, KEY)))
    pem = found.public_bytes(Encoding.PEM)
    assert judge_crl(b"\r\n" + pem, ABOUT).is_revoked is Verdict.YES
    assert judge_crl(pem.replace(b"END", b"MID"), ABOUT).is_revoked is Verdict.UNKNOWN


@pytest.mark.parametrize("entries", [0, 1, 3, 10, 2000])
def test_the_signed_part_is_the_one_that_the_library_would_encode(entries: int) -> None:
    """For every length of a length field (X.690, section 8.1.3)."""
    listed = [(make(f"listed {number}"), KEY) for number in range(min(entries, 3))]
    whole = revocation_list(*(listed * (entries // 3 or 1))[:entries])
    begin, _ = contents(whole, 0)
    first, length = contents(whole, begin)
    assert whole[begin : first + length] == x509.load_der_x509_crl(whole).tbs_certlist_bytes


@pytest.mark.parametrize("salt_length", [20, 32])
def test_a_list_may_be_signed_by_rsa_with_pss(salt_length: int) -> None:
    key = rsa.generate_private_key(65537, 2048)
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pss")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(issuer)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer)
    dated = builder.last_update(NOW - DAY).next_update(NOW + DAY)
    signed = dated.sign(key, hashes.SHA256(), rsa_padding=pss).public_bytes(Encoding.DER)
    about = RevocationQuery(certificate=certificate, issuer=certificate, position=0, at=NOW)
    assert judge_crl(signed, about).is_revoked is Verdict.NO
    broken = signed[:-1] + bytes([signed[-1] ^ 1])
    assert judge_crl(broken, about).reason == "The CRL is not signed by the issuer."


def uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def point(
    *names: x509.GeneralName,
    relative: x509.RelativeDistinguishedName | None = None,
    reasons: frozenset[x509.ReasonFlags] | None = None,
    issuer: x509.Name | None = None,
) -> x509.DistributionPoint:
    return x509.DistributionPoint(
        full_name=list(names) or None,
        relative_name=relative,
        reasons=reasons,
        crl_issuer=None if issuer is None else [x509.DirectoryName(issuer)],
    )


def named_by(*points: x509.DistributionPoint) -> tuple[Made, RevocationQuery]:
    """A certificate with these distribution points, and the query to the URL ``OWN_URL``."""
    made = make("named", issuer=ISSUER, hints=(x509.CRLDistributionPoints(points),))
    about = RevocationQuery(
        certificate=made.der, issuer=ISSUER.der, position=0, at=NOW, source=OWN_URL
    )
    return made, about


COMPLETED = x509.Name([*ISSUER.certificate.subject.rdns, RDN])


@pytest.mark.parametrize(
    ("own", "its_scope", "verdict"),
    [
        ([point(uri(OWN_URL))], scope(names=[uri(OWN_URL)]), Verdict.NO),
        ([point(uri(OWN_URL))], scope(names=[uri("HTTP://CA.test/2.crl")]), Verdict.NO),
        ([point(uri(OWN_URL))], scope(names=[uri(OTHER_URL), uri(OWN_URL)]), Verdict.NO),
        ([point(uri(OWN_URL))], scope(user=True), Verdict.NO),
        ([point(uri(OWN_URL))], scope(names=[uri(OTHER_URL)]), Verdict.UNKNOWN),
        ([point(uri(OWN_URL))], scope(names=[uri(OWN_URL.upper())]), Verdict.UNKNOWN),
        (
            [point(uri(OTHER_URL)), point(uri(OWN_URL))],
            scope(names=[uri(OTHER_URL)]),
            Verdict.UNKNOWN,
        ),
        ([point(uri(OTHER_URL), uri(OWN_URL))], scope(names=[uri(OTHER_URL)]), Verdict.NO),
        ([point(relative=RDN)], scope(relative=RDN), Verdict.NO),
        ([point(relative=RDN)], scope(names=[x509.DirectoryName(COMPLETED)]), Verdict.NO),
        ([point(uri(OWN_URL))], scope(relative=RDN), Verdict.UNKNOWN),
        (
            [point(uri(OWN_URL), issuer=STRANGER.certificate.subject)],
            scope(user=True),
            Verdict.UNKNOWN,
        ),
        ([point(uri(OWN_URL), reasons=frozenset({KEY}))], scope(user=True), Verdict.UNKNOWN),
        ([point(uri(OWN_URL))], scope(some=True), Verdict.UNKNOWN),
    ],
)
def test_only_the_distribution_point_that_the_certificate_names_clears_it(
    own: list[x509.DistributionPoint], its_scope: x509.IssuingDistributionPoint, verdict: Verdict
) -> None:
    """RFC 5280, section 6.3.3, step (b)."""
    _, about = named_by(*own)
    assert judge_crl(revocation_list(extensions=(its_scope,)), about).is_revoked is verdict


@pytest.mark.parametrize("its_scope", [scope(user=True), scope(some=True)])
def test_a_listed_certificate_is_revoked_even_if_the_list_covers_only_some_reasons(
    its_scope: x509.IssuingDistributionPoint,
) -> None:
    made, about = named_by(point(uri(OWN_URL), reasons=frozenset({KEY})))
    listed = revocation_list((made, KEY), extensions=(its_scope,))
    assert judge_crl(listed, about).is_revoked is Verdict.YES


def test_a_delta_instead_of_the_complete_list_clears_nothing() -> None:
    delta = revocation_list(extensions=(x509.DeltaCRLIndicator(4),))
    found = judge_crl(delta, ABOUT)
    assert (found.is_revoked, found.reason) == (
        Verdict.UNKNOWN,
        "A delta CRL came in place of the complete CRL.",
    )


def test_a_delta_of_another_scope_is_unknown() -> None:
    delta = revocation_list(extensions=(x509.DeltaCRLIndicator(5), scope(user=True)), number=6)
    assert judge_crl(revocation_list(), ABOUT, delta).is_revoked is Verdict.UNKNOWN


def test_a_delta_that_is_older_than_its_base_changes_nothing() -> None:
    older = revocation_list((LEAF, REMOVED), extensions=(x509.DeltaCRLIndicator(3),), number=4)
    assert judge_crl(revocation_list((LEAF, KEY)), ABOUT, older).is_revoked is Verdict.YES


def test_a_crl_for_user_certificates_covers_the_leaf() -> None:
    assert judge_crl(revocation_list(extensions=(scope(user=True),)), ABOUT).is_revoked == "no"


@pytest.mark.parametrize(
    ("crl", "reason"),
    [
        (revocation_list(signer=STRANGER), "The CRL is not signed by the issuer."),
        (revocation_list(name=STRANGER, signer=STRANGER), "The CRL is from another issuer."),
        (
            revocation_list(next_update=NOW - DAY, last_update=NOW - 2 * DAY),
            "The CRL has been stale since 2026-05-31.",
        ),
        (
            revocation_list(last_update=NOW + DAY, next_update=NOW + 2 * DAY),
            "The CRL is dated in the future.",
        ),
        (
            revocation_list(extensions=(scope(ca=True),)),
            "The CRL covers certificates of another kind.",
        ),
        (
            revocation_list(extensions=(scope(indirect=True),)),
            "The CRL is indirect: it may cover certificates of other issuers.",
        ),
        (
            revocation_list(extensions=(scope(some=True),)),
            "The CRL covers only some revocation reasons.",
        ),
        (
            revocation_list(
                extensions=(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\0"),)
            ),
            "The CRL has the unsupported critical extension 1.2.3.",
        ),
    ],
)
def test_an_untrustworthy_answer_is_unknown(crl: bytes, reason: str) -> None:
    found = judge_crl(crl, ABOUT)
    assert (found.is_revoked, found.reason) == (Verdict.UNKNOWN, reason)


@pytest.mark.parametrize(
    ("base", "newer", "verdict"),
    [
        ((), ((LEAF, KEY),), Verdict.YES),
        (((LEAF, KEY),), ((LEAF, REMOVED),), Verdict.NO),
        (((LEAF, KEY),), (), Verdict.YES),
        ((), (), Verdict.NO),
    ],
)
def test_a_delta_overrides_the_base_list(
    base: tuple[tuple[Made, x509.ReasonFlags], ...],
    newer: tuple[tuple[Made, x509.ReasonFlags], ...],
    verdict: Verdict,
) -> None:
    indicator = (x509.DeltaCRLIndicator(5),)
    found = judge_crl(
        revocation_list(*base),
        ABOUT,
        revocation_list(*newer, extensions=indicator, number=6),
    )
    assert found.is_revoked is verdict


def test_a_delta_to_a_newer_list_is_unknown() -> None:
    delta = revocation_list(extensions=(x509.DeltaCRLIndicator(7),), number=8)
    assert judge_crl(revocation_list(), ABOUT, delta).is_revoked is Verdict.UNKNOWN


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_no_bytes_raise_and_no_change_gives_a_false_verdict(
    some: bytes, position: int, octet: int
) -> None:
    assert judge_crl(some, ABOUT).is_revoked is Verdict.UNKNOWN
    whole = bytearray(revocation_list((LEAF, KEY)))
    whole[position % len(whole)] = octet
    assert judge_crl(bytes(whole), ABOUT).is_revoked is not Verdict.NO
