"""The components that endpoints share: facts, protocols with what they accept, certificates, keys, algorithms.

A component's reference follows from its content, so equal content is written once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from exporters.reports.cbom.algorithms import (
    certificate_signature,
    group_algorithm,
    key_algorithm,
    scheme_algorithm,
    suite_algorithms,
)
from exporters.reports.cbom.own_protocols import own_algorithms, own_protocols
from exporters.reports.cryptography import AcceptedCryptography, Cryptography, Said
from model.certificates.certificate import Certificate
from model.encoding.times_json import time_to_json
from model.protocol_version import ProtocolVersion
from model.registry import CipherSuite, cipher_suite_by_name

Json: TypeAlias = dict[str, Any]

FACT: Final = "tlsprobe:fact:"
FACTS: Final = "facts:"
_WITH_GROUPS: Final = frozenset({"ECDHE", "DHE", "any"})
_PROTOCOLS: Final = {
    ProtocolVersion.SSLV2: ("other", "2.0"),
    ProtocolVersion.SSLV3: ("other", "3.0"),
    ProtocolVersion.TLSV1_0: ("tls", "1.0"),
    ProtocolVersion.TLSV1_1: ("tls", "1.1"),
    ProtocolVersion.TLSV1_2: ("tls", "1.2"),
    ProtocolVersion.TLSV1_3: ("tls", "1.3"),
    ProtocolVersion.DTLSV1_0: ("dtls", "1.0"),
    ProtocolVersion.DTLSV1_2: ("dtls", "1.2"),
}


def properties_of(values: Sequence[tuple[str, str | None]]) -> list[Json]:
    """CycloneDX properties, without those that have no value."""
    return [{"name": name, "value": value} for name, value in values if value is not None]


def facts_reference(facts: Said) -> str:
    """The reference of ``facts_component``."""
    return FACTS + _digest(facts)


def facts_component(facts: Said) -> Json:
    """The verdict and value of each fact, in the order of the endpoint's proofs."""
    return {
        "type": "data",
        "bom-ref": facts_reference(facts),
        "name": "facts",
        "properties": properties_of([(FACT + name, said) for name, said in facts]),
    }


def used_assets(found: Cryptography) -> Iterator[Json]:
    """The protocols and certificates that an endpoint uses; what these need is from ``needed_assets``."""
    for accepted in found.accepted:
        yield _protocol(accepted)
    for one in found.quic:
        name = f"QUIC version {one.version}"
        yield _protocol_component(name, name, _tls_fields("quic", str(one.version), one.tls))
    for name, fields in own_protocols(found.own):
        yield _protocol_component(name, name, fields)
    for chain in found.chains:
        yield from map(_certificate, chain.chain)


def needed_assets(found: Cryptography) -> Iterator[Json]:
    """The algorithms and keys to which the components of ``used_assets`` refer."""
    for accepted in (*found.accepted, *(one.tls for one in found.quic)):
        for suite in accepted.suites:
            yield from suite_algorithms(suite)
        yield from map(group_algorithm, accepted.groups)
        yield from map(scheme_algorithm, accepted.signature_schemes)
    yield from own_algorithms(found.own)
    for chain in found.chains:
        for certificate in chain.chain:
            yield key_algorithm(certificate.key_type, certificate.key_bits)
            yield _key(certificate)
            if certificate.signature_algorithm is not None:
                yield certificate_signature(certificate.signature_algorithm)


def _protocol(accepted: AcceptedCryptography) -> Json:
    fields = _tls_fields(*_PROTOCOLS[accepted.version], accepted)
    return _protocol_component(accepted.version.label, accepted.version.display_name, fields)


def _tls_fields(kind: str, number: str, accepted: AcceptedCryptography) -> Json:
    assets = [*map(group_algorithm, accepted.groups)]
    assets += map(scheme_algorithm, accepted.signature_schemes)
    fields: Json = {"type": kind, "version": number}
    if accepted.suites:
        fields["cipherSuites"] = [_suite(name, accepted) for name in accepted.suites]
    if assets:
        fields["relatedCryptographicAssets"] = [_related("algorithm", one) for one in assets]
    return fields


def _protocol_component(label: str, name: str, fields: Json) -> Json:
    content = {"assetType": "protocol", "protocolProperties": fields}
    return {
        "type": "cryptographic-asset",
        "bom-ref": f"protocol:{label}:{_digest(content)}",
        "name": name,
        "cryptoProperties": content,
    }


def _suite(name: str, accepted: AcceptedCryptography) -> Json:
    written: Json = {"name": name}
    suite = cipher_suite_by_name(name)
    if suite is not None:
        written["identifiers"] = [f"0x{byte:02X}" for byte in suite.code_point.to_bytes(2)]
        written["algorithms"] = [one["bom-ref"] for one in suite_algorithms(name)]
        written |= _negotiated(suite, accepted)
    return written


def _negotiated(suite: CipherSuite, accepted: AcceptedCryptography) -> Json:
    """The groups and signature schemes with which the suite can be used."""
    written: Json = {}
    if accepted.groups and suite.key_exchange in _WITH_GROUPS:
        written["tlsGroups"] = list(accepted.groups)
    if accepted.signature_schemes and suite.key_exchange in _WITH_GROUPS:
        written["tlsSignatureSchemes"] = list(accepted.signature_schemes)
    return written


def _certificate(certificate: Certificate) -> Json:
    related = [_related("publicKey", _key(certificate))]
    if certificate.signature_algorithm is not None:
        signature = certificate_signature(certificate.signature_algorithm)
        related.append(_related("algorithm", signature))
    known = {
        "serialNumber": certificate.serial_number,
        "subjectName": certificate.subject,
        "issuerName": certificate.issuer,
        "notValidBefore": time_to_json(certificate.not_before),
        "notValidAfter": time_to_json(certificate.not_after),
        "certificateFormat": "X.509",
    }
    return {
        "type": "cryptographic-asset",
        "bom-ref": f"certificate:{certificate.sha256}",
        "name": certificate.subject or ", ".join(certificate.dns_names) or "no subject",
        "cryptoProperties": {
            "assetType": "certificate",
            "certificateProperties": {
                **{name: value for name, value in known.items() if value is not None},
                "fingerprint": {"alg": "SHA-256", "content": certificate.sha256},
                "relatedCryptographicAssets": related,
            },
        },
    }


def _key(certificate: Certificate) -> Json:
    algorithm = key_algorithm(certificate.key_type, certificate.key_bits)
    identity = certificate.public_key_sha256 or f"of-certificate-{certificate.sha256}"
    fields: Json = {
        "type": "public-key",
        "id": identity,
        "relatedCryptographicAssets": [_related("algorithm", algorithm)],
    }
    if certificate.key_bits is not None:
        fields["size"] = certificate.key_bits
    return {
        "type": "cryptographic-asset",
        "bom-ref": f"key:{identity}",
        "name": f"{algorithm['name']} public key",
        "cryptoProperties": {
            "assetType": "related-crypto-material",
            "relatedCryptoMaterialProperties": fields,
        },
    }


def _related(kind: str, component: Json) -> Json:
    return {"type": kind, "ref": component["bom-ref"]}


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
