"""Certificates that a fleet shares are read and judged once, however many endpoints serve them and however often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import pytest
from cryptography import x509

from model.certificates.certificate import Certificate, TrustVerdict
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from pki.certificates import TrustStore, deployment, judged_again
from tests.pki.certificates.making import NOW, SERVER_NAME, SERVER_NAMES, Made, make

pytestmark = pytest.mark.slow

ENDPOINTS: Final = 10_000
CERTIFICATES: Final = 500
HOUR: Final = timedelta(hours=1)

ROOT = make("root", is_ca=True)
LOWER = make("lower", issuer=ROOT, is_ca=True)


class CountingStore(TrustStore):
    """Counts how often each leaf is judged."""

    def __init__(self, anchor: Made) -> None:
        super().__init__("own", lambda: [anchor.der])
        self.judgements: Counter[str] = Counter()

    def _verify(self, chain: Sequence[Certificate], at: datetime) -> TrustVerdict:
        self.judgements[chain[0].sha256] += 1
        return super()._verify(chain, at)


def test_ten_thousand_endpoints_with_five_hundred_certificates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: Counter[bytes] = Counter()
    load = x509.load_der_x509_certificate

    def counting(der: bytes) -> x509.Certificate:
        read[der] += 1
        return load(der)

    leaves = [make(f"s{n}", issuer=LOWER, names=SERVER_NAMES) for n in range(CERTIFICATES)]
    monkeypatch.setattr(x509, "load_der_x509_certificate", counting)
    store = CountingStore(ROOT)
    stores = {"own": store}
    for number in range(ENDPOINTS):
        found = deployment(
            [leaves[number % CERTIFICATES].der, LOWER.der],
            versions=(ProtocolVersion.TLSV1_3,),
            served_with_server_name=True,
            host=SERVER_NAME,
            at=NOW + number * HOUR / ENDPOINTS,
            stores=stores,
        )
        assert found.trust["own"].verdict is Verdict.YES
        again = judged_again(
            found, host=SERVER_NAME, judged_at=NOW, at=NOW + 2 * HOUR, stores=stores
        )
        assert again == found
    assert len(store.judgements) == CERTIFICATES
    assert set(store.judgements.values()) == {1}
    # By the judge of the certificate's fields, and by the strict verifier.
    assert len(read) == CERTIFICATES + 2
    assert max(read[leaf.der] for leaf in leaves) <= 2
