"""Every part of a URL that may hold a secret is masked, and known secrets are masked everywhere."""

from __future__ import annotations

import base64
import json
import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.safe_output.secret_text import SecretMask, masked_url, masked_urls, secrets_in_url

SECRET_TEXT = st.text(string.ascii_letters + string.digits + "-._~!$&()*+,=:", min_size=8)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        # The parts of a URI: RFC 3986, section 3.
        ("https://example.com/sd", "https://example.com/sd"),
        ("https://example.com:8443/a/b?token=x&y=z", "https://example.com:8443/a/b?***"),
        ("https://user:pass@example.com/", "https://***@example.com/"),
        ("https://token@example.com", "https://***@example.com"),
        ("https://example.com/#secret", "https://example.com/#***"),
        ("https://[2001:db8::1]:8443/?a", "https://[2001:db8::1]:8443/?***"),
        ("https://example.com/users/@me", "https://example.com/users/@me"),
        ("https://example.com?mail=a@b.example", "https://example.com?***"),
        ("sqlite:////var/lib/t.db", "sqlite:////var/lib/t.db"),
        ("postgresql+psycopg://u:p@db/t?password=x", "postgresql+psycopg://***@db/t?***"),
        # Passwords that were not escaped.
        ("postgresql://u:p@ss@db/t", "postgresql://***@db/t"),
        ("postgresql://u:p/a?ss#@db/t", "postgresql://***@db/t"),
        # Not URLs.
        ("u:secret@db/t", "***@db/t"),
        ("postgresql:/u:secret@db/t", "***@db/t"),
        ("tlsprobe.db", "tlsprobe.db"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert masked_url(url) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "'https://u:p@a.example/x' failed, then https://b.example/?t=1.",
            "'https://***@a.example/x' failed, then https://b.example/?***.",
        ),
        ('{"url":"https://a.example/?t=1","n":2}', '{"url":"https://a.example/?***","n":2}'),
        (
            "could not connect with password=abc user=x",
            "could not connect with password=*** user=x",
        ),
        ("Illegal header value b'Bearer abc.def'", "Illegal header value b'Bearer ***'"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"),
        ("password authentication failed for user", "password authentication failed for user"),
        ("https://a.example/what? Yes.", "https://a.example/what? Yes."),
    ],
)
def test_urls_and_credentials_are_masked_within_texts(text: str, shown: str) -> None:
    assert masked_urls(text) == shown


@given(SECRET_TEXT, SECRET_TEXT, SECRET_TEXT, st.text(max_size=20))
def test_no_user_password_or_value_is_left(user: str, password: str, value: str, more: str) -> None:
    secret = {"A" + user, "B" + password, "C" + value}
    url = f"https://A{quote(user)}:B{quote(password)}@127.0.0.1/9?9=C{quote(value)}"
    for text in (
        masked_url(url),
        masked_urls(f"9 {url} 9"),
        SecretMask(secrets_in_url(url)).masked(url),
    ):
        assert not any(quote(one) in text for one in secret)
    shown = SecretMask().masked(f"{more} {url}").rstrip(".),;:")
    assert shown.endswith("https://***@127.0.0.1/9?***")


@given(st.text(min_size=8, max_size=30).filter(lambda one: set(one) - set("* ")))
def test_a_known_secret_is_masked_in_every_form(secret: str) -> None:
    mask = SecretMask([secret])
    raw = secret.encode("utf-8", "surrogatepass")
    for form in (secret, json.dumps(secret), repr(secret), quote(raw, safe="")):
        assert secret not in mask.masked(f"it said {form} to us").replace("***", "")
    said = mask.masked(f"it said {base64.b64encode(raw).decode()} to us")
    assert said == "it said *** to us"


def test_a_login_is_masked_as_http_and_smtp_send_it() -> None:
    # RFC 7617, section 2, and RFC 4616, section 4
    mask = SecretMask(secrets_in_url("https://Aladdin:open%20sesame@proxy.example"))
    assert "QWxhZGRpbjpvcGVuIHNlc2FtZQ" not in mask.masked("auth QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    assert mask.masked("AEFsYWRkaW4Ab3BlbiBzZXNhbWU= was refused") == "*** was refused"


def test_a_webhooks_path_is_secret_too() -> None:
    url = "https://hooks.example/services/T000/B000/Zm9vYmFyYmF6cXV4"
    mask = SecretMask(secrets_in_url(url, with_path=True))
    assert mask.masked("no_service at /services/T000/B000/Zm9vYmFyYmF6cXV4") == "no_service at /***"
    assert mask.masked("unknown hook Zm9vYmFyYmF6cXV4") == "unknown hook ***"


def test_a_text_of_megabytes_is_masked_in_one_pass() -> None:
    for piece in ("a://", "a:b@", "Bearer ", "password=", "://a:b", "x" * 10, "https://a/?"):
        assert masked_urls(piece * (2_000_000 // len(piece)))
