"""Java's JSSE: system properties, which apply to every server in the virtual machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation import openssl_names
from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic

_OPTIONS: Final = "as options of the java command"
_GROUPS: Final = frozenset(
    {"x25519", "x448", "secp256r1", "secp384r1", "secp521r1"}
    | {f"ffdhe{bits}" for bits in (2048, 3072, 4096, 6144, 8192)}
)


def _settings(demands: Demands) -> Iterator[Setting]:
    versions = ",".join(openssl_names.version_labels(demands))
    yield _setting(Topic.VERSIONS, f"-Djdk.tls.server.protocols={versions}")
    suites = ",".join((*demands.tls13_suites, *demands.suites))
    yield _setting(Topic.SUITES, f"-Djdk.tls.server.cipherSuites={suites}")
    if groups := ",".join(name for name in demands.groups if name in _GROUPS):
        yield _setting(Topic.GROUPS, f"-Djdk.tls.namedGroups={groups}")
    if schemes := ",".join(demands.schemes):
        yield _setting(Topic.SCHEMES, f"-Djdk.tls.server.SignatureSchemes={schemes}")
    yield _setting(Topic.DH, f"-Djdk.tls.ephemeralDHKeySize={max(demands.dh_bits, 2048)}")
    if demands.client_certificates is not None:
        word = (
            "setNeedClientAuth(true)" if demands.client_certificates else "setWantClientAuth(false)"
        )
        yield Setting(
            topic=Topic.CLIENT_CERTIFICATES,
            place="on the SSLServerSocket or SSLEngine; the trust manager names the authorities",
            lines=(f"socket.{word};",),
        )
    yield _setting(
        Topic.STAPLING,
        "-Djdk.tls.server.enableStatusRequestExtension=true",
    )
    yield _setting(Topic.TICKETS, "-Djdk.tls.server.enableSessionTicketExtension=false")
    yield _setting(Topic.RENEGOTIATION, "-Djdk.tls.rejectClientInitiatedRenegotiation=true")


def _setting(topic: Topic, *lines: str) -> Setting:
    return Setting(topic=topic, place=_OPTIONS, lines=lines)


JAVA: Final = ServerKind(
    name="Java", aliases=("java", "jsse", "tomcat", "jetty", "spring"), write=_settings
)
