"""The rules on headers: allowed hosts, permitted requests from other sites' pages, unknown clients, and roles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.datastructures import Headers

from service.config.http import HttpSettings
from service.http.guard.access import (
    AnonymousAccess,
    Refusal,
    cross_site_refusal,
    host_refusal,
    role_refusal,
)
from service.http.guard.callers import caller_of
from service.http.guard.principal import Method, Principal
from service.setting_types.roles import Role

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
    ("access", "client", "headers", "role"),
    [
        (AnonymousAccess(), "127.0.0.1", {}, Role.ADMIN),
        (AnonymousAccess(), "::1", {}, Role.ADMIN),
        (AnonymousAccess(), "::ffff:127.0.0.1", {}, Role.ADMIN),
        (AnonymousAccess(), "192.0.2.7", {}, Role.VIEWER),
        (AnonymousAccess(), None, {}, Role.VIEWER),
        (AnonymousAccess(), "127.0.0.1", {"x-forwarded-for": "192.0.2.7"}, Role.VIEWER),
        (AnonymousAccess(), "127.0.0.1", {"forwarded": "for=192.0.2.7"}, Role.VIEWER),
        (AnonymousAccess(listens_on_loopback=False), "127.0.0.1", {}, Role.VIEWER),
        (AnonymousAccess(knows_credentials=True), "127.0.0.1", {}, None),
        (AnonymousAccess(knows_credentials=True, may_read=True), "127.0.0.1", {}, Role.VIEWER),
    ],
)
async def test_what_an_unknown_client_may_do_depends_on_where_it_is(
    access: AnonymousAccess, client: str | None, headers: dict[str, str], role: Role | None
) -> None:
    found = await access.authenticate(client, Headers(headers), None)
    assert (None if isinstance(found, Refusal) else found.role) == role


@pytest.mark.parametrize("have", list(Role))
@pytest.mark.parametrize("needed", list(Role))
def test_a_role_includes_those_before_it(have: Role, needed: Role) -> None:
    refusal = role_refusal(Principal(name="a", role=have, method=Method.TOKEN), needed)
    is_enough = ["viewer", "operator", "admin"].index(have) >= list(Role).index(needed)
    assert (refusal is None) == is_enough


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
        ({"admin_token_variable": "TLSPROBE_TEST_TOKEN", "admin": "off"}, "remove one"),
        ({"admin": "open"}, "'auto' or 'off'"),
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
