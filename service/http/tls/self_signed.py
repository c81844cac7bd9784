"""Creates a self-signed certificate and its key for the listener, and replaces it before it expires."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from model.safe_output.private_file import open_private
from policy.files.yaml_file import ConfigError
from service.config.web_config.tls_server_config import TlsServerConfig

_LIFETIME: Final = timedelta(days=365)
_LEAST_LEFT: Final = timedelta(days=30)
_CLOCKS_MAY_DIFFER: Final = timedelta(hours=1)


def self_signed(directory: Path, names: Sequence[str], now: datetime) -> TlsServerConfig:
    """TLS with ``cert.pem`` and ``key.pem`` in ``directory``; a missing or expiring pair is created.

    ``names`` are the host names and IP addresses of the certificate.

    Raises:
        ConfigError: if the files cannot be written.
    """
    pair = pair_in(directory)
    certificate, key = pair.files
    if not (key.is_file() and _lasts(certificate, now)):
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create(certificate, key, names, now)
        except OSError as error:
            raise ConfigError(
                f"{directory}: the self-signed certificate cannot be written ({error.strerror}): use a "
                "directory that this user can write"
            ) from error
    return pair


def pair_in(directory: Path) -> TlsServerConfig:
    """TLS with the files in ``directory``, which may not exist yet."""
    return TlsServerConfig(cert_file=directory / "cert.pem", key_file=directory / "key.pem")


def _lasts(certificate: Path, now: datetime) -> bool:
    with suppress(OSError, ValueError):
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        return found.not_valid_after_utc - now > _LEAST_LEFT
    return False


def _create(certificate: Path, key: Path, names: Sequence[str], now: datetime) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_MAY_DIFFER)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    signed = builder.sign(private, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    _replace(key, private.private_bytes(serialization.Encoding.PEM, *form))
    _replace(certificate, signed.public_bytes(serialization.Encoding.PEM))


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _replace(path: Path, content: bytes) -> None:
    """Replace the file in one step, so that no reader finds a part of it."""
    new = path.with_name(f".{path.name}.new")
    with open(new, "wb", opener=open_private) as file:
        file.write(content)
    new.replace(path)
