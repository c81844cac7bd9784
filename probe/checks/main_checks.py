"""The checks of the main stage: all that know the versions and need nothing but each other.

Each begins as soon as the checks that it builds on have ended. Long series of questions come first.
"""

from __future__ import annotations

from typing import Final

from model.intrusiveness import Intrusiveness
from probe.checks.certificates.certificate_compression import check_certificate_compression
from probe.checks.certificates.oversized_chains import check_oversized_chains
from probe.checks.certificates.served_chains import (
    check_tls13_chains,
)
from probe.checks.certificates.stapling import STAPLING_FEATURES, check_stapling
from probe.checks.check import Check
from probe.checks.client_auth.client_auth import check_client_auth
from probe.checks.client_auth.client_verification import VERIFICATION, check_client_verification
from probe.checks.client_auth.own_certificate import check_own_certificate
from probe.checks.client_auth.post_handshake_auth import check_post_handshake_auth
from probe.checks.features.alpn import check_alpn
from probe.checks.features.chacha20_first import check_chacha20_first
from probe.checks.features.fallback_scsv import check_fallback_scsv
from probe.checks.features.hello_features import HELLO_FEATURES, check_hello_features
from probe.checks.features.jarm import check_jarm
from probe.checks.features.post_quantum import POST_QUANTUM, check_post_quantum
from probe.checks.features.resumption import (
    RESUMPTION,
    TLS13_RESUMPTION,
    check_resumption,
    check_tls13_resumption,
)
from probe.checks.features.server_name import SERVER_NAME_FEATURES, check_server_name
from probe.checks.features.tolerance import TOLERANCES, check_tolerance
from probe.checks.features.unknown_key_share import UNKNOWN_KEY_SHARE
from probe.checks.part import Part
from probe.checks.plaintext.plaintext_session import (
    STARTTLS_FACTS,
    check_starttls,
)
from probe.checks.plaintext.starttls_injection import STARTTLS_INJECTION, check_starttls_injection
from probe.checks.service_binding.ech import ECH_KEY_ACCEPTED, ECH_RETRY_CONFIGS, check_ech
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
from probe.checks.versions_and_suites.versions import check_sslv3

_SUITES: Final = (check_cipher_suites, check_sslv3, check_sslv2, check_sslv3_suites)
"""After these, the versions and their suites are known."""

_RIDDEN: Final = (*_SUITES, check_tls12_schemes)
"""After these, the questions that ride on those about signature schemes have their answers."""

_HANDSHAKES: Final = (*_SUITES, check_own_certificate)
"""After these, it is also known which client certificate handshakes present."""

