"""The operations about certificates."""

from __future__ import annotations

from typing import Final

from discovery.cloud.aws.operation import claimed

CERTIFICATE_OPERATIONS: Final = (
    claimed("acm", "ListCertificates", "acm:ListCertificates", "CertificateSummaryList"),
    claimed(
        "acm", "DescribeCertificate", "acm:DescribeCertificate", gone=("ResourceNotFoundException",)
    ),
    claimed(
        "iam",
        "ListServerCertificates",
        "iam:ListServerCertificates",
        "ServerCertificateMetadataList",
    ),
    claimed(
        "acm-pca",
        "ListCertificateAuthorities",
        "acm-pca:ListCertificateAuthorities",
        "CertificateAuthorities",
    ),
)
