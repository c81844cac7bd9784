"""The score of SSL Labs' rating, out of 100: versions count 30 %, key exchange 30 %, ciphers 40 %.
from model.judging.spoken import spoken

The source is SSL Server Rating Guide 2009r (2025-05-16). For versions and ciphers, the mean of the best and
the worst counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from model.certificates.certificate import KeyType, ServedChain
from model.judging.spoken import spoken
from model.observation import Observation
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import CipherSuite, cipher_suite_by_name

_VERSION_SCORES: Final = dict(zip(STREAM_VERSIONS, (0, 80, 90, 95, 100, 100), strict=True))
_FACTOR_SCORES: Final = ((512, 20), (1024, 40), (2048, 80), (4096, 90))
_CURVE_SCORES: Final = ((110, 20), (123, 40), (163, 80), (225, 90))
_CURVES: Final = frozenset({KeyType.ECDSA, KeyType.ED25519, KeyType.ED448})
_LAST_FRACTION: Final = 1e-9


def score_of(observation: Observation) -> int:
    """The score out of 100, rounded down; 0 if one of its parts is 0."""
    versions = [_VERSION_SCORES[version] for version in spoken(observation)]
    ciphers = [_cipher_score(suite) for suite in accepted_suites(observation)]
    keys = key_score(observation)
    if not versions or not ciphers or 0 in (max(versions), max(ciphers), keys):
        return 0
    parts = (_middle(versions), keys, _middle(ciphers))
    return int(0.3 * parts[0] + 0.3 * parts[1] + 0.4 * parts[2] + _LAST_FRACTION)


def _middle(scores: list[int]) -> int:
    return (max(scores) + min(scores)) // 2


def accepted_suites(
    observation: Observation, versions: Iterable[ProtocolVersion] = STREAM_VERSIONS
) -> list[CipherSuite]:
    """The accepted suites of the versions that the registry contains."""
    return [
        suite
        for version in versions
        if (found := observation.cipher_suites.get(version)) is not None
        for name in found.accepted
        if (suite := cipher_suite_by_name(name)) is not None
    ]


def _cipher_score(suite: CipherSuite) -> int:
    if suite.encryption_bits == 0:
        return 0
    if suite.encryption_bits < 128:
        return 20
    return 80 if suite.encryption_bits < 256 else 100


def key_score(observation: Observation) -> int:
    """The score of the weakest key, of a certificate or a finite field; 0 if an attacker can impersonate the server."""
    if any(suite.authentication in ("anon", "NULL") for suite in accepted_suites(observation)):
        return 0
    scores = [_leaf_score(chain) for chain in observation.own_certificates]
    scores += [_by_size(prime.prime_bits, _FACTOR_SCORES) for prime in observation.dh]
    if any(suite.export for suite in accepted_suites(observation)):
        scores.append(40)
    return min(scores, default=100)


def _leaf_score(chain: ServedChain) -> int:
    bits = chain.leaf.key_bits
    if bits is None:
        return 100
    return _by_size(bits, _CURVE_SCORES if chain.key_type in _CURVES else _FACTOR_SCORES)


def _by_size(bits: int, steps: tuple[tuple[int, int], ...]) -> int:
    return next((score for below, score in steps if bits < below), 100)
