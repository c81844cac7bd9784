"""Trust stores from PEM files, or from the bundle of certifi (Mozilla's list).

A file from the user is read at startup, so that errors are reported at once and in one sentence; certifi's
bundle is loaded on first use.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from OpenSSL import crypto

from pki.certificates.pem import PemCertificate, certificates_in
from pki.certificates.trust import TrustStore

_DER_SEQUENCE: Final = b"\x30"
_STORE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_SYSTEM: Final = Path("system")
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
"""The bundle's location on Debian, Red Hat and Alpine."""


class TrustStoreError(ValueError):
    """A trust store cannot be used; the message names the file, the problem and the fix."""


def load_trust_store(name: str, path: Path | None) -> TrustStore:
    """The trust store with that name, from a PEM file or, for None, from certifi's bundle.

    The path ``system`` means the bundle of this machine, or the file in SSL_CERT_FILE.

    Raises:
        TrustStoreError: if the file cannot be read, holds no certificate, or holds a damaged one.
    """
    if path is None:
        return TrustStore(name, _certifi_anchors, is_public=True)
    is_system = path == _SYSTEM
    anchors = read_anchors(_system_bundle() if is_system else path)
    return TrustStore(name, lambda: anchors, is_public=is_system)


def check_trust_store(name: str, file: Path | None) -> None:
    """Check that ``name`` is a valid label value for metrics, and that ``file`` holds certificates.

    Raises:
        ValueError: if either cannot be used; the message says how to fix it.
    """
    if not _STORE_NAME.fullmatch(name):
        raise ValueError(
            f"the trust store name {name!r} may contain only letters, digits, '.', '_' and '-', "
            "and at most 63 characters"
        )
    load_trust_store(name, file)


def _system_bundle() -> Path:
    candidates = (os.environ.get("SSL_CERT_FILE"), *_BUNDLES)
    bundle = next((one for one in candidates if one and Path(one).is_file()), None)
    if bundle is None:
        raise TrustStoreError(
            "This system has no CA bundle in the standard locations; install its package "
            "ca-certificates, or use a PEM file."
        )
    return Path(bundle)


def read_anchors(path: Path) -> tuple[bytes, ...]:
    """The DER of every certificate in a PEM file, in file order.

    Raises:
            TrustStoreError: see ``load_trust_store``.
    """
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise TrustStoreError(
            f"The trust store {path} cannot be read ({error.strerror}); "
            "use a readable PEM file of CA certificates."
        ) from error
    found = tuple(certificates_in(pem))
    if not found:
        fix = (
            f"it is probably DER, so convert it: openssl x509 -inform DER -in {path}"
            if pem.startswith(_DER_SEQUENCE)
            else "use a PEM file of CA certificates."
        )
        raise TrustStoreError(f"The trust store {path} holds no PEM certificate; {fix}")
    return tuple(_decoded(path, number, one) for number, one in enumerate(found, start=1))


def _decoded(path: Path, number: int, one: PemCertificate) -> bytes:
    if one.base64 is None:
        raise TrustStoreError(
            f"The trust store {path}, line {one.line}: BEGIN CERTIFICATE without an END CERTIFICATE "
            "line; the file is probably truncated, so copy it again."
        )
    try:
        der = base64.b64decode(b"".join(one.base64.split()), validate=True)
        crypto.load_certificate(crypto.FILETYPE_ASN1, der)
    except (binascii.Error, crypto.Error) as error:
        raise TrustStoreError(
            f"The trust store {path}, line {one.line}: certificate {number} is damaged; "
            "copy it again or remove it."
        ) from error
    return der


def _certifi_anchors() -> tuple[bytes, ...]:
    return read_anchors(_certifi_bundle())


def _certifi_bundle() -> Path:
    """The file in certifi's folder; where it is not (an archive, a distribution's package), certifi says where it is.

    It is not asked first, because it imports what reads archives, which takes longer than most visits.
    """
    package = find_spec("certifi")
    if package is not None and package.origin is not None:
        bundle = Path(package.origin).with_name("cacert.pem")
        if bundle.is_file():
            return bundle
    import certifi

    return Path(certifi.where())
