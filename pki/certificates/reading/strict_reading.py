"""Parses a certificate with the cryptography library, which rejects malformed ones."""

from __future__ import annotations

import warnings

from cryptography import x509

from pki.certificates.reading.bounds import beyond_bounds


def load_certificate(der: bytes | None) -> x509.Certificate | None:
    """The certificate in ``der``. None without ``der``, if the library rejects it, or if it exceeds the limits
    in ``bounds.py``.
    """
    return None if der is None or beyond_bounds(der) is not None else load_trusted(der)


def load_trusted(der: bytes) -> x509.Certificate | None:
    """The certificate in ``der``, which the operator trusts, so that no limits apply; None if the library rejects it.

    Findings that the library only warns about (serial number zero, NULL parameters) are accepted.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_der_x509_certificate(der)
    except ValueError:
        return None
