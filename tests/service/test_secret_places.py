"""Secrets come from variables, files, systemd credentials and Vault; one that changes is used without a restart."""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pki.net_guard.gate import SocketGate
from service.config.routes import ProxySettings
from service.integrations.attempts import DeliveryError
from service.integrations.email.notifier import EmailSettings
from service.integrations.email.smtp import open_mailbox
from service.integrations.web.post import WebPost
from service.integrations.web.settings import WebSettings
from service.process.logs import set_up_logs
from service.setting_types.secret_places import Rotating, read_place
from service.setting_types.secrets import KNOWN_SECRETS, read_secret
from tests.pki.certificates.making import make
from tests.pki.revocation.servers import web_server
from tests.service.delivery.receivers import running_hook, running_post_office
from tests.service.open_bao import ROOT_TOKEN, OpenBao, running_open_bao

VARIABLES = ("CREDENTIALS_DIRECTORY", "VAULT_ADDR", "VAULT_TOKEN", "VAULT_KUBERNETES_ROLE")


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with running_open_bao(tmp_path_factory.mktemp("bao")) as server:
        yield server


def test_a_credential_of_systemd_is_read_from_the_unit_s_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "smtp").write_text("pass word\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_secret("password", None, Path("credential:smtp")) == "pass word"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("credential:smtp", "add LoadCredential=smtp:FILE to the systemd unit"),
        ("credential:", "credential:NAME"),
        ("credential:../shadow", "credential:NAME"),
        ("missing", "password_file missing cannot be read (No such file or directory)"),
        ("vault:secret", "vault:MOUNT/PATH#KEY"),
        ("vault:secret/tlsprobe#smtp", "VAULT_KUBERNETES_ROLE"),
    ],
)
def test_a_place_that_cannot_be_read_says_what_to_do(place: str, words: str) -> None:
    with pytest.raises(ValueError, match="password_file") as caught:
        read_secret("password", None, Path(place))
    assert words in str(caught.value)


@pytest.mark.integration
def test_vault_is_read_with_a_token(bao: OpenBao, monkeypatch: pytest.MonkeyPatch) -> None:
    bao.store("team/tlsprobe", smtp="from the vault")
    monkeypatch.setenv("VAULT_ADDR", bao.url)
    monkeypatch.setenv("VAULT_TOKEN", ROOT_TOKEN)
    assert read_place("vault:secret/team/tlsprobe#smtp") == "from the vault"
    with pytest.raises(ValueError, match="no key 'other'"):
        read_place("vault:secret/team/tlsprobe#other")
    with pytest.raises(ValueError, match="HTTP status 404"):
        read_place("vault:secret/nothing#smtp")
    monkeypatch.setenv("VAULT_TOKEN", "wrong-token-of-the-tests")
    with pytest.raises(ValueError, match="HTTP status 403") as caught:
        read_place("vault:secret/team/tlsprobe#smtp")
    assert "wrong-token" not in str(caught.value)


def service_account_token() -> str:
    """A signed token (RFC 7519) of the service account monitoring/tlsprobe, as Kubernetes mounts one."""
    claims = {
        "nbf": 1_700_000_000,
        "iat": 1_700_000_000,
        "exp": 4_102_444_800,
        "iss": "https://kubernetes.default.svc",
        "sub": "system:serviceaccount:monitoring:tlsprobe",
        "kubernetes.io": {
            "namespace": "monitoring",
            "serviceaccount": {"name": "tlsprobe", "uid": "4f1c"},
        },
    }
    parts = [
        urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=")
        for one in ({"alg": "ES256", "typ": "JWT"}, claims)
    ]
    key = ec.generate_private_key(ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(b".".join(parts), ec.ECDSA(hashes.SHA256())))
    signature = urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=")
    return b".".join((*parts, signature)).decode()


