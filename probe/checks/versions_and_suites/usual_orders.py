"""The orders in which most servers choose, so that the next question can be asked before the answer to the last.

A wrong guess costs one question, and no fact. The orders are OpenSSL's (``supported_groups_default`` and
``tls12_sigalgs`` in its ssl/t1_lib.c), and so those of nginx, Apache and HAProxy.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from model.registry import (
    cipher_suite_by_name,
    cipher_suite_name,
    named_group_code_point,
    signature_scheme_code_point,
)
from probe.checks.prober import Prober
from probe.checks.versions_and_suites.strike_out import Foresight, guess_by

_GROUPS: Final = (
    *("x25519", "secp256r1", "x448", "secp521r1", "secp384r1"),
    *("ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"),
)
_ECDSA_SCHEMES: Final = (
    *("ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"),
    *("ecdsa_sha224", "ecdsa_sha1"),
)
_RSA_SCHEMES: Final = (
    *("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"),
    *("rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512"),
    *("rsa_sha224", "rsa_pkcs1_sha1"),
)


def _code_points(
    names: tuple[str, ...], code_point: Callable[[str], int | None]
) -> tuple[int, ...]:
    return tuple(one for one in map(code_point, names) if one is not None)


USUAL_GROUPS: Final = _code_points(_GROUPS, named_group_code_point)
USUAL_SCHEMES: Final = {
    "ECDSA": _code_points(_ECDSA_SCHEMES, signature_scheme_code_point),
    "RSA": _code_points(_RSA_SCHEMES, signature_scheme_code_point),
}
"""By the authentication of a suite."""

_guess_ecdsa: Final = guess_by(USUAL_SCHEMES["ECDSA"])
_guess_rsa: Final = guess_by(USUAL_SCHEMES["RSA"])


def _guess_scheme(order: tuple[int, ...], offered: tuple[int, ...]) -> int | None:
    """A later scheme of the same kind of key."""
    return _guess_ecdsa(order, offered) or _guess_rsa(order, offered)


def _guess_other_key(order: tuple[int, ...], offered: tuple[int, ...]) -> int | None:
    """After a suite with an ECDSA key, the same with an RSA key, if that was so before."""
    if not any(_with_rsa(one) == other for one, other in pairwise(order)):
        return None
    pick = _with_rsa(order[-1])
    return pick if pick in offered else None


def _with_rsa(code_point: int) -> int | None:
    """The suite that differs from an ECDSA suite in its key only; None for other suites."""
    name = cipher_suite_name(code_point)
    other = cipher_suite_by_name(name.replace("_ECDSA_", "_RSA_")) if "_ECDSA_" in name else None
    return None if other is None else other.code_point


OF_GROUPS: Final = Foresight(guess=guess_by(USUAL_GROUPS))
OF_SCHEMES: Final = Foresight(guess=_guess_scheme)
OF_SUITES: Final = Foresight(guess=_guess_other_key, is_long=True)
"""Up to TLS 1.2; TLS 1.3 has few suites."""


def foresight(prober: Prober, usual: Foresight) -> Foresight:
    """``usual``; none if the server blocks clients after too many questions."""
    return usual if prober.may_ask_ahead else Foresight()
