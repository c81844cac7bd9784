"""A disguised name is detected; a name in its owner's language stays as it is."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from pki.certificates import parse_certificate
from pki.certificates.confusables import escape_lookalikes
from tests.pki.certificates.making import make


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s\u0435rver.test", r"s\d0\b5rver.test"),
        ("\u0430\u0440\u0440\u04cf\u0435.com", r"\d0\b0\d1\80\d1\80\d3\8f\d0\b5.com"),
        ("\u03bfracle", r"\ce\bfracle"),
        ("b\u00fccher.test", "b\u00fccher.test"),
        ("\u042f\u043d\u0434\u0435\u043a\u0441 LLC", "\u042f\u043d\u0434\u0435\u043a\u0441 LLC"),
        ("NTT\u30c9\u30b3\u30e2", "NTT\u30c9\u30b3\u30e2"),
        ("plain.test", "plain.test"),
    ],
)
def test_only_mixed_script_words_are_escaped(text: str, shown: str) -> None:
    assert escape_lookalikes(text) == shown
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    assert parse_certificate(make(subject).der).subject == f"CN={shown}"


@given(st.text())
def test_a_written_name_is_parsed_as_the_same_name(text: str) -> None:
    written = escape_lookalikes(text.replace("\\", ""))
    octets = written.encode("utf-8", "surrogatepass")
    parts = octets.split(b"\\")
    read = parts[0] + b"".join(bytes.fromhex(one[:2].decode()) + one[2:] for one in parts[1:])
    assert read.decode("utf-8", "surrogatepass") == text.replace("\\", "")
