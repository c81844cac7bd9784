"""The catalogue of checks, in the order in which they build on one another.

To add a check: one file with one function over (Prober, VisitFacts), one line here, and a test.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.intrusiveness import Intrusiveness
from probe.checks.certificates.certificate_compression import check_certificate_compression
from probe.checks.certificates.oversized_chains import check_oversized_chains
from probe.checks.certificates.served_chains import (
    CHAIN_FEATURES,
    check_served_chains,
    check_tls13_chains,
)
from probe.checks.certificates.stapling import STAPLING_FEATURES, check_stapling
from probe.checks.check import Check, Stage
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
from probe.checks.features.resumption import (
    RESUMPTION,
    TLS13_RESUMPTION,
    check_resumption,
    check_tls13_resumption,
)
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
from probe.checks.versions_and_suites.cipher_suites import check_cipher_suites, check_sslv3_suites
from probe.checks.versions_and_suites.dh_parameters import DH_FACTS, check_dh_parameters
from probe.checks.versions_and_suites.signature_schemes import (
    SIGNATURE_FEATURES,
    check_tls12_schemes,
    check_tls13_schemes,
)
from probe.checks.versions_and_suites.sslv2 import check_sslv2
from probe.checks.versions_and_suites.tls12_groups import (
    EARLIER_GROUP_FEATURES,
    check_tls12_groups,
)
from probe.checks.versions_and_suites.tls13_drafts import check_tls13_drafts
from probe.checks.versions_and_suites.tls13_groups import check_tls13_groups
from probe.checks.versions_and_suites.versions import check_sslv3, check_versions
from probe.checks.vulnerabilities.ccs_injection import check_ccs_injection
from probe.checks.vulnerabilities.derived_vulnerabilities import (
    DERIVED,
    check_derived_vulnerabilities,
)
from probe.checks.vulnerabilities.heartbleed import check_heartbleed
from probe.checks.vulnerabilities.poodle_tls import check_poodle_tls
from probe.checks.vulnerabilities.robot import check_robot

_SUITES: Final = (check_cipher_suites, check_sslv3, check_sslv3_suites)
"""After these, the versions and their suites are known."""

_HANDSHAKES: Final = (*_SUITES, check_own_certificate)
"""After these, it is also known which client certificate handshakes present."""

_SINGLE: Final = (*_SUITES, check_tls13_groups)
"""Single questions wait until the long series of questions have begun."""

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
        phrase="cipher suites, groups, certificates, features and vulnerabilities",
        is_first_contact=True,
        checks=(
            Check(part=Part.SUITES, ask=check_cipher_suites, level=Intrusiveness.SAFE),
            Check(part=Part.GROUPS, ask=check_tls13_groups, level=Intrusiveness.SAFE),
            Check(part=Part.CERTIFICATES, ask=check_tls13_chains, level=Intrusiveness.SAFE),
            Check(
                part=Part.PLAINTEXT,
                ask=check_starttls,
                level=Intrusiveness.SAFE,
                facts=STARTTLS_FACTS,
            ),
            Check(
                part=Part.VERSIONS,
                ask=check_sslv3,
                level=Intrusiveness.SAFE,
                after=(check_cipher_suites,),
            ),
            Check(
                part=Part.VERSIONS,
                ask=check_sslv2,
                level=Intrusiveness.SAFE,
                after=(check_cipher_suites,),
            ),
            Check(
                part=Part.SUITES,
                ask=check_sslv3_suites,
                level=Intrusiveness.SAFE,
                after=(
                    check_cipher_suites,
                    check_sslv3,
                ),
            ),
            Check(
                part=Part.GROUPS,
                ask=check_tls12_groups,
                level=Intrusiveness.SAFE,
                facts=EARLIER_GROUP_FEATURES,
                after=(check_cipher_suites,),
            ),
            Check(
                part=Part.CERTIFICATES,
                ask=check_oversized_chains,
                level=Intrusiveness.SAFE,
                after=(
                    check_cipher_suites,
                    check_tls13_chains,
                ),
            ),
            Check(
                part=Part.CLIENT_AUTH,
                ask=check_client_auth,
                level=Intrusiveness.SAFE,
                after=(
                    *_SUITES,
                    check_oversized_chains,
                ),
            ),
            Check(
                part=Part.CLIENT_AUTH,
                ask=check_own_certificate,
                level=Intrusiveness.STANDARD,
                after=(check_client_auth,),
            ),
            Check(
                part=Part.FEATURES,
                ask=check_resumption,
                level=Intrusiveness.SAFE,
                facts=RESUMPTION,
                after=_HANDSHAKES,
            ),
            Check(
                part=Part.FEATURES,
                ask=check_tls13_resumption,
                level=Intrusiveness.SAFE,
                facts=TLS13_RESUMPTION,
                after=(*_HANDSHAKES, check_tls13_groups),
            ),
            Check(
                part=Part.SIGNATURES,
                ask=check_tls12_schemes,
                level=Intrusiveness.SAFE,
                facts=SIGNATURE_FEATURES,
                after=(check_cipher_suites,),
            ),
            Check(
                part=Part.FEATURES,
                ask=check_alpn,
                level=Intrusiveness.SAFE,
                facts=("alpn", "alpn_unknown_refused"),
                after=_HANDSHAKES,
            ),
            Check(
                part=Part.SIGNATURES,
                ask=check_tls13_schemes,
                level=Intrusiveness.SAFE,
                after=_HANDSHAKES,
            ),
            Check(
                part=Part.GROUPS,
                ask=check_post_quantum,
                level=Intrusiveness.SAFE,
                facts=(POST_QUANTUM,),
                after=(
                    *_HANDSHAKES,
                    check_tls13_groups,
                ),
            ),
            Check(
                part=Part.REVOCATION,
                ask=check_stapling,
                level=Intrusiveness.SAFE,
                facts=STAPLING_FEATURES,
                after=(
                    *_SUITES,
                    check_tls13_groups,
                    check_oversized_chains,
                ),
            ),
            Check(
                part=Part.FEATURES,
                ask=check_hello_features,
                level=Intrusiveness.SAFE,
                facts=(*HELLO_FEATURES, "crime"),
                after=_SUITES,
            ),
            Check(
                part=Part.FEATURES,
                ask=check_server_name,
                level=Intrusiveness.SAFE,
                facts=SERVER_NAME_FEATURES,
                after=(
                    *_SUITES,
                    check_oversized_chains,
                ),
            ),
            Check(
                part=Part.FEATURES,
                ask=check_tolerance,
                level=Intrusiveness.SAFE,
                facts=TOLERANCES,
                after=_SINGLE,
            ),
            Check(
                part=Part.FEATURES,
                ask=check_fallback_scsv,
                level=Intrusiveness.SAFE,
                facts=("fallback_scsv",),
                after=_SINGLE,
            ),
            Check(
                part=Part.FEATURES,
                ask=check_chacha20_first,
                level=Intrusiveness.SAFE,
                facts=("yields_to_chacha20",),
                after=_SINGLE,
            ),
            Check(
                part=Part.FEATURES,
                ask=check_tls13_drafts,
                level=Intrusiveness.SAFE,
                facts=("tls13_drafts",),
                after=_SINGLE,
            ),
            Check(
                part=Part.FEATURES,
                ask=check_certificate_compression,
                level=Intrusiveness.SAFE,
                facts=("certificate_compression", UNKNOWN_KEY_SHARE),
                after=(
                    *_SUITES,
                    check_tls13_groups,
                ),
            ),
            Check(
                part=Part.CLIENT_AUTH,
                ask=check_post_handshake_auth,
                level=Intrusiveness.SAFE,
                after=_HANDSHAKES,
            ),
            Check(part=Part.JARM, ask=check_jarm, level=Intrusiveness.SAFE, after=_SUITES),
            Check(
                part=Part.CLIENT_AUTH,
                ask=check_client_verification,
                level=Intrusiveness.STANDARD,
                other_facts=VERIFICATION,
                after=(
                    check_post_handshake_auth,
                    check_tls13_groups,
                ),
            ),
            Check(
                part=Part.DH,
                ask=check_dh_parameters,
                level=Intrusiveness.SAFE,
                facts=DH_FACTS,
                after=(
                    check_tls12_groups,
                    check_tls12_schemes,
                ),
            ),
            Check(
                part=Part.VULNERABILITIES,
                ask=check_heartbleed,
                level=Intrusiveness.FULL,
                facts=("heartbleed",),
                after=(check_hello_features,),
            ),
            Check(
                part=Part.VULNERABILITIES,
                ask=check_ccs_injection,
                level=Intrusiveness.FULL,
                facts=("ccs_injection",),
                after=_SINGLE,
            ),
            Check(
                part=Part.VULNERABILITIES,
                ask=check_robot,
                level=Intrusiveness.FULL,
                facts=("robot",),
                after=_SUITES,
            ),
            Check(
                part=Part.PLAINTEXT,
                ask=check_starttls_injection,
                level=Intrusiveness.FULL,
                facts=(STARTTLS_INJECTION,),
                after=_HANDSHAKES,
            ),
        ),
    ),
    Stage(
        phrase="HTTP, renegotiation and padding",
        checks=(
            Check(
                part=Part.FEATURES,
                ask=check_contradictions,
                level=Intrusiveness.SAFE,
            ),
            Check(
                part=Part.HTTP,
                ask=check_https,
                level=Intrusiveness.STANDARD,
                facts=HTTPS_FACTS,
            ),
            Check(
                part=Part.HTTP,
                ask=check_http_plaintext,
                level=Intrusiveness.STANDARD,
                facts=HTTP_IN_PLAINTEXT_FACTS,
            ),
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
        check_tls12_schemes,
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
