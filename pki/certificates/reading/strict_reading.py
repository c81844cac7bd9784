"""Reads a certificate by the cryptography library, which rejects what is not well formed."""

from __future__ import annotations

import warnings

from cryptography import x509

from pki.certificates.reading.bounds import beyond_bounds


def load_certificate(der: bytes | None) -> x509.Certificate | None:
    """The certificate in ``der``, or None where there is none, none that the library takes, or one that is
    beyond the bounds of what is computed with (``bounds.py``).

    What it only warns of (a serial number of zero, NULL parameters) is taken.
    """
    if der is None or beyond_bounds(der) is not None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_der_x509_certificate(der)
    except ValueError:
        return None