@pytest.mark.integration
async def test_a_pod_logs_in_to_vault_with_its_service_account(
    bao: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenBao asks the cluster's API (authentication.k8s.io/v1) whether the pod's token is valid."""
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "status": {
            "authenticated": True,
            "user": {
                "username": "system:serviceaccount:monitoring:tlsprobe",
                "uid": "4f1c",
                "groups": ["system:serviceaccounts"],
            },
        },
    }
    path = "/apis/authentication.k8s.io/v1/tokenreviews"
    json_type = {"Content-Type": "application/json"}
    async with web_server({path: json.dumps(review).encode()}, headers=json_type) as cluster:
        bao.trust_pods_of(f"http://127.0.0.1:{cluster.port}", "prober", service_account_token())
        bao.store("pods", smtp="for pods")
        (tmp_path / "token").write_text(service_account_token())
        monkeypatch.setenv("VAULT_ADDR", bao.url)
        monkeypatch.setenv("VAULT_KUBERNETES_ROLE", "prober")
        monkeypatch.setenv("VAULT_KUBERNETES_TOKEN_FILE", str(tmp_path / "token"))
        assert await asyncio.to_thread(read_place, "vault:secret/pods#smtp") == "for pods"
        assert cluster.asked == [path]
        monkeypatch.setenv("VAULT_KUBERNETES_ROLE", "unknown")
        with pytest.raises(ValueError, match="/v1/auth/kubernetes/login with HTTP status"):
            await asyncio.to_thread(read_place, "vault:secret/pods#smtp")


@pytest.mark.integration
def test_a_secret_of_vault_is_read_again_when_its_time_is_over(
    bao: OpenBao, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("VAULT_ADDR", bao.url)
    monkeypatch.setenv("VAULT_TOKEN", ROOT_TOKEN)
    place, now = "vault:secret/rotated#key", [0.0]
    bao.store("rotated", key="first")
    rotating = Rotating("a test", lambda: read_place(place), [place], lambda: now[0])
    bao.store("rotated", key="second")
    assert rotating.current() == "first"
    now[0] += 300.0
    assert rotating.current() == "second"
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    now[0] += 300.0
    with caplog.at_level(logging.INFO):
        assert [rotating.current(), rotating.current()] == ["second", "second"]


def replace(file: Path, secret: str) -> None:
    """As Kubernetes and careful administrators do: a new file takes the place of the old one."""
    new = file.with_suffix(".new")
    new.write_text(secret)
    new.replace(file)


async def test_a_receiver_gets_the_token_that_the_file_has_now(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first-token")
    async with running_hook() as hook:
        chosen = WebSettings(url=hook.url, token_file=file)
        async with WebPost(chosen.rotating(), SocketGate()) as post:
            await post.send(b"{}", {})
            replace(file, "second-token")
            await post.send(b"{}", {})
            file.unlink()
            await post.send(b"{}", {})
        assert [one["authorization"] for one in hook.headers] == [
            "Bearer first-token",
            "Bearer second-token",
            "Bearer second-token",
        ]


async def test_e_mail_is_sent_with_the_password_that_the_file_has_now(tmp_path: Path) -> None:
    file, ca_file = tmp_path / "password", tmp_path / "ca.pem"
    file.write_text("of last month")
    async with running_post_office() as office:
        office.authority.cert_pem.write_to_path(ca_file)
        chosen = EmailSettings.model_validate(
            {
                "type": "email",
                "host": "127.0.0.1",
                "port": office.port,
                "user": "ops",
                "password_file": file,
                "ca_file": ca_file,
                "to": ["ops@example.test"],
                **office.sender,
            }
        )
        async with open_mailbox(chosen.rotating(), SocketGate()) as send:
            with pytest.raises(DeliveryError):
                await send(b"Subject: one\n\ntext\n")
            replace(file, "pass word")
            await send(b"Subject: two\n\ntext\n")
        assert [mail["subject"] for mail in office.mails] == ["two"]


SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=6, max_size=30
).filter(lambda text: text.strip() == text and not text.isalnum())


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """One CA: each receiver reads what it trusts, and the system's list is long."""
    file = tmp_path / "ca.pem"
    file.write_bytes(make("root", is_ca=True).pem)
    return file


@given(secret=SECRETS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_secret_is_in_a_representation_a_dump_an_error_or_a_log(
    secret: str, tmp_path: Path, ca_file: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(secret, encoding="utf-8")
    chosen = WebSettings(url="http://127.0.0.1:1/", user="ops", password_file=file, ca_file=ca_file)
    receiver = chosen.receiver()
    shown = [repr(chosen), str(chosen), chosen.model_dump_json(), repr(receiver), str(receiver)]
    assert not any(secret in text for text in shown)
    forms = (secret, quote(secret, safe=""), b64encode(f"ops:{secret}".encode()).decode())
    masked = KNOWN_SECRETS.masked(" | ".join(forms))
    assert not any(form in masked for form in forms)


def test_a_secret_that_took_the_place_of_another_is_masked_in_logs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "secret"
    file.write_text("the-first-secret")
    rotating = Rotating("a test", lambda: read_secret("token", None, file), [file])
    replace(file, "the-second-secret")
    assert rotating.current() == "the-second-secret"
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    try:
        set_up_logs("json", "info")
        logging.getLogger("a library").warning("it says the-first-secret and the-second-secret")
    finally:
        logging.getLogger().handlers, logging.getLogger().level = handlers, level
    said = capfd.readouterr().err
    assert "it says *** and ***" in said


def test_the_password_of_a_proxy_is_read_from_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "proxy").write_text("pass word\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    proxy = ProxySettings(
        url="http://ops@127.0.0.1:3128", password_file=Path("credential:proxy")
    ).load("office")
    assert proxy.credentials == ("ops", "pass word")
    assert "pass word" not in repr(proxy)
    with pytest.raises(ValueError, match="the proxy 'office': password_file credential:other"):
        ProxySettings(url="http://ops@127.0.0.1:3128", password_file=Path("credential:other")).load(
            "office"
        )
