"""TLS of the service's own listener: versions, renewal, client certificates, limits, and hostile clients."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from policy.files.yaml_file import ConfigError
from service.config.http import HttpSettings
from service.http.tls.live import LiveWebConfig
from tests.service.http.own_listener import NOW, Pki, running

pytestmark = pytest.mark.slow

REFUSED = (httpx.TransportError, ssl.SSLError)
"""TLS 1.3 clients hear of a refusal when they read."""


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


async def handshake(port: int, context: ssl.SSLContext) -> tuple[str | None, x509.Certificate]:
    """The version, and the server's certificate."""
    _, writer = await asyncio.open_connection(
        "localhost", port, ssl=context, server_hostname="localhost"
    )
    try:
        found = writer.get_extra_info("ssl_object")
        return found.version(), x509.load_der_x509_certificate(found.getpeercert(binary_form=True))
    finally:
        writer.close()


async def test_pages_and_bodies_of_any_size_go_through_tls(pki: Pki) -> None:
    async with running({"web_config": pki.web_config()}) as listener:
        assert listener.side.url.startswith("https://")
        answer = await listener.ask("/large", trust=pki.trust(), headers={"host": "localhost"})
        assert answer.text == "x" * 3_000_000
        assert answer.headers["x-content-type-options"] == "nosniff"
    async with running({"self_signed_directory": pki.directory / "own"}) as listener:
        body = await listener.ask("/body", "POST", content=b"x" * 60_000)
        assert body.text == "60000"


async def test_health_is_answered_over_tls_too(pki: Pki) -> None:
    async with running({"web_config": pki.web_config()}) as listener:
        answer = await listener.ask("/-/healthy", trust=pki.trust())
        assert (answer.status_code, answer.text) == (200, "healthy\n")


@pytest.mark.parametrize(
    ("tls", "version", "is_accepted"),
    [
        ("", ssl.TLSVersion.TLSv1_2, True),
        ("", ssl.TLSVersion.TLSv1_3, True),
        ("  min_version: TLS13\n", ssl.TLSVersion.TLSv1_2, False),
        ("  max_version: TLS12\n", ssl.TLSVersion.TLSv1_3, False),
        ("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", ssl.TLSVersion.TLSv1_2, False),
        ("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", ssl.TLSVersion.TLSv1_3, True),
    ],
)
async def test_the_file_chooses_the_versions(
    pki: Pki, tls: str, version: ssl.TLSVersion, *, is_accepted: bool
) -> None:
    context = pki.trust()
    context.minimum_version = context.maximum_version = version
    async with running({"web_config": pki.web_config(tls=tls)}) as listener:
        if is_accepted:
            spoken, _ = await handshake(listener.port, context)
            assert spoken == version.name.replace("_", ".")
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await handshake(listener.port, context)


async def test_the_file_chooses_suites_and_curves_by_gos_names(pki: Pki) -> None:
    suite = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
    tls = f"  cipher_suites: [{suite}]\n  curve_preferences: [CurveP384]\n"
    context = pki.trust()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with running({"web_config": pki.web_config(tls=tls)}) as listener:
        _, writer = await asyncio.open_connection(
            "localhost", listener.port, ssl=context, server_hostname="localhost"
        )
        assert writer.get_extra_info("cipher")[0] == "ECDHE-ECDSA-CHACHA20-POLY1305"
        writer.close()
        context.set_ecdh_curve("prime256v1")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await handshake(listener.port, context)


async def test_a_renewed_certificate_is_served_without_a_restart(pki: Pki) -> None:
    async with running({"web_config": pki.web_config()}) as listener:
        serial = pki.renew()
        async with asyncio.timeout(60):
            served = None
            while served != serial:
                _, certificate = await handshake(listener.port, pki.trust())
                served = certificate.serial_number


def test_an_invalid_file_leaves_the_previous_configuration_active(pki: Pki) -> None:
    path = pki.web_config()
    live = LiveWebConfig(HttpSettings(web_config=path), ["localhost"], lambda: NOW)
    before = live.context
    for text in (
        "tls_server_config: {cert_file: none.pem, key_file: server.key}\n",
        "{}\n",
        "a: b",
    ):
        path.write_text(text)
        live.follow()
        assert live.context is before
    pki.web_config()
    live.follow()
    assert live.context is not before


@pytest.mark.parametrize(
    ("auth", "with_client", "is_accepted"),
    [
        ("RequireAndVerifyClientCert", True, True),
        ("RequireAndVerifyClientCert", False, False),
        ("VerifyClientCertIfGiven", False, True),
    ],
)
async def test_client_certificates_are_required_and_verified(
    pki: Pki, auth: str, *, with_client: bool, is_accepted: bool
) -> None:
    tls = f"  client_auth_type: {auth}\n  client_ca_file: root.pem\n"
    trust = pki.trust(with_client=with_client)
    async with running(
        {"web_config": pki.web_config(tls=tls)}, allow_unauthenticated=True
    ) as listener:
        if is_accepted:
            assert (await listener.ask("/who", trust=trust)).status_code == 200
        else:
            with pytest.raises(REFUSED):
                await listener.ask("/who", trust=trust)


