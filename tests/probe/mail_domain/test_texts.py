"""MTA-STS records and policies, and TLS-RPT records: the examples of the RFCs, their rules, and arbitrary input."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.mail.mail_domain import StsMode
from probe.mail_domain.sts_policy import MOST_BYTES, StsPolicyError, allows, read_policy
from probe.mail_domain.text_records import TextRecordError, report_record, sts_id

# RFC 8461, section 3.2 and appendix A.
RFC_POLICY = (
    b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\n"
    b"mx: backupmx.example.com\r\nmax_age: 604800\r\n"
)
_LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
_NAMES = st.lists(_LABEL, min_size=2, max_size=4).map(".".join)


def test_the_policy_of_the_rfc_is_read() -> None:
    found = read_policy(RFC_POLICY)
    assert (found.mode, found.max_age) == (StsMode.ENFORCE, 604_800)
    assert found.mx == ("mail.example.com", "*.example.net", "backupmx.example.com")
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("mail.example.com", True),
        ("MAIL.example.com.", True),
        ("a.example.net", True),
        ("example.net", False),
        ("a.b.example.net", False),
        ("example.com", False),
    ],
)
def test_a_wildcard_stands_for_one_label(host: str, is_allowed: bool) -> None:
    assert allows(read_policy(RFC_POLICY), host) is is_allowed


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "version"),
        (b"version: STSv2\nmode: none\nmax_age: 1\n", "version"),
        (b"version: STSv1\nmax_age: 1\nmx: a\n", "mode"),
        (b"version: STSv1\nmode: enforced\nmax_age: 1\nmx: a\n", "mode"),
        (b"version: STSv1\nmode: enforce\nmx: a\n", "max_age"),
        (b"version: STSv1\nmode: enforce\nmax_age: -1\nmx: a\n", "max_age"),
        (b"version: STSv1\nmode: enforce\nmax_age: 1\n", "no mx"),
        (b"version: STSv1\nmode: enforce\nmax_age: 1\nmx: a.*.b\n", "mx"),
        (b"version: STSv1\nmode: enforce\nmax_age: 1\nmx: *\n", "mx"),
        (b"version: STSv1\n\nmode: enforce\n", "Line 2"),
        (b"<html></html>", "Line 1"),
        (b"version: STSv1\nx: \xff\n", "UTF-8"),
        (RFC_POLICY + b"x: y\n" * MOST_BYTES, "bytes"),
    ],
)
def test_an_invalid_policy_is_refused_with_its_reason(body: bytes, words: str) -> None:
    with pytest.raises(StsPolicyError, match=words):
        read_policy(body)


def test_lenient_forms_are_read() -> None:
    """Line feeds alone, no end of the last line, unknown fields, and repeated fields, of which the first counts."""
    found = read_policy(
        b"version: STSv1\nmode: none\nmode: enforce\nnote: \xc3\xa9\nmax_age:31557601"
    )
    assert (found.mode, found.mx) == (StsMode.NONE, ())
    assert "31557600" in found.warnings[0]


@given(st.sampled_from(StsMode), st.integers(0, 9_999_999_999), st.lists(_NAMES, min_size=1))
def test_a_policy_is_read_as_it_was_written(mode: StsMode, age: int, names: list[str]) -> None:
    mx = "".join(f"mx: {name}\r\n" for name in names)
    found = read_policy(f"version: STSv1\r\nmode: {mode}\r\n{mx}max_age: {age}\r\n".encode())
    assert (found.mode, found.max_age, found.mx) == (mode, age, tuple(names))
    assert all(allows(found, name) for name in names)


@given(st.binary())
def test_any_policy_is_read_or_refused(body: bytes) -> None:
    with suppress(StsPolicyError):
        read_policy(body)


def test_the_records_of_the_rfcs_are_read() -> None:
    assert sts_id([b"v=STSv1; id=20160831085700Z;"]) == "20160831085700Z"
    found = report_record([b"v=TLSRPTv1;rua=mailto:reports@example.com"])
    assert found.rua == ("mailto:reports@example.com",)
    two = report_record([b"v=TLSRPTv1; rua=https://a.example/v1/tlsrpt , mailto:b@example.com;"])
    assert two.rua == ("https://a.example/v1/tlsrpt", "mailto:b@example.com")


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "No TXT record"),
        ([b"v=spf1 -all"], "No TXT record"),
        ([b"v=STSv1 id=1"], "No TXT record"),
        ([b"v=STSv1;"], "no id"),
        ([b"v=STSv1; id=a_b"], "letters and digits"),
        ([b"v=STSv1; id=" + b"a" * 33], "letters and digits"),
        ([b"v=STSv1; id"], "not valid"),
        ([b"v=STSv1; id=1", b"v=STSv1; id=2"], "2 TXT records"),
        ([b"v=STSv1;" + b"a=b;" * 100], "fields"),
    ],
)
def test_records_that_senders_ignore_announce_no_policy(records: list[bytes], words: str) -> None:
    with pytest.raises(TextRecordError, match=words):
        sts_id(records)


def test_records_that_do_not_belong_here_are_ignored() -> None:
    assert sts_id([b"v=spf1 -all", b"v=STSv1; id=7; next=x"]) == "7"


@pytest.mark.parametrize(
    "record", [b"v=TLSRPTv1;", b"v=TLSRPTv1; rua=ftp://x", b"v=TLSRPTv1; rua="]
)
def test_reports_need_an_address(record: bytes) -> None:
    with pytest.raises(TextRecordError):
        report_record([record])


@given(st.lists(st.binary() | st.binary().map(lambda rest: b"v=STSv1;" + rest)))
def test_any_records_are_read_or_refused(records: list[bytes]) -> None:
    with suppress(TextRecordError):
        sts_id(records)
    with suppress(TextRecordError):
        report_record([b"v=TLSRPTv1;" + one for one in records])
