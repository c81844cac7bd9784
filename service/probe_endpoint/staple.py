"""A stapled OCSP response as ssl_exporter shows it: what it says, without a check of its signature."""

from __future__ import annotations

from typing import Final

from cryptography.x509 import ocsp

from exporters.prometheus.other_exporters.handshake_summary import StapleSummary

_STATUS: Final = {
    ocsp.OCSPCertStatus.GOOD: 0,
    ocsp.OCSPCertStatus.REVOKED: 1,
    ocsp.OCSPCertStatus.UNKNOWN: 2,
}


def staple_of(staple: bytes) -> StapleSummary | None:
    """The response in ``staple``; None if there is none, or it cannot be read."""
    if not staple:
        return None
    try:
        read = ocsp.load_der_ocsp_response(staple)
        if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return None
        return StapleSummary(
            status=_STATUS[read.certificate_status],
            produced_at=read.produced_at_utc,
            this_update=read.this_update_utc,
            next_update=read.next_update_utc,
            revoked_at=read.revocation_time_utc,
        )
    except ValueError:
        return None
