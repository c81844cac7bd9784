"""Plain words for the named facts that most readers know; other facts have only their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from model.findings.attacks import ATTACKS

FEATURE_WORDS: Final = {
    "secure_renegotiation": "secure renegotiation",
    "client_renegotiation": "renegotiation by clients",
    "resumption_by_ticket": "resumption by ticket (up to TLS 1.2)",
    "tls13_resumption": "resumption (TLS 1.3)",
    "early_data": "early data (0-RTT)",
    "compression": "TLS compression",
    "ocsp_stapling": "OCSP stapling",
    "resumption_by_id": "resumption by session id",
    "server_name_required": "refuses clients without a server name (SNI)",
}
HTTP_WORDS: Final = {
    "server": "server",
    "status": "status",
    "hsts": "HSTS, max-age in seconds",
    "redirects_to_https": "HTTP redirects to HTTPS",
    "redirect_downgrade": "HTTPS redirects to HTTP",
    "secure_cookies": "cookies are Secure",
    "http2": "HTTP/2",
    "http3": "HTTP/3",
}
PLAINTEXT_WORDS: Final = {
    "answers_in_plaintext": "answers without TLS",
    "login_before_tls": "login before TLS",
    "starttls_offered": "STARTTLS offered",
    "starttls_enforced": "STARTTLS required",
    "starttls_works": "STARTTLS works",
    "application_protocol": "protocol",
    "control_channel_key_required": "OpenVPN requires a key before TLS",
}
SSH_WORDS: Final = {
    "strict_key_exchange": "strict key exchange",
    "terrapin": "vulnerable to Terrapin",
    "post_quantum_offered": "post-quantum key exchange offered",
    "post_quantum_key_exchange": "post-quantum key exchange proved",
    "extension_info": "extension information (RFC 8308)",
    "version_1": "version 1",
}
QUIC_WORDS: Final = {
    "quic_v1": "QUIC version 1",
    "quic_v2": "QUIC version 2",
    "quic_retry": "Retry",
    "quic_cipher_suites": "suites over QUIC",
    "quic_groups": "groups over QUIC",
    "quic_alpn": "protocol over QUIC",
    "quic_certificates": "certificates over QUIC",
    "quic_early_data": "early data (0-RTT)",
    "quic_client_certificate_requested": "requests client certificates",
    "quic_post_quantum": "post-quantum group asked for",
    "quic_same_cipher_suites": "same suites as over TCP",
    "quic_same_groups": "same groups as over TCP",
    "quic_same_client_certificate_request": "same request of client certificates as over TCP",
}
IKE_WORDS: Final = {
    "ikev2": "IKEv2",
    "ikev1_main_mode": "IKEv1 main mode",
    "ikev1_aggressive_mode": "IKEv1 aggressive mode",
    "post_quantum_key_exchange": "post-quantum key exchange",
    "post_quantum_preshared_key": "post-quantum pre-shared key (RFC 8784)",
    "fragmentation": "fragmentation (RFC 7383)",
    "intermediate_exchange": "intermediate exchange (RFC 9242)",
    "cookie": "asks for a cookie",
    "redirect": "redirects",
    "port_4500": "port 4500",
    "nat_detection": "NAT detection",
    "childless": "IKE SA without child (RFC 6023)",
}
ATTACK_WORDS: Final = {name: attack.title for name, attack in ATTACKS.items()}

FACT_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "features": FEATURE_WORDS,
    "http": HTTP_WORDS,
    "plaintext": PLAINTEXT_WORDS,
    "vulnerabilities": ATTACK_WORDS,
    "ssh": SSH_WORDS,
    "quic": QUIC_WORDS,
    "ike": IKE_WORDS,
}
"""The words by section of the Observation and name of the fact."""


def fact_words(section: str, name: str) -> str:
    """The words for a fact; its name with spaces if it has none."""
    return FACT_WORDS.get(section, {}).get(name) or name.replace("_", " ")
