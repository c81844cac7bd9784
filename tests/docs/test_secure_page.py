"""Each configuration of docs/how-to/secure-the-service.md starts a listener that refuses unknown clients as described."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from service.config.load import load_settings
from service.http.server import ListenError
from service.http.start import http_side
from service.http.tls.self_signed import self_signed
from tests.docs.page_blocks import File, steps
from tests.service.http.own_listener import TOKENS

PAGE: Final = Path(__file__).parents[2] / "docs/how-to/secure-the-service.md"
FILES: Final = {
    one.name: one.text for one in steps(PAGE.read_text(encoding="utf-8")) if isinstance(one, File)
}
SETTINGS: Final = {
    name: text for name, text in FILES.items() if text.startswith(f"# {name}\nlisten")
}


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reader's directory, with the page's files, a certificate and tokens."""
    monkeypatch.chdir(tmp_path)
    self_signed(tmp_path, ["localhost"], now() + timedelta(seconds=1))
    for name, token in zip(("viewer-token", "operator-token"), TOKENS.values(), strict=False):
        (tmp_path / name).write_text(token)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_configuration_of_the_page_listens_on_every_address(directory: Path, name: str) -> None:
    settings = load_settings(directory / name, listen="0.0.0.0:0")
    with http_side(settings, now) as side:
        assert side.url.startswith("http://" if name == "open.yml" else "https://")


def test_the_page_has_a_configuration_of_each_kind() -> None:
    assert set(SETTINGS) == {"tlsprobe.yml", "mtls.yml", "self-signed.yml", "sso.yml", "open.yml"}


def test_without_its_credentials_a_configuration_is_refused(directory: Path) -> None:
    text = FILES["open.yml"].replace("allow_unauthenticated: true\n", "")
    (directory / "open.yml").write_text(text)
    settings = load_settings(directory / "open.yml", listen="0.0.0.0:0")
    with pytest.raises(ListenError, match="--allow-unauthenticated"), http_side(settings, now):
        raise AssertionError


def test_the_strict_web_configuration_serves_tls_1_3(directory: Path) -> None:
    (directory / "tlsprobe.yml").write_text(
        FILES["tlsprobe.yml"].replace("web_config: web.yml", "web_config: strict/web.yml")
    )
    settings = load_settings(directory / "tlsprobe.yml", listen="127.0.0.1:0")
    with http_side(settings, now) as side:
        tls = side.web.config.tls_server_config
        assert tls is not None
        assert tls.min_version == "TLS13"
