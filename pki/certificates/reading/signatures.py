"""The signature algorithms of certificates, by the names in their RFCs.

Each row is one object identifier. RSASSA-PSS has its hash in the parameters, so its name combines both. Weak
algorithms use MD2, MD4, MD5 or SHA-1, for which collisions are practical.
"""

from __future__ import annotations

from typing import Final

from pki.certificates.reading.der import Element, Tag, algorithm_identifier

_RSASSA_PSS: Final = "1.2.840.113549.1.1.10"
_PSS_HASH_PARAMETER: Final = 0xA0

_NAMES: Final = {
    # RFC 8017 (PKCS #1)
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
    "1.2.840.113549.1.1.3": "md4WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    "1.2.840.113549.1.1.15": "sha512-224WithRSAEncryption",
    "1.2.840.113549.1.1.16": "sha512-256WithRSAEncryption",
    # OIW identifiers, used by old Microsoft tools
    "1.3.14.3.2.3": "md5WithRSA",
    "1.3.14.3.2.27": "dsaWithSHA1",
    "1.3.14.3.2.29": "sha1WithRSASignature",
    # RFC 3279, RFC 5758
    "1.2.840.10040.4.3": "dsa-with-sha1",
    "2.16.840.1.101.3.4.3.1": "dsa-with-sha224",
    "2.16.840.1.101.3.4.3.2": "dsa-with-sha256",
    "2.16.840.1.101.3.4.3.3": "dsa-with-sha384",
    "2.16.840.1.101.3.4.3.4": "dsa-with-sha512",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    # RFC 9688 (SHA-3), NIST names
    "2.16.840.1.101.3.4.3.9": "ecdsa-with-sha3-224",
    "2.16.840.1.101.3.4.3.10": "ecdsa-with-sha3-256",
    "2.16.840.1.101.3.4.3.11": "ecdsa-with-sha3-384",
    "2.16.840.1.101.3.4.3.12": "ecdsa-with-sha3-512",
    "2.16.840.1.101.3.4.3.13": "rsassa-pkcs1-v1-5-with-sha3-224",
    "2.16.840.1.101.3.4.3.14": "rsassa-pkcs1-v1-5-with-sha3-256",
    "2.16.840.1.101.3.4.3.15": "rsassa-pkcs1-v1-5-with-sha3-384",
    "2.16.840.1.101.3.4.3.16": "rsassa-pkcs1-v1-5-with-sha3-512",
    # RFC 8692 (SHAKE)
    "1.3.6.1.5.5.7.6.30": "RSASSA-PSS-SHAKE128",
    "1.3.6.1.5.5.7.6.31": "RSASSA-PSS-SHAKE256",
    "1.3.6.1.5.5.7.6.32": "ecdsa-with-shake128",
    "1.3.6.1.5.5.7.6.33": "ecdsa-with-shake256",
    # RFC 8410
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    # RFC 9881 (FIPS 204)
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
    # GM/T 0006, RFC 4491, RFC 9215
    "1.2.156.10197.1.501": "sm2-with-sm3",
    "1.2.643.2.2.3": "gostR3411-94-with-gostR3410-2001",
    "1.2.643.7.1.1.3.2": "gost3410-12-256-with-gost3411-12-256",
    "1.2.643.7.1.1.3.3": "gost3410-12-512-with-gost3411-12-512",
}

_HASHES: Final = {
    "1.2.840.113549.2.5": "MD5",
    "1.3.14.3.2.26": "SHA1",
    "2.16.840.1.101.3.4.2.4": "SHA224",
    "2.16.840.1.101.3.4.2.1": "SHA256",
    "2.16.840.1.101.3.4.2.2": "SHA384",
    "2.16.840.1.101.3.4.2.3": "SHA512",
    "2.16.840.1.101.3.4.2.7": "SHA3-224",
    "2.16.840.1.101.3.4.2.8": "SHA3-256",
    "2.16.840.1.101.3.4.2.9": "SHA3-384",
    "2.16.840.1.101.3.4.2.10": "SHA3-512",
}

WEAK_SIGNATURES: Final = frozenset(
    {
        "md2WithRSAEncryption",
        "md4WithRSAEncryption",
        "md5WithRSAEncryption",
        "md5WithRSA",
        "sha1WithRSAEncryption",
        "sha1WithRSASignature",
        "dsa-with-sha1",
        "dsaWithSHA1",
        "ecdsa-with-SHA1",
        "RSASSA-PSS-MD5",
        "RSASSA-PSS-SHA1",
    }
)
"""Names of algorithms whose hash no longer resists collisions (RFC 6151, RFC 9155)."""


def signature_algorithm_name(algorithm: Element) -> str | None:
    """The name of the signature algorithm in an AlgorithmIdentifier.

    An object identifier without a name is returned in dotted form; None if there is no identifier.
    """
    identifier, parameters = algorithm_identifier(algorithm)
    if identifier == _RSASSA_PSS:
        return f"RSASSA-PSS-{_pss_hash(parameters)}"
    return _NAMES.get(identifier, identifier) if identifier else None


def _pss_hash(parameters: Element | None) -> str:
    for part in parameters.children() if parameters else ():
        if part.tag == _PSS_HASH_PARAMETER:
            hashed = next((each for each in part.children() if each.tag == Tag.SEQUENCE), None)
            identifier = algorithm_identifier(hashed)[0] if hashed else None
            return _HASHES.get(identifier, identifier) if identifier else "unknown"
    return "SHA1"  # the default of RFC 4055, section 3.1
