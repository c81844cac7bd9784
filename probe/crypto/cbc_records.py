"""Hand-made records of CBC suites that are wrong in one place only (RFC 5246, 6.2.3.2).

``GenericBlockCipher`` is the data, its MAC, then padding in which every byte is the padding's length. A
server must refuse both a wrong MAC and wrong padding. OpenSSL can produce neither, so these records are built
here from the keys of a finished handshake, for suites that are ``is_aes_cbc``.
"""

from __future__ import annotations

import hmac
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import CipherSuite
from probe.tls.record import ContentType, encode_record

_BLOCK_LENGTH: Final = 16
_MAC_LENGTHS: Final = {"SHA1": 20, "SHA256": 32, "SHA384": 48}
_FIRST_AFTER_FINISHED: Final = 1


@frozen
class Secrets:
    """The secrets of a finished handshake; ``last_block`` is the end of the last record sent."""

    version: ProtocolVersion
    suite: CipherSuite
    main_secret: bytes
    client_random: bytes
    server_random: bytes
    last_block: bytes


def application_data(
    content: bytes, secrets: Secrets, *, spoils_mac: bool = False, spoils_padding: bool = False
) -> bytes:
    """The client's first record after its Finished, with the errors that the arguments select."""
    mac_key, key, iv = _client_keys(secrets)
    header = _FIRST_AFTER_FINISHED.to_bytes(8, "big") + bytes((ContentType.APPLICATION_DATA,))
    header += secrets.version.to_bytes(2, "big") + len(content).to_bytes(2, "big")
    mac = hmac.digest(mac_key, header + content, secrets.suite.mac.lower())
    if spoils_mac:
        mac = _inverted(mac)
    length = _BLOCK_LENGTH - (len(content) + len(mac)) % _BLOCK_LENGTH + _BLOCK_LENGTH
    padding = bytes((length - 1,)) * length
    if spoils_padding:
        padding = _inverted(padding[:-1]) + padding[-1:]
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    encrypted = encryptor.update(content + mac + padding)
    explicit_iv = iv if secrets.version >= ProtocolVersion.TLSV1_1 else b""
    return encode_record(ContentType.APPLICATION_DATA, secrets.version, explicit_iv + encrypted)


def _inverted(some: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in some)


def _client_keys(secrets: Secrets) -> tuple[bytes, bytes, bytes]:
    """The MAC key, the key, and an IV: explicit from TLS 1.1 on, before that the last block of the previous record."""
    mac_length, key_length = _MAC_LENGTHS[secrets.suite.mac], secrets.suite.encryption_bits // 8
    block = key_block(secrets, 2 * (mac_length + key_length))
    key = block[2 * mac_length : 2 * mac_length + key_length]
    return block[:mac_length], key, secrets.last_block


def key_block(secrets: Secrets, length: int) -> bytes:
    """RFC 5246, sections 5 and 6.3, and RFC 2246, section 5, for the versions before TLS 1.2."""
    seed = b"key expansion" + secrets.server_random + secrets.client_random
    if secrets.version >= ProtocolVersion.TLSV1_2:
        digest = "sha384" if secrets.suite.mac == "SHA384" else "sha256"
        return _p_hash(digest, secrets.main_secret, seed, length)
    half = (len(secrets.main_secret) + 1) // 2
    first = _p_hash("md5", secrets.main_secret[:half], seed, length)
    second = _p_hash("sha1", secrets.main_secret[-half:], seed, length)
    return bytes(one ^ other for one, other in zip(first, second, strict=True))


def _p_hash(digest: str, secret: bytes, seed: bytes, length: int) -> bytes:
    made, chained = b"", seed
    while len(made) < length:
        chained = hmac.digest(secret, chained, digest)
        made += hmac.digest(secret, chained + seed, digest)
    return made[:length]
