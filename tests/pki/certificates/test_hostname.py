"""Names match as RFC 9525 specifies: each case is a rule of section 6."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from cryptography import x509

from model.certificates.certificate import Certificate
from model.verdict import Verdict
from pki.certificates import matches, parse_certificate
from pki.certificates.reading.der import MOST_ELEMENTS
from tests.pki.certificates.making import make


@pytest.mark.parametrize(
    ("presented", "asked", "verdict"),
    [
        ("www.example.test", "www.example.test", "yes"),
        ("www.example.test", "WWW.Example.TEST", "yes"),
        ("WWW.Example.TEST", "www.example.test", "yes"),
        ("www.example.test", "www.example.test.", "yes"),
        ("www.example.test", "example.test", "no"),
        ("example.test", "www.example.test", "no"),
        ("*.example.test", "www.example.test", "yes"),
        ("*.example.test", "xn--mller-kva.example.test", "yes"),
        ("*.example.test", "example.test", "no"),
        ("*.example.test", "a.b.example.test", "no"),
        ("*.example.test", ".example.test", "no"),
        ("w*.example.test", "www.example.test", "no"),
        ("*w.example.test", "www.example.test", "no"),
        ("www.*.test", "www.example.test", "no"),
        ("*.*.test", "www.example.test", "no"),
        ("*", "localhost", "no"),
        ("*", "www.example.test", "no"),
        ("*.test", "example.test", "yes"),
        ("*.2.0.192", "1.2.0.192", "no"),
        ("192.0.2.1", "192.0.2.1", "no"),
        ("xn--mller-kva.test", "müller.test", "yes"),
        ("xn--mller-kva.test", "MÜLLER.test.", "yes"),
        ("xn--mller-kva.test", "xn--mller-kva.test", "yes"),
        ("www.example.test", "", "no"),
        ("www.example.test", "www.example.test\0.evil.test", "no"),
    ],
)
def test_a_server_name_matches_by_the_certificate_rules(
    presented: str, asked: str, verdict: str
) -> None:
    certificate = Certificate(sha256="", dns_names=("other.test", presented))
    assert matches(certificate, asked) == verdict


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ("192.0.2.1", "yes"),
        ("192.0.2.2", "no"),
        ("2001:db8::1", "yes"),
        ("2001:0DB8:0:0::1", "yes"),
        ("[2001:db8::1]", "yes"),
        ("2001:db8::1%eth0", "yes"),
        ("2001:db8::2", "no"),
        ("::ffff:192.0.2.1", "no"),
    ],
)
def test_addresses_match_ip_address_entries_only(asked: str, verdict: str) -> None:
    made = make(
        "addresses",
        names=(
            x509.IPAddress(ip_address("192.0.2.1")),
            x509.IPAddress(ip_address("2001:db8::1")),
            x509.DNSName("192.0.2.2"),
        ),
    )
    assert matches(parse_certificate(made.der), asked) == verdict


def test_the_common_name_does_not_count() -> None:
    assert matches(parse_certificate(make("server.test").der), "server.test") is Verdict.NO


def test_a_name_with_nul_does_not_match_what_is_before_it() -> None:
    made = make("nul", names=(x509.DNSName("good.test#.evil.test"),))
    certificate = parse_certificate(made.der.replace(b"good.test#", b"good.test\0"))
    assert matches(certificate, "good.test") is Verdict.NO


def test_an_unparsable_certificate_is_unknown_unless_a_readable_name_matches() -> None:
    broken = Certificate(sha256="", dns_names=("a.test",), parse_error="It is broken.")
    assert matches(broken, "a.test") is Verdict.YES
    assert matches(broken, "b.test") is Verdict.UNKNOWN


def test_more_names_than_are_read_give_an_unknown_verdict() -> None:
    names = tuple(x509.DNSName(f"{number}.test") for number in range(MOST_ELEMENTS))
    certificate = parse_certificate(make("server", names=names).der)
    assert matches(certificate, "5.test") is Verdict.YES
    assert matches(certificate, "other.test") is Verdict.UNKNOWN
