"""``system`` is the machine's own bundle, or the one that SSL_CERT_FILE names."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from model.verdict import Verdict
from pki.certificates import TrustStoreError, load_trust_store, parse_certificate
from tests.pki.certificates.making import NOW, make

SYSTEM = Path("system")


def test_the_named_bundle_is_the_system_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make("root", is_ca=True)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(root.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    store = load_trust_store("system", SYSTEM)
    assert store.verify([parse_certificate(root.der)], NOW).verdict is Verdict.YES
    assert store.is_public


def test_a_system_without_a_bundle_is_reported_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing"))
    monkeypatch.setattr("pki.certificates.trust_files._BUNDLES", ())
    with pytest.raises(TrustStoreError, match="install its package ca-certificates"):
        load_trust_store("system", SYSTEM)


def test_certifi_s_list_is_public_and_a_named_file_is_not() -> None:
    assert load_trust_store("mozilla", None).is_public
    assert not load_trust_store("own", Path(certifi.where())).is_public
