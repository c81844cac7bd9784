"""Lines of configuration by topic, and the topics that fix each rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final, TypeAlias

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from policy.policy import PolicyRule
from policy.remediation.demands import Demands
from policy.rule import Family
from policy.rules.handshake.features import Features


class Topic(StrEnum):
    """The topic of a setting."""

    VERSIONS = "protocol versions"
    SUITES = "cipher suites"
    GROUPS = "groups"
    SCHEMES = "signature schemes"
    DH = "Diffie-Hellman parameters"
    CLIENT_CERTIFICATES = "client certificates"
    CHAIN = "certificate chain"
    STAPLING = "OCSP stapling"
    PLAINTEXT = "plaintext"
    REDIRECT = "redirect to HTTPS"
    HSTS = "HSTS"
    EARLY_DATA = "early data"
    TICKETS = "session tickets"
    COMPRESSION = "compression"
    RENEGOTIATION = "renegotiation"
    SSH_ALGORITHMS = "SSH algorithms"
    HOST_KEYS = "SSH host keys"
    IKE_VERSIONS = "IKE versions"
    IKE_TRANSFORMS = "IKE transforms"


@frozen
class Setting:
    """``lines`` about ``topic``, and in a few words the ``place`` where they belong."""

    topic: Topic
    place: str
    lines: tuple[str, ...]


Write: TypeAlias = Callable[[Demands], Iterator[Setting]]
"""The settings of a kind of server; topics that it cannot configure are omitted."""


@frozen
class ServerKind:
    """A kind of server: its product name, the ``aliases`` that a label may use, and its settings.

    ``banners`` are prefixes of its HTTP ``Server`` header or its SSH identification, in lower case. ``arns`` are beginnings of service and
    resource in the ARNs of AWS, such as ``elasticloadbalancing:listener/``. ``newest`` is the newest version that it speaks, and
    ``successor`` what speaks newer ones in its place.
    """

    name: str
    aliases: tuple[str, ...]
    write: Write
    banners: tuple[str, ...] = ()
    arns: tuple[str, ...] = ()
    newest: ProtocolVersion = ProtocolVersion.TLSV1_3
    successor: str = ""


_BY_FAMILY: Final = {
    Family.PROTOCOLS: (Topic.VERSIONS,),
    Family.CIPHER_SUITES: (Topic.SUITES,),
    Family.GROUPS: (Topic.GROUPS,),
    Family.POST_QUANTUM: (Topic.GROUPS,),
    Family.SIGNATURE_SCHEMES: (Topic.SCHEMES,),
    Family.DH: (Topic.DH,),
    Family.CLIENT_AUTHENTICATION: (Topic.CLIENT_CERTIFICATES,),
    Family.PLAINTEXT: (Topic.PLAINTEXT,),
    Family.VULNERABILITIES: (Topic.VERSIONS, Topic.SUITES),
    Family.GRADE: (Topic.VERSIONS, Topic.SUITES, Topic.GROUPS),
    Family.DRIFT: (Topic.VERSIONS, Topic.SUITES, Topic.GROUPS),
}
_BY_RULE: Final = {
    "certificate_trusted": (Topic.CHAIN,),
    "certificate_problems": (Topic.CHAIN,),
    "ocsp_stapling": (Topic.STAPLING,),
    "https_redirect": (Topic.REDIRECT,),
    "no_plaintext": (Topic.PLAINTEXT, Topic.REDIRECT),
    "hsts": (Topic.HSTS,),
    "dh_safe_primes": (Topic.DH, Topic.SUITES),
    "ssh_algorithms": (Topic.SSH_ALGORITHMS,),
    "ssh_terrapin": (Topic.SSH_ALGORITHMS,),
    "ssh_host_key_size": (Topic.HOST_KEYS,),
    "ikev1_main_mode": (Topic.IKE_VERSIONS,),
    "ikev1_aggressive_mode": (Topic.IKE_VERSIONS,),
    "ike_encryption": (Topic.IKE_TRANSFORMS,),
    "ike_prf": (Topic.IKE_TRANSFORMS,),
    "ike_integrity": (Topic.IKE_TRANSFORMS,),
    "ike_key_exchange": (Topic.IKE_TRANSFORMS,),
}
_BY_FORBIDDEN_FEATURE: Final = {
    "early_data": Topic.EARLY_DATA,
    "session_tickets": Topic.TICKETS,
    "resumption_by_ticket": Topic.TICKETS,
    "compression": Topic.COMPRESSION,
    "client_renegotiation": Topic.RENEGOTIATION,
    "ignores_signature_algorithms": Topic.SCHEMES,
    "signs_with_sha1": Topic.SCHEMES,
    "signs_with_md5": Topic.SCHEMES,
}
_BY_REQUIRED_FEATURE: Final = {"ocsp_stapling": Topic.STAPLING}


def topics_of(rule: PolicyRule) -> tuple[Topic, ...]:
    """The topics to configure so that ``rule`` is met; empty if no setting does it."""
    found = _BY_RULE.get(rule.rule.name) or _BY_FAMILY.get(rule.rule.family, ())
    if isinstance(rule.parameters, Features):
        is_forbidding = rule.rule.name == "features_forbidden"
        by_feature = _BY_FORBIDDEN_FEATURE if is_forbidding else _BY_REQUIRED_FEATURE
        found = tuple(by_feature[name] for name in rule.parameters.features if name in by_feature)
    return tuple(dict.fromkeys(found))
