"""The CA/Browser Forum's limits apply only to public CAs, by the date of issue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509

from model.certificates.certificate import Problem
from model.verdict import Verdict
from pki.certificates import TrustStore, parse_certificate, problems
from tests.pki.certificates.making import DAY, NOW, SERVER_NAMES, Made, make

ROOT = make("root", is_ca=True)
PUBLIC_NAME = (x509.DNSName("www.tlsprobe.org"),)
SECOND = timedelta(seconds=1)


def found(made: Made, *, is_public: bool, at: datetime) -> set[Problem]:
    root = make(
        "root",
        is_ca=True,
        private_key=ROOT.key,
        valid_from=datetime(2000, 1, 1, tzinfo=UTC),
        valid_to=datetime(2049, 1, 1, tzinfo=UTC),
    )
    store = TrustStore("test", lambda: [root.der], is_public=is_public)
    chain = [parse_certificate(made.der)]
    limits = {Problem.LIFETIME_TOO_LONG, Problem.INTERNAL_NAME}
    told = problems(chain, at=at, server_name_matches=Verdict.YES, stores={"test": store})
    return limits & set(told)


@pytest.mark.parametrize(
    ("issued", "most_days"),
    [
        (datetime(2019, 1, 1, tzinfo=UTC), 825),
        (datetime(2020, 9, 1, tzinfo=UTC), 398),
        (datetime(2026, 3, 14, 23, tzinfo=UTC), 398),
        (datetime(2026, 3, 15, tzinfo=UTC), 200),
        (datetime(2027, 3, 15, tzinfo=UTC), 100),
        (datetime(2029, 3, 15, tzinfo=UTC), 47),
    ],
)
def test_the_longest_lifetime_is_that_of_the_day_of_issue(issued: datetime, most_days: int) -> None:
    for surplus, expected in ((-SECOND, set()), (timedelta(), {Problem.LIFETIME_TOO_LONG})):
        made = make(
            "server",
            issuer=ROOT,
            names=PUBLIC_NAME,
            valid_from=issued,
            valid_to=issued + most_days * DAY + surplus,
        )
        assert found(made, is_public=True, at=issued + DAY) == expected
        assert found(made, is_public=False, at=issued + DAY) == set()


@pytest.mark.parametrize(
    "names",
    [
        SERVER_NAMES,
        (x509.DNSName("mail"),),
        (*PUBLIC_NAME, x509.DNSName("db.corp")),
        (x509.DNSName("router.home.arpa"),),
        (x509.IPAddress(ip_address("10.0.0.1")),),
    ],
)
def test_an_internal_name_cannot_come_from_a_public_ca(names: tuple[x509.GeneralName, ...]) -> None:
    made = make("server", issuer=ROOT, names=names)
    assert found(made, is_public=True, at=NOW) == {Problem.INTERNAL_NAME}
    assert found(made, is_public=False, at=NOW) == set()


def test_an_ordinary_certificate_is_within_the_limits() -> None:
    made = make("server", issuer=ROOT, names=PUBLIC_NAME)
    assert found(made, is_public=True, at=NOW) == set()
