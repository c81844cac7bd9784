"""What does a served certificate chain contain, which names is it for, who trusts it, and what is wrong with it?

Pure functions: bytes and the time are parameters. Only ``load_trust_store`` reads files.
"""

from __future__ import annotations

from pki.certificates.hostname import matches
from pki.certificates.parse import parse_certificate
from pki.certificates.problems import problems
from pki.certificates.reading.bounds import elements_of
from pki.certificates.reading.names import name_text
from pki.certificates.served_chain import (
    MOST_CERTIFICATES,
    deployment,
    judged_again,
    with_revocations,
)
from pki.certificates.trust import TrustStore
from pki.certificates.trust_files import TrustStoreError, check_trust_store, load_trust_store

__all__ = [
    "MOST_CERTIFICATES",
    "TrustStore",
    "TrustStoreError",
    "check_trust_store",
    "deployment",
    "elements_of",
    "judged_again",
    "load_trust_store",
    "matches",
    "name_text",
    "parse_certificate",
    "problems",
    "with_revocations",
]
