"""The catalogue of checks, in the order in which they build on one another.

To add a check: one file with one function over (Prober, VisitFacts), one line here, and a test.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.intrusiveness import Intrusiveness
from probe.checks.certificates.served_chains import (
    CHAIN_FEATURES,
    check_served_chains,
)
from probe.checks.check import Check, Stage
from probe.checks.client_auth.client_auth import check_client_auth
from probe.checks.features.fingerprints import check_fingerprints
from probe.checks.features.passive_features import READ_OFF, check_passive_features
from probe.checks.features.renegotiation import RENEGOTIATION, check_renegotiation
from probe.checks.http.http3 import HTTP3_FACTS, QUIC_FACTS, check_http3, check_quic
from probe.checks.http.http_plaintext import HTTP_IN_PLAINTEXT_FACTS, check_http_plaintext
from probe.checks.http.https import HTTPS_FACTS, check_https
from probe.checks.main_checks import MAIN_CHECKS
from probe.checks.part import Part
from probe.checks.plaintext.control_channel import CONTROL_CHANNEL, check_control_channel
from probe.checks.plaintext.plaintext_session import (
    PLAINTEXT,
    check_plaintext,
)
from probe.checks.service_binding.records import (
    SERVICE_BINDING_FACTS,
    check_service_bindings,
)
from probe.checks.versions_and_suites.cipher_suites import check_cipher_suites
from probe.checks.versions_and_suites.contradictions import check_contradictions
from probe.checks.versions_and_suites.dh_parameters import check_dh_parameters
from probe.checks.versions_and_suites.signature_schemes import (
    check_tls12_schemes,
)
from probe.checks.versions_and_suites.tls12_groups import (
    check_tls12_groups,
)
from probe.checks.versions_and_suites.versions import check_versions
from probe.checks.vulnerabilities.ccs_injection import check_ccs_injection
from probe.checks.vulnerabilities.derived_vulnerabilities import (
    DERIVED,
    check_derived_vulnerabilities,
)
from probe.checks.vulnerabilities.heartbleed import check_heartbleed
from probe.checks.vulnerabilities.poodle_tls import check_poodle_tls
from probe.checks.vulnerabilities.robot import check_robot

STAGES: Final = (
    Stage(
        phrase="behaviour without TLS",
        checks=(
            Check(
                part=Part.PLAINTEXT,
                ask=check_plaintext,
                level=Intrusiveness.STANDARD,
                facts=PLAINTEXT,
                is_first_contact=True,
            ),
            Check(
                part=Part.PLAINTEXT,
                ask=check_control_channel,
                level=Intrusiveness.SAFE,
                facts=(CONTROL_CHANNEL,),
                is_first_contact=True,
            ),
        ),
    ),
    Stage(
        phrase="protocol versions",
        checks=(
            Check(
                part=Part.VERSIONS,
                ask=check_versions,
                level=Intrusiveness.SAFE,
                is_first_contact=True,
            ),
        ),
    ),
    Stage(
        phrase="cipher suites, groups, certificates and features",
        checks=MAIN_CHECKS,
    ),
    Stage(
        phrase="vulnerabilities",
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
                after=(
                    check_ccs_injection,
                    check_https,
                    check_http_plaintext,
                    check_contradictions,
                ),
            ),
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
            Check(
                part=Part.HTTP,
                ask=check_quic,
                level=Intrusiveness.STANDARD,
                facts=QUIC_FACTS,
                after=(check_http3,),
            ),
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
                part=Part.FEATURES,
                ask=check_service_bindings,
                level=Intrusiveness.SAFE,
                facts=SERVICE_BINDING_FACTS,
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
