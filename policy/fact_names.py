"""The features and vulnerabilities that a policy may name; ``docs/reference/checks.md`` describes each.

The probe detects them and policies only read them, so the names are repeated here. A test checks that both
lists agree.
"""

from __future__ import annotations

from typing import Final

FEATURES: Final = (
    "accepts_unassigned_suites",
    "alpn",
    "alpn_unknown_refused",
    "certificate_compression",
    "certificate_varies",
    "client_renegotiation",
    "clock_in_random",
    "compression",
    "dh_public_value_reused",
    "downgrade_sentinel",
    "early_data",
    "ecdhe_public_value_reused",
    "ech_grease_answered",
    "encrypt_then_mac",
    "extended_main_secret",
    "fallback_scsv",
    "grease_tolerance",
    "heartbeat",
    "ignores_signature_algorithms",
    "ignores_supported_groups",
    "long_hello_tolerance",
    "npn",
    "ocsp_stapling",
    "point_formats",
    "record_size_limit",
    "resumption_by_id",
    "resumption_by_ticket",
    "sct_in_tls",
    "secure_renegotiation",
    "server_name_required",
    "server_name_selects_certificate",
    "server_name_selects_client_auth",
    "session_id_echo",
    "session_ids",
    "session_tickets",
    "signs_with_md5",
    "signs_with_sha1",
    "tls13_drafts",
    "tls13_resumption",
    "unknown_server_name_refused",
    "version_tolerance",
    "yields_to_chacha20",
)

VULNERABILITIES: Final = (
    "anonymous_suites",
    "beast",
    "ccs_injection",
    "client_renegotiation_dos",
    "crime",
    "drown",
    "export_suites",
    "freak",
    "heartbleed",
    "insecure_renegotiation",
    "logjam",
    "lucky13",
    "null_suites",
    "poodle_ssl3",
    "poodle_tls",
    "raccoon",
    "rc4",
    "robot",
    "starttls_injection",
    "sweet32",
    "ticketbleed",
)
