"""Query strings: unknown parameters, and values that are not text, are errors of one sentence."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.guard.query import QueryError, read_query, whole_number


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"other=1", "unknown parameter 'other': this route has q, page, label"),
        (b"q=1&q=2", "the parameter q is given twice"),
        (b"q=%ff", "the parameter q is not percent-encoded UTF-8"),
        (b"q=%ed%a0%80", "the parameter q is not percent-encoded UTF-8"),
        (b"q=\xff", "percent-encoded UTF-8"),
        (b"q=%00", r"the parameter q must not contain the control character U\+0000: remove it"),
        (b"q=a%0d%0ab", r"the parameter q must not contain the control character U\+000D"),
        (b"q%7f=a", r"the name of a parameter of the query .* U\+007F: remove it"),
        (b"q=" + b"x" * 2049, "at most 2048 characters"),
        (b"q=" + b"x" * 8200, "at most 8192 bytes"),
        (b"&".join([b"label=a"] * 65), "at most 64 parameters"),
    ],
)
def test_an_invalid_query_is_refused_in_one_sentence(raw: bytes, words: str) -> None:
    with pytest.raises(QueryError, match=words):
        read_query(raw, once=("q", "page"), many=("label",))


def test_parameters_are_decoded_like_forms() -> None:
    query = read_query(b"q=a+b%2Bc&label=x%3Dy&label=z&", once=("q",), many=("label",))
    assert (query.get("q"), query.every("label"), query.get("page")) == (
        "a b+c",
        ["x=y", "z"],
        None,
    )


@given(st.binary(max_size=9000))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(QueryError):
        query = read_query(raw, once=("q",), many=("label",))
        assert set(query.values) <= {"q", "label"}


@pytest.mark.parametrize("text", ["", "-1", "1.0", "1000", "9" * 5000, "\u0662", "\u00b2", " 1"])
def test_numbers_are_short_and_of_ascii_digits(text: str) -> None:
    with pytest.raises(QueryError, match="page must be a whole number from 0 to 999, not"):
        whole_number(text, "page", 999)


@given(st.integers(0, 999))
def test_numbers_in_bounds_are_read(number: int) -> None:
    assert whole_number(str(number), "page", 999) == number