MAIN_CHECKS: Final = (
    Check(
        part=Part.SUITES, ask=check_cipher_suites, level=Intrusiveness.SAFE, is_first_contact=True
    ),
    Check(
        part=Part.GROUPS, ask=check_tls13_groups, level=Intrusiveness.SAFE, is_first_contact=True
    ),
    Check(
        part=Part.CERTIFICATES,
        ask=check_tls13_chains,
        level=Intrusiveness.SAFE,
        is_first_contact=True,
    ),
    Check(
        part=Part.PLAINTEXT,
        ask=check_starttls,
        is_first_contact=True,
        level=Intrusiveness.SAFE,
        facts=STARTTLS_FACTS,
    ),
    Check(
        part=Part.SIGNATURES,
        ask=check_tls12_schemes,
        level=Intrusiveness.SAFE,
        facts=SIGNATURE_FEATURES,
        after=(check_cipher_suites,),
    ),
    Check(
        part=Part.GROUPS,
        ask=check_tls12_groups,
        level=Intrusiveness.SAFE,
        facts=EARLIER_GROUP_FEATURES,
        after=(check_cipher_suites, check_tls12_schemes),
    ),
    Check(
        part=Part.VERSIONS,
        ask=check_sslv3,
        is_first_contact=True,
        level=Intrusiveness.SAFE,
    ),
    Check(
        part=Part.VERSIONS,
        ask=check_sslv2,
        is_first_contact=True,
        level=Intrusiveness.SAFE,
    ),
    Check(
        part=Part.SUITES,
        ask=check_sslv3_suites,
        level=Intrusiveness.SAFE,
        after=(check_cipher_suites, check_sslv3),
    ),
    Check(
        part=Part.CERTIFICATES,
        ask=check_oversized_chains,
        level=Intrusiveness.SAFE,
        after=(check_cipher_suites, check_tls13_chains),
    ),
    Check(
        part=Part.CLIENT_AUTH,
        ask=check_client_auth,
        level=Intrusiveness.SAFE,
        after=(*_SUITES, check_oversized_chains),
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
        yields_to=(check_tls13_groups,),
    ),
    Check(
        part=Part.FEATURES,
        ask=check_tls13_resumption,
        level=Intrusiveness.SAFE,
        facts=TLS13_RESUMPTION,
        after=(*_HANDSHAKES, check_tls13_groups),
    ),
    Check(
        part=Part.FEATURES,
        ask=check_alpn,
        level=Intrusiveness.SAFE,
        facts=("alpn", "alpn_unknown_refused"),
        after=(*_HANDSHAKES, check_tls12_schemes),
    ),
    Check(
        part=Part.SIGNATURES,
        ask=check_tls13_schemes,
        level=Intrusiveness.SAFE,
        after=_HANDSHAKES,
        yields_to=(check_tls13_groups,),
    ),
    Check(
        part=Part.GROUPS,
        ask=check_post_quantum,
        level=Intrusiveness.SAFE,
        facts=(POST_QUANTUM,),
        after=(*_HANDSHAKES, check_tls13_groups),
    ),
    Check(
        part=Part.REVOCATION,
        ask=check_stapling,
        level=Intrusiveness.SAFE,
        facts=STAPLING_FEATURES,
        after=(*_RIDDEN, check_tls13_groups, check_oversized_chains),
    ),
    Check(
        part=Part.FEATURES,
        ask=check_hello_features,
        level=Intrusiveness.SAFE,
        facts=(*HELLO_FEATURES, "crime"),
        after=_RIDDEN,
    ),
    Check(
        part=Part.FEATURES,
        ask=check_server_name,
        level=Intrusiveness.SAFE,
        facts=SERVER_NAME_FEATURES,
        after=(*_SUITES, check_oversized_chains),
    ),
    Check(
        part=Part.FEATURES,
        ask=check_tolerance,
        level=Intrusiveness.SAFE,
        facts=TOLERANCES,
        after=_RIDDEN,
        yields_to=(check_tls13_groups,),
    ),
    Check(
        part=Part.FEATURES,
        ask=check_fallback_scsv,
        level=Intrusiveness.SAFE,
        facts=("fallback_scsv",),
        after=_SUITES,
        yields_to=(check_tls13_groups,),
    ),
    Check(
        part=Part.FEATURES,
        ask=check_chacha20_first,
        level=Intrusiveness.SAFE,
        facts=("yields_to_chacha20",),
        after=_RIDDEN,
        yields_to=(check_tls13_groups,),
    ),
    Check(
        part=Part.FEATURES,
        ask=check_tls13_drafts,
        level=Intrusiveness.SAFE,
        facts=("tls13_drafts",),
        after=_SUITES,
        yields_to=(check_tls13_groups,),
    ),
    Check(
        part=Part.FEATURES,
        ask=check_certificate_compression,
        level=Intrusiveness.SAFE,
        facts=("certificate_compression", UNKNOWN_KEY_SHARE, ECH_RETRY_CONFIGS),
        after=(*_SUITES, check_tls13_groups),
    ),
    Check(
        part=Part.FEATURES,
        ask=check_ech,
        level=Intrusiveness.SAFE,
        facts=(ECH_KEY_ACCEPTED,),
        after=(*_SUITES, check_certificate_compression),
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
        after=(check_post_handshake_auth, check_tls13_groups),
    ),
    Check(
        part=Part.DH,
        ask=check_dh_parameters,
        level=Intrusiveness.SAFE,
        facts=DH_FACTS,
        after=(*_SUITES, check_tls12_groups, check_tls12_schemes),
    ),
    Check(
        part=Part.PLAINTEXT,
        ask=check_starttls_injection,
        level=Intrusiveness.FULL,
        facts=(STARTTLS_INJECTION,),
        after=_HANDSHAKES,
    ),
)
