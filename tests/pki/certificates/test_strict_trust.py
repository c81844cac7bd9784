"""The strict verdict: a chain in the Web PKI's form meets every rule, and each violated rule is named."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from model.certificates.certificate import TrustVerdict
from model.verdict import Verdict
from pki.certificates import TrustStore, parse_certificate
from tests.pki.certificates.making import DAY, NOW, SERVER_NAMES, Made, make


def usage(*, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certifies,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


CA_USAGE = (usage(certifies=True),)
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
ROOT = make("root", is_ca=True, extensions=CA_USAGE)
LOWER = make("lower", issuer=ROOT, is_ca=True, extensions=CA_USAGE, valid_to=NOW + 10 * DAY)


def leaf(
    *names: x509.GeneralName, issuer: Made = LOWER, valid_to: datetime = NOW + 30 * DAY
) -> Made:
    return make("server", issuer=issuer, names=names, purposes=SERVER, valid_to=valid_to)


def verdict(*sent: Made) -> TrustVerdict:
    store = TrustStore("test", lambda: [ROOT.der])
    return store.verify([parse_certificate(each.der) for each in sent], NOW)


@pytest.mark.parametrize(
    "name",
    [
        x509.DNSName("server.test"),
        x509.DNSName("*.server.test"),
        x509.IPAddress(ip_address("192.0.2.1")),
        x509.IPAddress(ip_address("2001:db8::1")),
    ],
)
def test_a_chain_in_web_pki_form_follows_every_rule(name: x509.GeneralName) -> None:
    found = verdict(leaf(name), LOWER)
    assert (found.verdict, found.strict, found.strict_reason) == ("yes", "yes", None)
    assert found.path_not_after == NOW + 10 * DAY


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ((leaf(*SERVER_NAMES),), "There is no path from the leaf to an anchor of the store."),
        ((leaf(), LOWER), "The leaf has no subject alternative name that is a valid server name."),
        (
            (leaf(*SERVER_NAMES, valid_to=NOW - DAY), LOWER),
            "Cert is not valid at validation time.",
        ),
    ],
)
def test_a_broken_rule_is_named(sent: tuple[Made, ...], reason: str) -> None:
    found = verdict(*sent)
    assert (found.strict, found.strict_reason) == (Verdict.NO, reason)


def test_problems_that_openssl_overlooks_are_detected() -> None:
    plain = make("plain", issuer=ROOT, is_ca=True)
    found = verdict(leaf(*SERVER_NAMES, issuer=plain), plain)
    assert (found.verdict, found.strict) == (Verdict.YES, Verdict.NO)
    assert "keyUsage" in (found.strict_reason or "")


def test_an_invalid_name_is_not_an_internal_error() -> None:
    found = verdict(leaf(x509.DNSName("se*er.test")), LOWER)
    assert (found.verdict, found.strict) == (Verdict.YES, Verdict.NO)
    assert found.strict_reason == "The leaf's first name is not a valid server name."
