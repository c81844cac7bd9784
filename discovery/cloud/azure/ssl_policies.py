"""SSL policies of application gateways: which one a listener has, and what it permits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from discovery.cloud.tls_rules import at_least, claimed, known_version, only_suites, since
from discovery.found import JsonObject
from model.claims import ClaimedRule
from model.frozen import frozen
from model.protocol_version import ProtocolVersion

_OLDEST: Final = ProtocolVersion.TLSV1_0
"""No gateway speaks SSL 3.0, and no setting turns it on."""
_EARLIER_DEFAULT: Final = "AppGwSslPolicy20150501"
"""The default of gateways that an API before 2023-02-01 made; later ones name theirs."""
_TLS13_SUITES: Final = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")
"""Mandatory at TLS 1.3: the API does not list them in the policies of owners."""

Predefined = Mapping[str, JsonObject]
"""The properties of the predefined policies by name."""


@frozen
class SslPolicy:
    """A policy as a clause, and what it permits; without ``rules``, ``unprovable`` says why."""

    shown: str
    rules: tuple[ClaimedRule, ...]
    unprovable: str = ""


def predefined_policies(listed: Iterable[JsonObject]) -> Predefined:
    """The predefined policies of the API's list."""
    found = {str(one.get("name")): one.get("properties") for one in listed}
    return {
        name: properties for name, properties in found.items() if isinstance(properties, Mapping)
    }


def ssl_policy(gateway: JsonObject, profile: JsonObject, predefined: Predefined) -> SslPolicy:
    """The policy of a listener: that of its SSL profile, or else the gateway's, or else the default.

    Args:
        gateway: the properties of the gateway.
        profile: the properties of the listener's SSL profile, empty if it has none.
        predefined: the predefined policies; empty if they could not be read.
    """
    policy = profile.get("sslPolicy") or gateway.get("sslPolicy") or {}
    if name := policy.get("policyName"):
        return _predefined(str(name), "", predefined)
    if least := policy.get("minProtocolVersion"):
        shown = f"an SSL policy of its own ({policy.get('policyType')}, {least})"
        return _policy(shown, _rules(str(least), policy.get("cipherSuites") or ()))
    if off := policy.get("disabledSslProtocols"):
        shown = f"an SSL policy without {', '.join(map(str, off))}"
        return _policy(shown, _without(off))
    default = str(gateway.get("defaultPredefinedSslPolicy") or _EARLIER_DEFAULT)
    return _predefined(default, ", Azure's default for it", predefined)


def _predefined(name: str, why: str, predefined: Predefined) -> SslPolicy:
    shown = f"the SSL policy {name}{why}"
    if name not in predefined:
        unread = f"the predefined policies that could be read have none with the name {name}"
        return SslPolicy(shown=shown, rules=(), unprovable=unread)
    properties = predefined[name]
    least = str(properties.get("minProtocolVersion"))
    return _policy(shown, _rules(least, properties.get("cipherSuites") or ()))


def _policy(shown: str, rules: tuple[ClaimedRule, ...]) -> SslPolicy:
    unknown = "" if rules else "the policy has a TLS version that tlsprobe does not know"
    return SslPolicy(shown=shown, rules=rules, unprovable=unknown)


def _rules(least: str, suites: Iterable[Any]) -> tuple[ClaimedRule, ...]:
    version = _version(least)
    if version is None:
        return ()
    names = [str(name) for name in suites]
    return (*at_least(version), *(only_suites([*names, *_TLS13_SUITES]) if names else ()))


def _without(off: Iterable[Any]) -> tuple[ClaimedRule, ...]:
    disabled = [_version(str(name)) for name in off]
    if None in disabled:
        return ()
    allowed = [version.label for version in since(_OLDEST) if version not in disabled]
    return (claimed("protocol_versions", allowed=allowed),)


def _version(name: str) -> ProtocolVersion | None:
    """The version that Azure calls so: ``TLSv1_2``."""
    return known_version(name.replace("_", "."))
