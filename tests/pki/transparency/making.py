"""Our own logs, their list, and timestamps that they sign."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.pki.certificates.compressed_point import public_key_info
from tests.pki.certificates.making import DAY, NOW, Made

LogKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class OurLog:
    """One log with its key."""

    key: LogKey
    name: str
    operator: str
    state: str = "usable"
    end: datetime | None = None

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def log_id(self) -> bytes:
        return hashlib.sha256(self.spki).digest()

    def sct(self, entry: bytes, at: datetime = NOW - DAY) -> bytes:
        """A timestamp over that entry (RFC 6962, section 3.2)."""
        milliseconds = int(at.timestamp() * 1000).to_bytes(8, "big")
        content = b"\0\0" + milliseconds + entry + b"\0\0"
        if isinstance(self.key, rsa.RSAPrivateKey):
            algorithms = b"\4\1"
            signature = self.key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        else:
            algorithms = b"\4\3"
            signature = self.key.sign(content, ec.ECDSA(hashes.SHA256()))
        signed = algorithms + len(signature).to_bytes(2, "big") + signature
        return b"\0" + self.log_id + milliseconds + b"\0\0" + signed

    def listed(self) -> dict[str, Any]:
        """The log's entry in a log list."""
        fields: dict[str, Any] = {
            "description": self.name,
            "log_id": base64.b64encode(self.log_id).decode(),
            "key": base64.b64encode(self.spki).decode(),
            "state": {self.state: {"timestamp": "2024-01-01T00:00:00Z"}},
        }
        if self.end is not None:
            fields["temporal_interval"] = {
                "start_inclusive": "2020-01-01T00:00:00Z",
                "end_exclusive": self.end.isoformat(),
            }
        return fields


def entry_of(certificate: x509.Certificate) -> bytes:
    """The signed entry of a whole certificate."""
    der = certificate.public_bytes(Encoding.DER)
    return b"\0\0" + len(der).to_bytes(3, "big") + der


def entry_of_precertificate(certificate: x509.Certificate, issuer: Made) -> bytes:
    """The signed entry of a precertificate: the issuer's key hash, and the final TBSCertificate."""
    spki = public_key_info(issuer.der)
    tbs = certificate.tbs_certificate_bytes
    return b"\0\1" + hashlib.sha256(spki).digest() + len(tbs).to_bytes(3, "big") + tbs


def sct_list(*scts: bytes) -> bytes:
    """``sct_list<1..2^16-1>`` of ``SerializedSCT<1..2^16-1>``."""
    listed = b"".join(len(sct).to_bytes(2, "big") + sct for sct in scts)
    return len(listed).to_bytes(2, "big") + listed


def write_list(path: Path, *logs: OurLog) -> Path:
    """A log list of version 3, with the last log among the tiled ones."""
    operators: dict[str, dict[str, Any]] = {}
    for number, log in enumerate(logs, start=1):
        kind = "tiled_logs" if number == len(logs) else "logs"
        fields = operators.setdefault(log.operator, {"name": log.operator})
        fields.setdefault(kind, []).append(log.listed())
    path.write_text(json.dumps({"version": "1.0", "operators": list(operators.values())}))
    return path
