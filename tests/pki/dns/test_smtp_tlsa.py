"""TLSA for SMTP by the rules of RFC 7672, section 3, on chains that are made for it."""

from __future__ import annotations

import hashlib

import pytest
from cryptography import x509
from dns.rdata import from_text
from dns.rdtypes.ANY.TLSA import TLSA
from hypothesis import given
from hypothesis import strategies as st

from model.certificates.certificate import ServedChain
from model.mail.mail_domain import Rollover
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from pki.certificates import deployment
from pki.dns.smtp_tlsa import chain_verdict, match_records, rollover_of
from tests.pki.certificates.making import DAY, NOW, Made, make

_NAMES = (x509.DNSName("mx.test"),)
ROOT = make("root", is_ca=True)
STRANGER = make("stranger", is_ca=True)
LEAF = make("leaf", issuer=ROOT, names=_NAMES)
EXPIRED = make("leaf", issuer=ROOT, names=_NAMES, valid_to=NOW - DAY)
NAMELESS = make("leaf", issuer=ROOT)


def record(usage: int, selector: int, matching: int, data: bytes) -> TLSA:
    made = from_text("IN", "TLSA", f"{usage} {selector} {matching} {data.hex()}")
    assert isinstance(made, TLSA)
    return made


def of(usage: int, made: Made) -> TLSA:
    return record(usage, 0, 1, hashlib.sha256(made.der).digest())


def served(*made: Made) -> ServedChain:
    return deployment(
        [one.der for one in made],
        versions=(ProtocolVersion.TLSV1_3,),
        served_with_server_name=True,
        host="mx.test",
        at=NOW,
        stores={},
    )


@pytest.mark.parametrize(
    ("records", "chain", "verdict"),
    [
        ([of(3, LEAF)], [LEAF], Verdict.YES),
        ([of(3, EXPIRED)], [EXPIRED], Verdict.YES),
        ([of(3, NAMELESS)], [NAMELESS], Verdict.YES),
        ([of(3, ROOT)], [LEAF, ROOT], Verdict.NO),
        ([of(2, ROOT)], [LEAF, ROOT], Verdict.YES),
        ([of(2, ROOT)], [LEAF], Verdict.NO),
        ([record(2, 0, 0, ROOT.der)], [LEAF], Verdict.YES),
        ([of(2, ROOT)], [NAMELESS, ROOT], Verdict.NO),
        ([of(2, ROOT)], [EXPIRED, ROOT], Verdict.NO),
        ([of(2, STRANGER)], [LEAF, STRANGER], Verdict.NO),
        ([of(3, STRANGER), of(3, LEAF)], [LEAF], Verdict.YES),
        ([of(1, LEAF)], [LEAF], Verdict.UNKNOWN),
        ([record(3, 2, 1, bytes(32))], [LEAF], Verdict.UNKNOWN),
        ([record(3, 0, 9, bytes(32))], [LEAF], Verdict.UNKNOWN),
        ([], [LEAF], Verdict.UNKNOWN),
    ],
)
def test_a_chain_is_authenticated_by_a_usable_record(
    records: list[TLSA], chain: list[Made], verdict: Verdict
) -> None:
    assert chain_verdict(records, served(*chain), ("mx.test", "test"), NOW) is verdict


@pytest.mark.parametrize(
    ("records", "rollover"),
    [
        ([of(3, LEAF)], Rollover.SAME_CERTIFICATE),
        ([of(3, LEAF), of(3, NAMELESS)], Rollover.OTHER_RECORD),
        ([of(3, LEAF), of(2, ROOT)], Rollover.SAME_CA),
        ([of(3, NAMELESS)], Rollover.BROKEN),
        ([of(1, LEAF)], None),
    ],
)
def test_the_records_say_what_the_next_certificate_may_be(
    records: list[TLSA], rollover: Rollover | None
) -> None:
    found = match_records(records, [served(LEAF, ROOT)], ("mx.test",), NOW)
    assert rollover_of(found) is rollover


def test_nothing_is_said_of_a_chain_that_is_not_known() -> None:
    (found,) = match_records([of(3, LEAF)], [], ("mx.test",), NOW)
    assert (found.matches, rollover_of([found])) == (Verdict.UNKNOWN, None)


@given(
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from([0, 1, 2, 3, 255]),
    st.binary(min_size=64, max_size=64),
)
def test_any_record_is_compared(usage: int, selector: int, matching: int, octets: bytes) -> None:
    data = octets[:32] if matching == 1 else octets
    (found,) = match_records([record(usage, selector, matching, data)], [CHAIN], ("mx.test",), NOW)
    assert found.is_usable or found.reason
    assert found.matches is not Verdict.YES


CHAIN = served(LEAF, ROOT)
