"""Encrypted ClientHello (RFC 9849): the configurations that a server publishes, and the extension of a hello."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from model.frozen import frozen
from pki.byte_reader import ByteReader, DecodeError, uint16_list, vector
from probe.tls.extensions import Extension, ExtensionType
from probe.tls.limits import MAX_ECH_CONFIGS

VERSION: Final = 0xFE0D
"""The version of the RFC; it equals the type of the extension (section 4)."""

CONFIRMATION_LENGTH: Final = 8
"""The length of the signal of acceptance in a ServerHello or a HelloRetryRequest (section 7.2)."""

_MANDATORY: Final = 0x8000
_LDH_NAME: Final = re.compile(
    rb"(?=.{1,253}\Z)(?:[A-Za-z0-9-]{1,63}\.)*(?![0-9]+\Z|0[xX][0-9A-Fa-f]*\Z)[A-Za-z0-9-]{1,63}"
)
"""A host name whose last label is not a number, so that no client takes it for an IPv4 address (section 6.1.7)."""

_INNER: Final = b"\x01"
_OUTER: Final = b"\x00"

HpkeSuite: TypeAlias = tuple[int, int]
"""The KDF and the AEAD of an HpkeSymmetricCipherSuite (RFC 9180, section 7)."""


@frozen
class EchConfig:
    """``struct { uint8 config_id; HpkeKemId kem_id; HpkePublicKey public_key; HpkeSymmetricCipherSuite
    cipher_suites<4..2^16-4>; uint8 maximum_name_length; opaque public_name<1..255>; ECHConfigExtension
    extensions<0..2^16-1>; }`` with its version and length, which ``raw`` holds too.

    ``is_mandatory`` is whether an extension demands what no client knows: no mandatory extension is registered.
    """

    raw: bytes
    config_id: int
    kem: int
    public_key: bytes
    suites: tuple[HpkeSuite, ...]
    maximum_name_length: int
    public_name: bytes
    is_mandatory: bool

    @property
    def has_host_name(self) -> bool:
        """Whether the public name is a host name; clients ignore the configuration otherwise (section 6.1.7)."""
        return _LDH_NAME.fullmatch(self.public_name) is not None

    def inner_padding(self, length: int, name_length: int | None) -> int:
        """How many zeros follow an inner hello of ``length`` bytes whose server name has ``name_length`` (section
        6.1.3); None stands for a hello without a name."""
        longest = self.maximum_name_length
        added = longest + 9 if name_length is None else max(0, longest - name_length)
        return added + 31 - (length + added - 1) % 32


def decode_ech_configs(body: bytes) -> tuple[EchConfig, ...]:
    """The configurations of an ``ECHConfig ECHConfigList<4..2^16-1>`` in order, without those of other versions.

    Raises:
        DecodeError: if the list or a configuration of this version is malformed, or there are more than
            MAX_ECH_CONFIGS.
    """
    whole = ByteReader(body, "ECHConfigList")
    listed = ByteReader(whole.filled_vector(2), "ECHConfigList")
    whole.finish()
    found: list[EchConfig] = []
    for _ in range(MAX_ECH_CONFIGS):
        version, contents = listed.uint(2), listed.vector(2)
        if version == VERSION:
            found.append(_config(contents))
        if not listed.remaining:
            return tuple(found)
    raise DecodeError(f"ECHConfigList, more than {MAX_ECH_CONFIGS} configurations,", 0)


def _config(contents: bytes) -> EchConfig:
    reader = ByteReader(contents, "ECHConfig")
    config_id, kem, public_key = reader.uint(1), reader.uint(2), reader.filled_vector(2)
    suites = _suites(reader.filled_vector(2))
    longest, public_name = reader.uint(1), reader.filled_vector(1)
    types = _extension_types(reader.vector(2))
    reader.finish()
    return EchConfig(
        raw=VERSION.to_bytes(2, "big") + vector(contents, 2),
        config_id=config_id,
        kem=kem,
        public_key=public_key,
        suites=suites,
        maximum_name_length=longest,
        public_name=public_name,
        is_mandatory=any(one & _MANDATORY for one in types),
    )


def _suites(body: bytes) -> tuple[HpkeSuite, ...]:
    if len(body) % 4 or len(body) > 4 * MAX_ECH_CONFIGS:
        raise DecodeError("cipher_suites of an ECHConfig", 0)
    reader = ByteReader(body, "cipher_suites of an ECHConfig")
    return tuple((reader.uint(2), reader.uint(2)) for _ in range(len(body) // 4))


def _extension_types(body: bytes) -> tuple[int, ...]:
    reader = ByteReader(body, "extensions of an ECHConfig")
    types: list[int] = []
    while reader.remaining:
        one, _ = reader.uint(2), reader.vector(2)
        if one in types or len(types) == MAX_ECH_CONFIGS:
            raise reader.error()
        types.append(one)
    return tuple(types)


def inner_extension() -> Extension:
    """The extension of an inner hello (section 5)."""
    return Extension(code_point=ExtensionType.ENCRYPTED_CLIENT_HELLO, body=_INNER)


def outer_extensions(types: tuple[int, ...]) -> Extension:
    """``ExtensionType OuterExtensions<2..254>``: stands for those of the outer hello (section 5.1)."""
    return Extension(code_point=ExtensionType.ECH_OUTER_EXTENSIONS, body=uint16_list(types, 1))


def outer_extension(
    suite: HpkeSuite, config_id: int, encapsulated: bytes, payload: bytes
) -> Extension:
    """The extension of an outer hello: ``ECHClientHelloType type; HpkeSymmetricCipherSuite cipher_suite; uint8
    config_id; opaque enc<0..2^16-1>; opaque payload<1..2^16-1>;`` (section 5)"""
    kdf, aead = suite
    body = _OUTER + kdf.to_bytes(2, "big") + aead.to_bytes(2, "big") + bytes((config_id,))
    return Extension(
        code_point=ExtensionType.ENCRYPTED_CLIENT_HELLO,
        body=body + vector(encapsulated, 2) + vector(payload, 2),
    )
