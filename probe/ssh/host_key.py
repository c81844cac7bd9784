"""Host keys and host certificates as servers send them (RFC 4253, 6.6; RFC 5656; RFC 8709; OpenSSH's PROTOCOL.certkeys)."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from model.frozen import frozen
from pki.byte_reader import ByteReader, DecodeError
from probe.ssh.limits import MAX_PRINCIPALS
from probe.ssh.messages import string

_UINT32: Final = 4
_UINT64: Final = 8
_HOST: Final = 2
"""SSH2_CERT_TYPE_HOST."""
NO_END: Final = datetime.max.replace(tzinfo=UTC)
CERTIFICATE_SUFFIX: Final = "-cert-v01@openssh.com"

_FIELDS: Final = {
    "ssh-ed25519": 1,
    "ssh-ed448": 1,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "ssh-rsa": 2,
    "ssh-dss": 4,
}
"""The number of fields in each type of public key."""

_BITS: Final = {
    "ssh-ed25519": 256,
    "ssh-ed448": 448,
    "ecdsa-sha2-nistp256": 256,
    "ecdsa-sha2-nistp384": 384,
    "ecdsa-sha2-nistp521": 521,
}
_RSA_SIGNATURES: Final = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")
"""The algorithms that sign with an RSA key (RFC 8332)."""


@frozen
class KeyType:
    """One type of host key, with a certificate or without. ``algorithms`` are its names in KEXINIT, and ``label`` its name in facts."""

    label: str
    blob_type: str
    algorithms: tuple[str, ...]

    @property
    def is_certificate(self) -> bool:
        """Whether the key comes with a certificate."""
        return self.blob_type.endswith(CERTIFICATE_SUFFIX)


def _key_type(label: str, blob_type: str, *algorithms: str) -> tuple[KeyType, KeyType]:
    names = algorithms or (blob_type,)
    certified = tuple(f"{name}{CERTIFICATE_SUFFIX}" for name in names)
    return (
        KeyType(label=label, blob_type=blob_type, algorithms=names),
        KeyType(
            label=f"{label}_certificate",
            blob_type=f"{blob_type}{CERTIFICATE_SUFFIX}",
            algorithms=certified,
        ),
    )


KEY_TYPES: Final = (
    *_key_type("ed25519", "ssh-ed25519"),
    *_key_type("ecdsa_p256", "ecdsa-sha2-nistp256"),
    *_key_type("ecdsa_p384", "ecdsa-sha2-nistp384"),
    *_key_type("ecdsa_p521", "ecdsa-sha2-nistp521"),
    *_key_type("rsa", "ssh-rsa", *_RSA_SIGNATURES),
    *_key_type("dsa", "ssh-dss"),
    _key_type("ed448", "ssh-ed448")[0],
)
"""All types that are asked, each with its certificate."""

HOST_KEY_ALGORITHMS: Final = tuple(name for one in KEY_TYPES for name in one.algorithms)


@frozen
class HostCertificate:
    """What an OpenSSH certificate says of a host key; one without an end ends at ``NO_END``.

    ``authority`` is the public key of the CA as sent. ``signature`` is the CA's, over the bytes ``signed``.
    """

    authority: bytes
    signed: bytes
    signature: bytes
    key_id: str
    principals: tuple[str, ...]
    valid_after: datetime
    valid_before: datetime

    @property
    def ca_fingerprint(self) -> str:
        """The fingerprint of the CA's key, as ``ssh-keygen -L`` shows it."""
        return _fingerprint(self.authority)


@frozen
class HostKey:
    """One public key: ``plain_type`` is its type without a certificate, ``fields`` its numbers as sent."""

    blob_type: str
    plain_type: str
    fields: tuple[bytes, ...]
    bits: int
    certificate: HostCertificate | None = None

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the key without its certificate, as ``ssh-keygen -l`` shows it."""
        return _fingerprint(b"".join(map(string, (self.plain_type.encode(), *self.fields))))


def decode_host_key(blob: bytes) -> HostKey:
    """The key in a server's reply. Raises DecodeError, also for a type that is not known."""
    reader = ByteReader(blob, "host key")
    blob_type = reader.vector(_UINT32).decode("ascii", "replace")
    plain_type = blob_type.removesuffix(CERTIFICATE_SUFFIX)
    if plain_type not in _FIELDS:
        raise DecodeError("host key of an unknown type", 0)
    is_certified = plain_type != blob_type
    if is_certified:
        reader.vector(_UINT32)  # the nonce
    fields = tuple(reader.filled_vector(_UINT32) for _ in range(_FIELDS[plain_type]))
    certificate = _certificate(reader, blob) if is_certified else None
    reader.finish()
    return HostKey(
        blob_type=blob_type,
        plain_type=plain_type,
        fields=fields,
        bits=_bits(plain_type, fields),
        certificate=certificate,
    )


def _bits(plain_type: str, fields: tuple[bytes, ...]) -> int:
    """The size of the key: of the modulus for RSA, of the prime for DSA."""
    if plain_type in _BITS:
        return _BITS[plain_type]
    return int.from_bytes(fields[1 if plain_type == "ssh-rsa" else 0], "big").bit_length()


def _certificate(reader: ByteReader, blob: bytes) -> HostCertificate:
    reader.take(_UINT64)  # the serial number
    if reader.uint(_UINT32) != _HOST:
        raise DecodeError("host certificate, which is not for a host,", 0)
    key_id = reader.vector(_UINT32)
    principals = ByteReader(reader.vector(_UINT32), "principals").vectors(_UINT32, MAX_PRINCIPALS)
    after, before = reader.uint(_UINT64), reader.uint(_UINT64)
    for _ in ("critical options", "extensions", "reserved"):
        reader.vector(_UINT32)
    authority = reader.vector(_UINT32)
    signed = blob[: len(blob) - reader.remaining]
    return HostCertificate(
        authority=authority,
        signed=signed,
        signature=reader.vector(_UINT32),
        key_id=key_id.decode("utf-8", "replace"),
        principals=tuple(one.decode("utf-8", "replace") for one in principals),
        valid_after=_time(after),
        valid_before=_time(before),
    )


def _time(seconds: int) -> datetime:
    """The last time of the calendar stands for the greatest number, which means that there is no end, and for later times."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return NO_END


def _fingerprint(blob: bytes) -> str:
    return "SHA256:" + b64encode(sha256(blob).digest()).decode("ascii").rstrip("=")
