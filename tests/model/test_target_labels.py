"""A label that acts has a value with a meaning; a misspelt one is noticed, and one that only describes is free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.target_labels import ACTING_NAMES, configured_names, label_problem, label_problems

CONFIGURED = configured_names(["billing"], ["mozilla", "internal"], ["dmz"])

GOOD = [
    *(("client_auth", text) for text in ("none", "requested", "required")),
    *(("intrusiveness", text) for text in ("safe", "standard", "full")),
    ("client_identity", "billing"),
    ("trust_stores", "mozilla, internal"),
    *(("proxy", text) for text in ("none", "dmz")),
    ("proxy_protocol", "v2"),
    ("address_family", "ipv6"),
    ("http", "no"),
    ("http_port", "8080"),
    ("client_auth_path", "/admin"),
    ("unix_socket", "/run/x.sock"),
    ("log", "debug"),
    ("expected_certificate", f"{'ab' * 32},{':'.join(['AB'] * 32)}"),
    ("expected_protocols", "TLSv1.2,TLSv1.3"),
    *(("secrecy_years", text) for text in ("0", "25", "999")),
    ("zone", "anything"),
    ("server", "nginx"),
    ("team", "required"),
    ("servers", "3"),
    ("https", "yes"),
    ("__meta_client_auth", "mandatory"),
]
BAD = [
    ("client_auth", "mandatory", "use none, requested, required"),
    ("client_auth", "Required", "did you mean required?"),
    ("client_identity", "nobody", "`client_identities` has billing"),
    ("expired_client_identity", "bilings", "did you mean billing?"),
    ("trust_stores", "mozilla,nn", "must not be 'nn': `trust_stores` has internal, mozilla"),
    ("trust_stores", "", "must not be ''"),
    ("proxy", "dmzz", "did you mean dmz?"),
    ("http", "true", "use no, yes"),
    *(
        ("http_port", text, "a port from 1 to 65535")
        for text in ("0", "65536", "http", "", "8" * 9)
    ),
    *(
        ("secrecy_years", text, "a whole number of years from 0 to 999")
        for text in ("", "ten", "-1", "1.5", "1000", "\u0663")
    ),
    ("client_auth_path", "admin", "begins with a slash"),
    ("expected_certificate", "ab", "SHA-256"),
    ("expected_protocols", "TLS1.2", "TLSv1.2"),
    ("intrusiveness", "ful", "did you mean full?"),
    ("client_identiy", "billing", "did you mean client_identity?"),
    ("client-auth", "required", "did you mean client_auth?"),
    ("trust_store", "internal", "did you mean trust_stores?"),
]


@pytest.mark.parametrize(("name", "text"), GOOD)
def test_a_label_with_a_meaning_or_without_an_effect_is_no_problem(name: str, text: str) -> None:
    assert label_problem(name, text, CONFIGURED) is None


@pytest.mark.parametrize(("name", "text", "expected"), BAD)
def test_a_label_that_cannot_act_is_named_with_what_is_allowed(
    name: str, text: str, expected: str
) -> None:
    (problem,) = label_problems({"team": "pay", name: text}, CONFIGURED)
    assert repr(name) in problem or f"label {name} " in problem
    assert expected in problem


def test_names_of_the_configuration_are_not_checked_without_one() -> None:
    assert label_problem("client_identity", "nobody") is None


@given(st.sampled_from(sorted(ACTING_NAMES)), st.text())
def test_any_text_gets_an_answer_in_one_line(name: str, text: str) -> None:
    problem = label_problem(name, text, CONFIGURED)
    assert problem is None or (problem.isprintable() and len(problem) < 300)
