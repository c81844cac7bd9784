"""The messages between ServerHello and ServerHelloDone, up to TLS 1.2 (RFC 5246, section 7.4).

They are in plaintext: the chain, the parameters of the key exchange, and the request for a client
certificate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from pki.byte_reader import ByteReader
from probe.tls.limits import MAX_AUTHORITIES, MAX_CERTIFICATES

_NAMED_CURVE: Final = 3
_OCSP: Final = 1
_UNSIGNED: Final = frozenset({"anon", "PSK"})


@frozen
class CertificateMessage:
    """``opaque ASN.1Cert<1..2^24-1>; struct { ASN.1Cert certificate_list<0..2^24-1>; }``

    ``chain`` is DER, the leaf first (RFC 5246, section 7.4.2), cut after MAX_CERTIFICATES.
    """

    chain: tuple[bytes, ...]

    @classmethod
    def decode(cls, body: bytes) -> CertificateMessage:
        """The message with that body. Raises DecodeError."""
        reader = ByteReader(body, "Certificate")
        entries = ByteReader(reader.vector(3), "Certificate")
        reader.finish()
        chain: list[bytes] = []
        while entries.remaining and len(chain) < MAX_CERTIFICATES:
            chain.append(entries.filled_vector(3))
        return cls(chain=tuple(chain))


@frozen
class CertificateRequest:
    """``struct { ClientCertificateType certificate_types<1..2^8-1>; SignatureAndHashAlgorithm
    supported_signature_algorithms<2..2^16-2>; DistinguishedName
    certificate_authorities<0..2^16-1>; }`` (RFC 5246, section 7.4.4)

    The algorithms came with TLS 1.2. ``certificate_authorities`` are names in DER.
    """

    certificate_types: tuple[int, ...]
    signature_algorithms: tuple[int, ...]
    certificate_authorities: tuple[bytes, ...]

    @classmethod
    def decode(cls, body: bytes, version: int) -> CertificateRequest:
        """The message with that body, as ``version`` has it. Raises DecodeError."""
        reader = ByteReader(body, "CertificateRequest")
        types = tuple(reader.vector(1))
        algorithms = reader.uint16_list(2) if version >= ProtocolVersion.TLSV1_2 else ()
        names: tuple[bytes, ...] = ()
        if reader.remaining:
            block = ByteReader(reader.vector(2), "CertificateRequest")
            names = block.vectors(2, MAX_AUTHORITIES)
        reader.finish()
        return cls(
            certificate_types=types,
            signature_algorithms=algorithms,
            certificate_authorities=names,
        )


@frozen
class ServerKeyExchange:
    """What the parameters of an ephemeral key exchange show (RFC 5246, 7.4.3; RFC 8422, 5.4).

    ``named_group`` is None for explicit curves. ``signature_scheme`` is set from TLS 1.2 on, if the
    parameters are signed. All fields are None for kinds of key exchange that are not read (SRP, KRB5, GOST,
    ECCPWD, ...).
    """

    named_group: int | None = None
    dh_prime: bytes | None = None
    public_value: bytes | None = None
    psk_identity_hint: bytes | None = None
    rsa_export_bits: int | None = None
    signature_scheme: int | None = None

    @property
    def dh_prime_bits(self) -> int | None:
        """The size of the finite field's prime."""
        return None if self.dh_prime is None else int.from_bytes(self.dh_prime, "big").bit_length()

    @classmethod
    def decode(
        cls, body: bytes, version: int, key_exchange: str, authentication: str
    ) -> ServerKeyExchange:
        """The message with that body, read according to the suite's key exchange and authentication.

        Raises:
            DecodeError: if a known kind does not have its form.
        """
        reader = ByteReader(body, "ServerKeyExchange")
        hint = reader.vector(2) if authentication == "PSK" else None
        match key_exchange, authentication:
            case "ECDHE", _:
                found = _ecdhe(reader)
            case "DHE", _:
                found = _dhe(reader)
            case "RSA", "RSA":
                found = _rsa_export(reader)
            case "PSK" | "RSA", "PSK":
                found = cls()
            case _:
                found = None
        if found is None:
            return cls(psk_identity_hint=hint)
        is_signed = authentication not in _UNSIGNED
        scheme = _signature_scheme(reader, version) if is_signed else None
        reader.finish()
        return replace(found, psk_identity_hint=hint, signature_scheme=scheme)


@frozen
class CertificateStatus:
    """``struct { CertificateStatusType status_type; select (status_type) { case ocsp: opaque
    OCSPResponse<1..2^24-1>; } response; }`` (RFC 6066, section 8)

    ``ocsp_response`` is DER; None for a status of a type other than ocsp.
    """

    ocsp_response: bytes | None

    @classmethod
    def decode(cls, body: bytes) -> CertificateStatus:
        """The message with that body. Raises DecodeError."""
        reader = ByteReader(body, "CertificateStatus")
        if reader.uint(1) != _OCSP:
            return cls(ocsp_response=None)
        status = cls(ocsp_response=reader.vector(3))
        reader.finish()
        return status


@frozen
class NewSessionTicket:
    """``struct { uint32 ticket_lifetime_hint; opaque ticket<0..2^16-1>; }`` (RFC 5077, 3.3)"""

    lifetime_seconds: int
    ticket: bytes

    @classmethod
    def decode(cls, body: bytes) -> NewSessionTicket:
        """The message with that body. Raises DecodeError."""
        reader = ByteReader(body, "NewSessionTicket")
        message = cls(lifetime_seconds=reader.uint(4), ticket=reader.vector(2))
        reader.finish()
        return message


def _ecdhe(reader: ByteReader) -> ServerKeyExchange | None:
    """``struct { ECParameters curve_params; ECPoint public; } ServerECDHParams;``

    None for explicit curves: RFC 8422 forbids them, and the data after them is not read.
    """
    if reader.uint(1) != _NAMED_CURVE:
        return None
    return ServerKeyExchange(named_group=reader.uint(2), public_value=reader.vector(1))


def _dhe(reader: ByteReader) -> ServerKeyExchange:
    """``struct { opaque dh_p<1..2^16-1>; opaque dh_g<..>; opaque dh_Ys<..>; } ServerDHParams;``"""
    prime, _generator = reader.vector(2), reader.vector(2)
    return ServerKeyExchange(dh_prime=prime, public_value=reader.vector(2))


def _rsa_export(reader: ByteReader) -> ServerKeyExchange:
    """``struct { opaque rsa_modulus<1..2^16-1>; opaque rsa_exponent<1..2^16-1>; }``"""
    modulus, _exponent = reader.vector(2), reader.vector(2)
    return ServerKeyExchange(rsa_export_bits=int.from_bytes(modulus, "big").bit_length())


def _signature_scheme(reader: ByteReader, version: int) -> int | None:
    """``struct { SignatureAndHashAlgorithm algorithm; opaque signature<0..2^16-1>; }``

    The algorithm came with TLS 1.2 (RFC 5246, section 4.7); None before.
    """
    scheme = reader.uint(2) if version >= ProtocolVersion.TLSV1_2 else None
    reader.vector(2)
    return scheme
