"""What a served certificate chain is, whom it is for, who trusts it, what is wrong with it.

Pure: bytes and the time come in as parameters. Only ``load_trust_store`` reads files.
"""

from __future__ import annotations

from probe.certificates.bounds import elements_of
from probe.certificates.deployment import (
    MOST_CERTIFICATES,
    deployment,
    judged_again,
    with_revocations,
)
from probe.certificates.hostname import matches
from probe.certificates.names import name_text
from probe.certificates.parse import parse_certificate
from probe.certificates.problems import problems
from probe.certificates.trust import TrustStore
from probe.certificates.trust_files import TrustStoreError, load_trust_store

__all__ = [
    "MOST_CERTIFICATES",
    "TrustStore",
    "TrustStoreError",
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
