"""Who clients are on real connections: passwords, tokens, certificates, proxies; and what each role may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bcrypt
import pytest
from pydantic import ValidationError

from service.config.http import HttpSettings
from service.http.guard.turns import BusyError
from service.http.identity.passwords import PasswordChecker
from service.http.server import ListenError
from service.setting_types.roles import Role
from tests.service.http.own_listener import (
    TOKENS,
    Pki,
    bcrypt_hash,
    bearer,
    running,
    token_settings,
)

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery staple"
ROUTES = (("GET", "/who"), ("POST", "/operate"), ("POST", "/administer"))


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "web.yml"
    path.write_text(f"basic_auth_users:\n  alice: {bcrypt_hash(PASSWORD)}\n")
    return path


async def test_a_password_is_required_for_all_but_the_health_of_the_service(users: Path) -> None:
    async with running({"web_config": users}) as listener:
        refused = await listener.ask("/who")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Basic realm="tlsprobe", charset="UTF-8"'
        for path in ("/-/healthy", "/-/ready"):
            assert (await listener.ask(path)).status_code == 200
        assert (await listener.ask("/none")).status_code == 401
        for wrong in ("", "wrong", PASSWORD + "x", "x" * 100):
            assert (await listener.ask("/who", auth=("alice", wrong))).status_code == 401
        assert (await listener.ask("/who", auth=("bob", PASSWORD))).status_code == 401
        accepted = await listener.ask("/who", auth=("alice", PASSWORD))
        assert accepted.json() == ["alice", "viewer", "password"]


async def test_each_role_may_use_its_routes_and_those_of_lower_roles(tmp_path: Path) -> None:
    async with running({"tokens": token_settings(tmp_path)}) as listener:
        for place, role in enumerate(Role):
            for number, (method, path) in enumerate(ROUTES):
                answer = await listener.ask(path, method, headers=bearer(role))
                assert answer.status_code == (200 if number <= place else 403), (role, path)
        assert (await listener.ask("/who")).status_code == 401
        wrong = {"authorization": f"Bearer {TOKENS[Role.ADMIN]}x"}
        assert (await listener.ask("/who", headers=wrong)).status_code == 401
        assert (await listener.ask("/who", headers=bearer(Role.VIEWER))).json() == [
            "viewer",
            "viewer",
            "token",
        ]


async def test_roles_of_users_come_from_the_settings(users: Path) -> None:
    roles = {"users": {"alice": "operator"}}
    async with running({"web_config": users, "roles": roles}) as listener:
        login: dict[str, Any] = {"auth": ("alice", PASSWORD)}
        assert (await listener.ask("/operate", "POST", **login)).status_code == 200
        assert (await listener.ask("/administer", "POST", **login)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"host": "rebind.evil.example"},
    ],
)
async def test_a_browsers_stored_password_is_of_no_use_to_another_site(
    users: Path, headers: dict[str, str]
) -> None:
    roles = {"users": {"alice": "admin"}}
    async with running({"web_config": users, "roles": roles}) as listener:
        answer = await listener.ask(
            "/administer", "POST", auth=("alice", PASSWORD), headers=headers
        )
        assert answer.status_code in {403, 421}


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        ({}, "viewer"),
        ({"certificates": {"CN=prometheus,O=tlsprobe demo": "operator"}}, "operator"),
        ({"certificates": {"prometheus": "admin"}}, "admin"),
    ],
)
async def test_a_client_certificate_says_who_the_client_is(
    tmp_path: Path, roles: dict[str, Any], role: str
) -> None:
    pki = Pki(tmp_path)
    tls = "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: root.pem\n"
    async with running({"web_config": pki.web_config(tls=tls), "roles": roles}) as listener:
        answer = await listener.ask("/who", trust=pki.trust(with_client=True))
        assert answer.json() == ["CN=prometheus,O=tlsprobe demo", role, "certificate"]
        assert (await listener.ask("/who", trust=pki.trust())).status_code == 401


async def test_with_passwords_an_unlisted_certificate_is_not_enough(tmp_path: Path) -> None:
    pki = Pki(tmp_path)
    tls = "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: root.pem\n"
    users = f"basic_auth_users: {{alice: {bcrypt_hash(PASSWORD)}}}\n"
    async with running({"web_config": pki.web_config(users, tls)}) as listener:
        trust = pki.trust(with_client=True)
        assert (await listener.ask("/who", trust=trust)).status_code == 401
        login = await listener.ask("/who", trust=trust, auth=("alice", PASSWORD))
        assert login.json() == ["alice", "viewer", "password"]


async def test_a_certificate_that_is_not_verified_says_nothing(tmp_path: Path) -> None:
    pki = Pki(tmp_path)
    config = pki.web_config(tls="  client_auth_type: RequireAnyClientCert\n")
    http = {"web_config": config, "tokens": token_settings(tmp_path)}
    async with running(http) as listener:
        answer = await listener.ask("/who", trust=pki.trust(with_client=True))
        assert answer.status_code == 401


async def test_a_trusted_proxy_states_the_user_and_groups() -> None:
    http = {
        "trusted_proxy": {"addresses": ["127.0.0.1/32", "::1/128"]},
        "roles": {"users": {"carol": "admin"}, "groups": {"sre": "operator"}},
    }
    async with running(http) as listener:
        for headers, shown in (
            ({"x-forwarded-user": "bob"}, ["bob", "viewer", "proxy"]),
            (
                {"x-forwarded-user": "bob", "x-forwarded-groups": "dev, sre"},
                ["bob", "operator", "proxy"],
            ),
            ({"x-forwarded-user": "carol"}, ["carol", "admin", "proxy"]),
        ):
            assert (await listener.ask("/who", headers=headers)).json() == shown
        twice = [("x-forwarded-user", "bob"), ("x-forwarded-user", "carol")]
        assert (await listener.ask("/who", headers=twice)).status_code == 400
        assert (await listener.ask("/who")).status_code == 401


async def test_no_other_address_may_state_a_user() -> None:
    http = {"trusted_proxy": {"addresses": ["192.0.2.1/32"]}}
    async with running(http) as listener:
        answer = await listener.ask("/who", headers={"x-forwarded-user": "bob"})
        assert answer.status_code == 401


async def test_without_credentials_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match=r"is not a loopback address.*--allow-unauthenticated"):
        async with running({}, listen="0.0.0.0:0"):
            raise AssertionError
    async with running({}, listen="0.0.0.0:0", allow_unauthenticated=True) as listener:
        statuses = [(await listener.ask(path, method)).status_code for method, path in ROUTES]
        assert statuses == [200, 403, 403]
    async with running({"tokens": token_settings(tmp_path)}, listen="0.0.0.0:0") as listener:
        assert (await listener.ask("/who")).status_code == 401
    async with running({}) as listener:
        statuses = [(await listener.ask(path, method)).status_code for method, path in ROUTES]
        assert statuses == [200, 200, 200]


async def test_anyone_may_read_if_this_is_allowed_and_changes_still_need_a_token(
    tmp_path: Path,
) -> None:
    http = {"tokens": token_settings(tmp_path)}
    async with running(http, allow_unauthenticated=True) as listener:
        assert (await listener.ask("/who")).json() == ["anonymous", "viewer", "none"]
        assert (await listener.ask("/operate", "POST")).status_code == 401
        answer = await listener.ask("/operate", "POST", headers=bearer(Role.OPERATOR))
        assert answer.status_code == 200


async def test_admin_off_stops_all_changes() -> None:
    async with running({"admin": "off"}) as listener:
        statuses = [(await listener.ask(path, method)).status_code for method, path in ROUTES]
        assert statuses == [200, 403, 403]


async def test_headers_of_the_web_configuration_are_sent(tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_text(
        "http_server_config:\n  headers: {Strict-Transport-Security: max-age=31536000}\n"
    )
    async with running({"web_config": path}) as listener:
        answer = await listener.ask("/who")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_address_may_guess_ten_times_in_a_minute() -> None:
    checker = PasswordChecker(lambda: {"alice": bcrypt_hash(PASSWORD)})
    for _ in range(10):
        assert not await checker.is_right("192.0.2.1", "alice", "wrong")
    with pytest.raises(BusyError, match="too many wrong passwords"):
        await checker.is_right("192.0.2.1", "alice", PASSWORD)
    assert await checker.is_right("192.0.2.2", "alice", PASSWORD)


async def test_a_right_password_is_hashed_once_until_it_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[bytes] = []
    check = bcrypt.checkpw

    def counting(password: bytes, digest: bytes) -> bool:
        hashed.append(digest)
        return check(password, digest)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    users = {"alice": bcrypt_hash(PASSWORD)}
    checker = PasswordChecker(lambda: users)
    for _ in range(3):
        assert await checker.is_right("192.0.2.1", "alice", PASSWORD)
    assert len(hashed) == 1
    users["alice"] = bcrypt_hash("another")
    assert not await checker.is_right("192.0.2.1", "alice", PASSWORD)


async def test_an_unknown_user_costs_as_much_as_a_known_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    costs: list[bytes] = []
    check = bcrypt.checkpw

    def recording(password: bytes, digest: bytes) -> bool:
        costs.append(digest[4:6])
        return check(password, digest)

    monkeypatch.setattr(bcrypt, "checkpw", recording)
    checker = PasswordChecker(lambda: {"alice": bcrypt_hash(PASSWORD)})
    for user in ("alice", "bob"):
        assert not await checker.is_right("192.0.2.1", user, "wrong")
    assert costs == [b"04", b"04"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tokens": {"a": {"role": "viewer"}}}, "set token_file or token_variable"),
        ({"tokens": {"a": {"role": "root", "token_variable": "TLSPROBE_T"}}}, "'viewer'"),
        ({"tokens": {"a": {"token_variable": "TLSPROBE_SHORT"}}}, "at least 16"),
        ({"trusted_proxy": {"addresses": []}}, "at least 1"),
        ({"trusted_proxy": {"addresses": ["10.0.0.1"], "user_header": "a b"}}, "name of a header"),
    ],
)
def test_impossible_settings_are_refused(
    fields: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLSPROBE_SHORT", "short")
    monkeypatch.setenv("TLSPROBE_T", TOKENS[Role.ADMIN])
    with pytest.raises(ValidationError, match=words):
        HttpSettings.model_validate(fields)
