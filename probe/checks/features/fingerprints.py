"""Which fingerprints show that two addresses run the same TLS stack?

JA3S and JA4S of the hello that proved each version. Our hellos are the same on every visit, so these values
can be compared between visits, but not with values that others took with other hellos. At TLS 1.3 the hello
is the HelloRetryRequest that answers an empty key_share.
"""

from __future__ import annotations

import hashlib
from typing import Final

from model.protocol_version import ProtocolVersion
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.tls.hello import ServerHello

_VERSIONS: Final = {
    ProtocolVersion.SSLV3: "s3",
    ProtocolVersion.TLSV1_0: "10",
    ProtocolVersion.TLSV1_1: "11",
    ProtocolVersion.TLSV1_2: "12",
    ProtocolVersion.TLSV1_3: "13",
}
_NO_EXTENSIONS: Final = 12 * "0"
_MOST_COUNTED: Final = 99


async def check_fingerprints(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``fingerprints``, such as ``ja3s_tlsv1.2``; asks nothing."""
    for version, exchange in sorted(facts.spoken.items()):
        if exchange.hello is not None:
            label = version.label.lower()
            facts.fingerprints[f"ja3s_{label}"] = ja3s(exchange.hello)
            facts.fingerprints[f"ja4s_{label}"] = ja4s(exchange.hello, version)


def ja3s(hello: ServerHello) -> str:
    """MD5 of version, suite and extension types in decimal, in the order sent."""
    extensions = "-".join(str(item.code_point) for item in hello.extensions)
    text = f"{hello.legacy_version},{hello.cipher_suite},{extensions}"
    return hashlib.md5(text.encode("ascii"), usedforsecurity=False).hexdigest()


def ja4s(hello: ServerHello, version: ProtocolVersion) -> str:
    """For TCP: version, number of extensions, first and last character of ALPN; the suite; a hash of the extensions."""
    types = ",".join(f"{item.code_point:04x}" for item in hello.extensions)
    digest = hashlib.sha256(types.encode("ascii")).hexdigest()[:12] if types else _NO_EXTENSIONS
    count = min(len(hello.extensions), _MOST_COUNTED)
    head = f"t{_VERSIONS[version]}{count:02}{_alpn_ends(hello)}"
    return f"{head}_{hello.cipher_suite:04x}_{digest}"


def _alpn_ends(hello: ServerHello) -> str:
    """First and last character of the chosen protocol; ``00`` without one."""
    name = (hello.alpn_protocol or b"").decode("ascii", "replace")
    return f"{name[0]}{name[-1]}" if name.isalnum() or "/" in name else "00"
