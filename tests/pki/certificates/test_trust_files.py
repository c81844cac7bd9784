"""Trust stores are read from PEM files, and the error for an invalid file is one sentence."""

from __future__ import annotations

import base64
from pathlib import Path

import certifi
import pytest

from pki.certificates import TrustStoreError, load_trust_store, parse_certificate
from pki.certificates.trust_files import read_anchors
from tests.pki.certificates.making import NOW
from tests.pki.certificates.scenarios import LEAF, LOWER, ROOT, STRANGER, UPPER


def test_a_file_may_have_text_between_its_certificates(tmp_path: Path) -> None:
    path = tmp_path / "anchors.pem"
    path.write_bytes(b"# Our own\n" + STRANGER.pem + b"\nThe root:\r\n" + ROOT.pem)
    store = load_trust_store("own", path)
    path.unlink()  # read at once
    chain = [parse_certificate(each.der) for each in (LEAF, LOWER, UPPER)]
    assert (store.name, store.verify(chain, NOW).verdict) == ("own", "yes")


def test_certifis_bundle_is_read_whole() -> None:
    bundle = Path(certifi.where())
    assert len(read_anchors(bundle)) == bundle.read_bytes().count(b"BEGIN CERTIFICATE")


def _second_damaged() -> bytes:
    return (
        b"# Two\n" + ROOT.pem + STRANGER.pem.replace(b"\nMII", b"\nAAA").replace(b"\nMI", b"\nAA")
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "holds no PEM certificate; use a PEM file of CA certificates."),
        (b"certs: []\n", "holds no PEM certificate; use a PEM file of CA certificates."),
        (ROOT.der, "probably DER, so convert it: openssl x509 -inform DER -in "),
        (ROOT.pem[:-40], "copy it again"),
        (ROOT.pem.replace(b"\nMI", b"\n!!"), "line 1: certificate 1 is damaged; copy it again"),
        (_second_damaged(), "certificate 2 is damaged; copy it again or remove it."),
        (
            b"-----BEGIN CERTIFICATE-----\n"
            + base64.b64encode(ROOT.der[:-9])
            + b"\n-----END CERTIFICATE-----\n",
            "certificate 1 is damaged; copy it again or remove it.",
        ),
    ],
    ids=["empty", "yaml", "der", "cut", "not base64", "second", "short"],
)
def test_a_broken_trust_store_is_reported_in_one_line(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "anchors.pem"
    path.write_bytes(content)
    with pytest.raises(TrustStoreError) as caught:
        load_trust_store("own", path)
    message = str(caught.value)
    assert message.startswith(f"The trust store {path}")
    assert complaint in message
    assert "\n" not in message


def test_a_missing_file_is_reported_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "missing.pem"
    with pytest.raises(TrustStoreError) as caught:
        load_trust_store("own", path)
    assert str(caught.value) == (
        f"The trust store {path} cannot be read (No such file or directory); "
        "use a readable PEM file of CA certificates."
    )
