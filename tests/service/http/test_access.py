"""The rules on headers: allowed hosts, permitted requests from other sites' pages, and who may change state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.datastructures import Headers

from service.config.http import HttpSettings
from service.http.guard.access import AdminAccess, cross_site_refusal, host_refusal
from service.http.guard.callers import caller_of

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9844", None),
        ("[::1]:9844", None),
        ("192.0.2.7", None),
        ("localhost:9844", None),
        ("LOCALHOST.", None),
        ("probe.example:9844", None),
        ("Probe.Example", None),
        ("rebind.evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("probe.example.evil.example", 421),
        ("127.0.0.1@evil.example", 400),
        ("evil.example/127.0.0.1", 400),
        ("[fe80::1%25eth0]", 400),
        ("", 400),
        ("a b", 400),
    ],
)
def test_addresses_localhost_and_named_hosts_are_allowed(host: str, status: int | None) -> None:
    refusal = host_refusal([host], {"probe.example"})
    assert (refusal.status if refusal else None) == status


def test_two_host_headers_are_refused_and_no_host_header_is_not_a_browser() -> None:
    refusal = host_refusal(["localhost", "evil.example"], ())
    assert refusal is not None
    assert (refusal.status, host_refusal([], ())) == (400, None)


@given(st.text())
def test_any_host_has_an_answer(host: str) -> None:
    refusal = host_refusal([host], ())
    assert refusal is None or refusal.status in {400, 421}


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({}, False),
        ({"origin": "http://127.0.0.1:9844"}, False),
        ({"origin": "https://127.0.0.1:9844"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:9844"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": "http://127.0.0.1:9845"}, True),
        ({"origin": "http://evil.example"}, True),
        ({"origin": "http://127.0.0.1:9844.evil.example"}, True),
        ({"origin": "http://127.0.0.1:9844@evil.example"}, True),
        ({"origin": "http://[", "sec-fetch-site": "same-origin"}, True),
    ],
)
def test_only_the_service_s_own_origin_changes_state(
    headers: dict[str, str], is_refused: bool
) -> None:
    refusal = cross_site_refusal(Headers({"host": "127.0.0.1:9844", **headers}))
    assert (refusal is not None and refusal.status == 403) == is_refused


@pytest.mark.parametrize(
    ("access", "client", "headers", "status"),
    [
        (AdminAccess(), "127.0.0.1", {}, None),
        (AdminAccess(), "::1", {}, None),
        (AdminAccess(), "::ffff:127.0.0.1", {}, None),
        (AdminAccess(), "192.0.2.7", {}, 403),
        (AdminAccess(), None, {}, 403),
        (AdminAccess(), "127.0.0.1", {"x-forwarded-for": "192.0.2.7"}, 403),
        (AdminAccess(), "127.0.0.1", {"forwarded": "for=192.0.2.7"}, 403),
        (AdminAccess(listens_on_loopback=False), "127.0.0.1", {}, 403),
        (AdminAccess(mode="off"), "127.0.0.1", {}, 403),
        (AdminAccess(mode="open", listens_on_loopback=False), "192.0.2.7", {}, None),
        (AdminAccess(token=TOKEN), "127.0.0.1", {}, 401),
        (AdminAccess(token=TOKEN), "192.0.2.7", {"authorization": f"Bearer {TOKEN}"}, None),
        (AdminAccess(token=TOKEN), "192.0.2.7", {"authorization": f"bearer {TOKEN}"}, None),
        (AdminAccess(token=TOKEN), "127.0.0.1", {"authorization": f"Bearer {TOKEN}x"}, 401),
        (AdminAccess(token=TOKEN), "127.0.0.1", {"authorization": f"Basic {TOKEN}"}, 401),
        (AdminAccess(token=TOKEN), "127.0.0.1", {"authorization": "Bearer "}, 401),
        (AdminAccess(token=TOKEN), "127.0.0.1", {"authorization": "Bearer \xff"}, 401),
    ],
)
def test_only_permitted_clients_may_change_state(
    access: AdminAccess, client: str | None, headers: dict[str, str], status: int | None
) -> None:
    refusal = access.refusal(client, Headers(headers))
    assert (refusal.status if refusal else None) == status


def test_the_token_is_not_in_a_text_of_the_access() -> None:
    assert TOKEN not in repr(AdminAccess(token=TOKEN))


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::9", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("nowhere", "unknown"),
    ],
)
def test_an_ipv6_network_is_one_caller(address: str, caller: str) -> None:
    assert caller_of(address) == caller


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"allowed_hosts": ["probe.example:9844"]}, "without a port"),
        ({"allowed_hosts": ["*"]}, "must be a host name"),
        ({"admin_token_variable": "TLSPROBE_TEST_SHORT"}, "at least 16"),
        ({"admin_token_variable": "TLSPROBE_TEST_TOKEN", "admin": "open"}, "remove one"),
        ({"admin_token_variable": "TLSPROBE_TEST_NONE"}, "TLSPROBE_TEST_NONE"),
        ({"connections": 0}, "greater than or equal to 1"),
    ],
)
def test_impossible_settings_are_refused(
    fields: dict[str, object], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLSPROBE_TEST_SHORT", "short")
    monkeypatch.setenv("TLSPROBE_TEST_TOKEN", TOKEN)
    with pytest.raises(ValidationError, match=words):
        HttpSettings.model_validate(fields)


def test_a_bare_off_of_yaml_is_off() -> None:
    assert HttpSettings.model_validate({"admin": False}).admin == "off"
