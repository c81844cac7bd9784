"""The catalogue of checks, in the order in which they build on one another.

To add a check: one file with one function over (Prober, VisitFacts), one line here, and a test.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from model.intrusiveness import Intrusiveness
from probe.checks.certificates.certificate_compression import check_certificate_compression
from probe.checks.certificates.oversized_chains import check_oversized_chains
from probe.checks.certificates.served_chains import (
    CHAIN_FEATURES,
    check_served_chains,
    check_tls13_chains,
)
from probe.checks.certificates.stapling import STAPLING_FEATURES, check_stapling
from probe.checks.client_auth.client_auth import check_client_auth
from probe.checks.client_auth.client_verification import VERIFICATION, check_client_verification
from probe.checks.client_auth.own_certificate import check_own_certificate
from probe.checks.client_auth.post_handshake_auth import check_post_handshake_auth
from probe.checks.contradictions import check_contradictions
from probe.checks.features.alpn import check_alpn
from probe.checks.features.chacha20_first import check_chacha20_first
from probe.checks.features.fallback_scsv import check_fallback_scsv
from probe.checks.features.fingerprints import check_fingerprints
from probe.checks.features.hello_features import HELLO_FEATURES, check_hello_features
from probe.checks.features.jarm import check_jarm
from probe.checks.features.passive_features import READ_OFF, check_passive_features
from probe.checks.features.post_quantum import POST_QUANTUM, check_post_quantum
from probe.checks.features.renegotiation import RENEGOTIATION, check_renegotiation
from probe.checks.features.resumption import RESUMPTION, check_resumption
from probe.checks.features.server_name import SERVER_NAME_FEATURES, check_server_name
from probe.checks.features.tolerance import TOLERANCES, check_tolerance
from probe.checks.features.unknown_key_share import UNKNOWN_KEY_SHARE
from probe.checks.http.http3 import HTTP3_FACTS, check_http3
from probe.checks.http.http_plaintext import HTTP_IN_PLAINTEXT_FACTS, check_http_plaintext
from probe.checks.http.https import HTTPS_FACTS, check_https
from probe.checks.part import Part
from probe.checks.plaintext.plaintext_session import (
    PLAINTEXT,
    STARTTLS_FACTS,
    check_plaintext,
    check_starttls,
)
from probe.checks.plaintext.starttls_injection import STARTTLS_INJECTION, check_starttls_injection
from probe.checks.prober import Prober
from probe.checks.versions_and_suites.cipher_suites import check_cipher_suites
from probe.checks.versions_and_suites.dh_parameters import DH_FACTS, check_dh_parameters
from probe.checks.versions_and_suites.signature_schemes import (
    SIGNATURE_FEATURES,
    check_signature_schemes,
)
from probe.checks.versions_and_suites.sslv2 import check_sslv2
from probe.checks.versions_and_suites.tls12_groups import (
    EARLIER_GROUP_FEATURES,
    check_tls12_groups,
)
from probe.checks.versions_and_suites.tls13_drafts import check_tls13_drafts
from probe.checks.versions_and_suites.tls13_groups import check_tls13_groups
from probe.checks.versions_and_suites.versions import check_sslv3, check_versions
from probe.checks.visit_facts import VisitFacts
from probe.checks.vulnerabilities.ccs_injection import check_ccs_injection
from probe.checks.vulnerabilities.derived_vulnerabilities import (
    DERIVED,
    check_derived_vulnerabilities,
)
from probe.checks.vulnerabilities.heartbleed import check_heartbleed
from probe.checks.vulnerabilities.poodle_tls import check_poodle_tls
from probe.checks.vulnerabilities.robot import check_robot

Ask: TypeAlias = Callable[[Prober, VisitFacts], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question. ``facts`` names the features, vulnerabilities and so on that it fills; ``other_facts``
    names its other facts as they appear in ``Observation.not_asked``.

    ``level`` is the lowest intrusiveness at which the check may send anything. Below it, the check still concludes
    what earlier answers show, for example that a server without RSA key exchange is not vulnerable to ROBOT.
    """

    part: Part
    ask: Ask
    level: Intrusiveness
    facts: tuple[str, ...] = ()
    other_facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Checks that run side by side; ``phrase`` describes the current question to the user.

    Stages with ``is_first_contact`` run even if no version is proved yet.
    """

    phrase: str
    checks: tuple[Check, ...]
    is_first_contact: bool = False


STAGES: Final = (
    Stage(
        phrase="behaviour without TLS",
        checks=(
            Check(
                part=Part.PLAINTEXT,
                ask=check_plaintext,
                level=Intrusiveness.STANDARD,
                facts=PLAINTEXT,
            ),
        ),
        is_first_contact=True,
    ),
    Stage(
        phrase="protocol versions",
        checks=(Check(part=Part.VERSIONS, ask=check_versions, level=Intrusiveness.SAFE),),
        is_first_contact=True,
    ),
    Stage(
        phrase="cipher suites, groups and certificates",
        is_first_contact=True,
        checks=(
            Check(part=Part.SUITES, ask=check_cipher_suites, level=Intrusiveness.SAFE),
            Check(part=Part.GROUPS, ask=check_tls13_groups, level=Intrusiveness.SAFE),
            Check(part=Part.CERTIFICATES, ask=check_tls13_chains, level=Intrusiveness.SAFE),
            Check(part=Part.VERSIONS, ask=check_sslv3, level=Intrusiveness.SAFE),
            Check(part=Part.VERSIONS, ask=check_sslv2, level=Intrusiveness.SAFE),
            Check(
                part=Part.PLAINTEXT,
                ask=check_starttls,
                level=Intrusiveness.SAFE,
                facts=STARTTLS_FACTS,
            ),
        ),
    ),
    Stage(
        phrase="oversized chains",
        checks=(
            Check(part=Part.CERTIFICATES, ask=check_oversized_chains, level=Intrusiveness.SAFE),
        ),
    ),
    Stage(
        phrase="client authentication, and the suites of SSL 3.0",
        checks=(
            Check(part=Part.SUITES, ask=check_cipher_suites, level=Intrusiveness.SAFE),
            Check(part=Part.CLIENT_AUTH, ask=check_client_auth, level=Intrusiveness.SAFE),
        ),
    ),
    Stage(
        phrase="the user's client certificate",
        checks=(
            Check(part=Part.CLIENT_AUTH, ask=check_own_certificate, level=Intrusiveness.STANDARD),
        ),
    ),
    Stage(
        phrase="features",
        checks=(
            Check(
                part=Part.GROUPS,
                ask=check_tls12_groups,
                level=Intrusiveness.SAFE,
                facts=EARLIER_GROUP_FEATURES,
            ),
            Check(
                part=Part.GROUPS,
                ask=check_post_quantum,
                level=Intrusiveness.SAFE,
                facts=(POST_QUANTUM,),
            ),
            Check(
                part=Part.SIGNATURES,
                ask=check_signature_schemes,
                level=Intrusiveness.SAFE,
                facts=SIGNATURE_FEATURES,
            ),
            Check(
                part=Part.REVOCATION,
                ask=check_stapling,
                level=Intrusiveness.SAFE,
                facts=STAPLING_FEATURES,
            ),
            Check(
                part=Part.FEATURES,
                ask=check_hello_features,
                level=Intrusiveness.SAFE,
                facts=(*HELLO_FEATURES, "crime"),
            ),
            Check(
                part=Part.FEATURES,
                ask=check_alpn,
                level=Intrusiveness.SAFE,
                facts=("alpn", "alpn_unknown_refused"),
            ),
            Check(
                part=Part.FEATURES,
                ask=check_server_name,
                level=Intrusiveness.SAFE,
                facts=SERVER_NAME_FEATURES,
            ),
            Check(
                part=Part.FEATURES, ask=check_tolerance, level=Intrusiveness.SAFE, facts=TOLERANCES
            ),
            Check(
                part=Part.FEATURES,
                ask=check_fallback_scsv,
                level=Intrusiveness.SAFE,
                facts=("fallback_scsv",),
            ),
            Check(
                part=Part.FEATURES,
                ask=check_chacha20_first,
                level=Intrusiveness.SAFE,
                facts=("yields_to_chacha20",),
            ),
            Check(
                part=Part.FEATURES,
                ask=check_tls13_drafts,
                level=Intrusiveness.SAFE,
                facts=("tls13_drafts",),
            ),
            Check(
                part=Part.FEATURES,
                ask=check_certificate_compression,
                level=Intrusiveness.SAFE,
                facts=("certificate_compression", UNKNOWN_KEY_SHARE),
            ),
            Check(
                part=Part.FEATURES, ask=check_resumption, level=Intrusiveness.SAFE, facts=RESUMPTION
            ),
            Check(part=Part.CLIENT_AUTH, ask=check_post_handshake_auth, level=Intrusiveness.SAFE),
            Check(part=Part.JARM, ask=check_jarm, level=Intrusiveness.SAFE),
        ),
    ),
    Stage(
        phrase="vulnerabilities",
        checks=(
            Check(
                part=Part.CLIENT_AUTH,
                ask=check_client_verification,
                level=Intrusiveness.STANDARD,
                other_facts=VERIFICATION,
            ),
            Check(part=Part.DH, ask=check_dh_parameters, level=Intrusiveness.SAFE, facts=DH_FACTS),
            Check(
                part=Part.VULNERABILITIES,
                ask=check_heartbleed,
                level=Intrusiveness.FULL,
                facts=("heartbleed",),
            ),
            Check(
                part=Part.VULNERABILITIES,
                ask=check_ccs_injection,
                level=Intrusiveness.FULL,
                facts=("ccs_injection",),
            ),
            Check(
                part=Part.VULNERABILITIES,
                ask=check_robot,
                level=Intrusiveness.FULL,
                facts=("robot",),
            ),
            Check(part=Part.HTTP, ask=check_https, level=Intrusiveness.STANDARD, facts=HTTPS_FACTS),
            Check(
                part=Part.HTTP,
                ask=check_http_plaintext,
                level=Intrusiveness.STANDARD,
                facts=HTTP_IN_PLAINTEXT_FACTS,
            ),
            Check(
                part=Part.PLAINTEXT,
                ask=check_starttls_injection,
                level=Intrusiveness.FULL,
                facts=(STARTTLS_INJECTION,),
            ),
            Check(part=Part.FEATURES, ask=check_contradictions, level=Intrusiveness.SAFE),
        ),
    ),
    Stage(
        phrase="renegotiation and padding",
        checks=(
            Check(
                part=Part.VULNERABILITIES,
                ask=check_poodle_tls,
                level=Intrusiveness.FULL,
                facts=("poodle_tls",),
            ),
            Check(
                part=Part.FEATURES,
                ask=check_renegotiation,
                level=Intrusiveness.FULL,
                facts=RENEGOTIATION,
            ),
            Check(part=Part.HTTP, ask=check_http3, level=Intrusiveness.STANDARD, facts=HTTP3_FACTS),
        ),
    ),
    Stage(
        phrase="conclusions from all answers",
        checks=(
            Check(
                part=Part.CERTIFICATES,
                ask=check_served_chains,
                level=Intrusiveness.SAFE,
                facts=CHAIN_FEATURES,
            ),
            Check(part=Part.FINGERPRINTS, ask=check_fingerprints, level=Intrusiveness.SAFE),
            Check(
                part=Part.FEATURES,
                ask=check_passive_features,
                level=Intrusiveness.SAFE,
                facts=READ_OFF,
            ),
            Check(
                part=Part.VULNERABILITIES,
                ask=check_derived_vulnerabilities,
                level=Intrusiveness.SAFE,
                facts=DERIVED,
            ),
        ),
    ),
)
"""A later stage may build on an earlier one. The last stage asks nothing.

The stage before it has the questions after which OpenSSL's s_server pauses for a second.
"""

_OVER_DATAGRAMS: Final = frozenset(
    {
        check_versions,
        check_cipher_suites,
        check_client_auth,
        check_tls12_groups,
        check_signature_schemes,
        check_dh_parameters,
        check_contradictions,
        check_served_chains,
    }
)
DATAGRAM_STAGES: Final = tuple(
    replace(stage, checks=tuple(one for one in stage.checks if one.ask in _OVER_DATAGRAMS))
    for stage in STAGES
)
"""The checks for DTLS: those that need hellos only, at the TLS versions that DTLS is based on."""

ASKED_PARTS: Final = frozenset(check.part for stage in STAGES for check in stage.checks)
"""The parts of a visit that have checks."""