async def test_a_client_certificate_of_another_authority_or_name_is_refused(
    pki: Pki, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    stranger = Pki(tmp_path / "other")
    required = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: root.pem\n"
    async with running({"web_config": pki.web_config(tls=required)}) as listener:
        context = pki.trust()
        context.load_cert_chain(*stranger.client)
        with pytest.raises(REFUSED):
            await listener.ask("/who", trust=context)
    named = f"{required}  client_allowed_sans: [someone-else]\n"
    async with running({"web_config": pki.web_config(tls=named)}) as listener:
        with pytest.raises(REFUSED):
            await listener.ask("/who", trust=pki.trust(with_client=True))


@pytest.mark.parametrize(
    "words",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
        b"\x80",
    ],
)
async def test_bytes_that_are_not_tls_end_the_connection(pki: Pki, words: bytes) -> None:
    async with running({"web_config": pki.web_config()}) as listener:
        reader, writer = await asyncio.open_connection("localhost", listener.port)
        writer.write(words)
        writer.write_eof()
        received = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        assert not received.startswith(b"HTTP")
        assert (await listener.ask("/who", trust=pki.trust())).status_code == 200


async def test_a_client_that_speaks_only_another_protocol_is_refused(pki: Pki) -> None:
    context = pki.trust()
    context.set_alpn_protocols(["imap"])
    async with running({"web_config": pki.web_config()}) as listener:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await handshake(listener.port, context)


def test_a_self_signed_pair_is_private_and_is_created_once(tmp_path: Path) -> None:
    settings = HttpSettings(self_signed_directory=tmp_path / "own")
    names = ["probe.example", "127.0.0.1"]
    LiveWebConfig(settings, names, lambda: NOW)
    first = (tmp_path / "own" / "cert.pem").read_bytes()
    LiveWebConfig(settings, names, lambda: NOW)
    assert (tmp_path / "own" / "cert.pem").read_bytes() == first
    assert (tmp_path / "own" / "key.pem").stat().st_mode & 0o077 == 0
    found = x509.load_pem_x509_certificate(first)
    shown = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert shown.get_values_for_type(x509.DNSName) == ["probe.example"]
    later = found.not_valid_after_utc
    LiveWebConfig(settings, names, lambda: later)
    assert (tmp_path / "own" / "cert.pem").read_bytes() != first


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        ("  cipher_suites: [RC4]\n", "unknown cipher suite 'RC4'"),
        ("  curve_preferences: [P-256]\n", "unknown curve 'P-256'"),
        ("  min_version: TLS10\n", "must be 'TLS12' or 'TLS13'"),
        ("  client_auth_type: RequireAndVerifyClientCert\n", "needs client_ca_file"),
        ("  client_ca_file: root.pem\n", "has no effect without client_auth_type"),
        ("  cert: x\n", "set cert or cert_file, not both"),
        ("  certfile: x\n", "unknown key 'certfile': did you mean cert_file?"),
        ("rate_limit: {burst: 1}\n", "http.requests_per_second"),
        ("basic_auth_users: {alice: secret}\n", "is not a bcrypt hash"),
        ("http_server_config: {headers: {Server: x}}\n", "unknown header 'Server'"),
        ("http_server_config: {headers: {X-Frame-Options: maybe}}\n", "deny or sameorigin"),
    ],
)
def test_an_error_names_the_file_and_the_line(pki: Pki, tls: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("?", r"\?")) as error:
        HttpSettings(web_config=pki.web_config(tls=tls))
    assert f"{pki.directory}/web.yml, line " in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("key_file: client.key", "is not the key of the certificate"),
        ("key_file: server.pem", "is not an unencrypted RSA"),
        ("key_file: none.key", "cannot be read"),
        ("cert_file: server.key\n  key_file: server.key", "has no certificate"),
    ],
)
def test_files_that_are_not_a_pair_are_refused(pki: Pki, change: str, words: str) -> None:
    path = pki.directory / "web.yml"
    certificate = "" if "cert_file" in change else "cert_file: server.pem\n  "
    path.write_text(f"tls_server_config:\n  {certificate}{change}\n")
    with pytest.raises(ConfigError, match=words):
        LiveWebConfig(HttpSettings(web_config=path), ["localhost"], lambda: NOW)


async def test_clients_that_stop_before_or_after_the_handshake_are_closed_in_time(pki: Pki) -> None:
    async with running({"web_config": pki.web_config()}, head_seconds=0.5) as listener:
        silent = await asyncio.open_connection("localhost", listener.port)
        begun = await asyncio.open_connection("localhost", listener.port)
        begun[1].write(b"\x16\x03\x01\x02\x00\x01")
        done = await asyncio.open_connection(
            "localhost", listener.port, ssl=pki.trust(), server_hostname="localhost"
        )
        for (reader, writer), answer in ((silent, b""), (begun, b""), (done, b"HTTP/1.1 408 ")):
            assert (await asyncio.wait_for(reader.read(), 30))[:13] == answer
            writer.close()


async def test_handshakes_are_limited_per_second_and_callers_take_turns(pki: Pki) -> None:
    async with running({"web_config": pki.web_config()}, handshakes_per_second=5) as listener:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answers = await asyncio.gather(
            *(listener.ask("/who", trust=pki.trust()) for _ in range(15))
        )
        # Five at once, and ten more at five a second.
        assert loop.time() - began >= 1.9
        assert [answer.status_code for answer in answers] == [200] * 15
