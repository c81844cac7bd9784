"""Examines the network: which networks the configuration opens, whether names resolve, and whether DNS servers answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from discovery.files.targets_file import TargetsFileError, read_targets_file
from exporters.plurals import counted
from model.target import Target, is_ip_address
from pki.dns import DnsLookup, LookupFailedError
from scheduling.resolve import resolve
from service.config.egress import EgressZone
from service.config.settings import ServiceSettings
from service.doctor.diagnosis import Condition, Diagnosis

_MOST_NAMES: Final = 3
_ANSWERED_EVERYWHERE: Final = "localhost."
"""Every name server answers for it, if only that it does not exist (RFC 6761, section 6.3)."""


async def examine_network(settings: ServiceSettings) -> AsyncIterator[Diagnosis]:
    """The network policy, look-ups of names, and the DNS servers that tlsprobe asks itself."""
    yield network_policy(settings)
    yield await _look_ups(settings)
    if settings.probe.dns_records:
        yield await _name_servers(settings)


def network_policy(settings: ServiceSettings) -> Diagnosis:
    """The rules in force, in words and as data."""
    egress = settings.egress
    rules = [_rules_in_words("", egress)]
    rules += [_rules_in_words(f"zone {name}: ", one) for name, one in egress.zones.items()]
    if settings.deny:
        rules.append(f"{counted(len(settings.deny), 'entry', 'entries')} never probed (deny)")
    details: dict[str, Any] = {
        "networks": _texts(egress.networks),
        "deny": list(egress.deny),
        "zones": {
            name: {"networks": _texts(one.networks), "deny": list(one.deny)}
            for name, one in egress.zones.items()
        },
        "never_probed": list(settings.deny),
        "reserved_but_allowed": _texts(settings.allow),
    }
    return Diagnosis(name="network policy", found="; ".join(rules), details=details)


def _rules_in_words(prefix: str, rules: EgressZone) -> str:
    networks = "all networks" if rules.networks is None else ", ".join(map(str, rules.networks))
    denied = f", {counted(len(rules.deny), 'entry', 'entries')} closed" if rules.deny else ""
    return f"{prefix}{networks} open{denied}"


def _texts(networks: Sequence[object] | None) -> list[str] | None:
    return None if networks is None else [str(one) for one in networks]


async def _look_ups(settings: ServiceSettings) -> Diagnosis:
    try:
        named = _named_targets(settings)
    except TargetsFileError as error:
        return Diagnosis(
            name="look-ups",
            found=str(error),
            condition=Condition.FAILED,
            fix="correct the targets file",
        )
    if not named:
        return Diagnosis(name="look-ups", found="no name in targets_files needs one")
    failures = [
        found.failure for target in named if (found := await resolve(target)).failure is not None
    ]
    hosts = ", ".join(target.host for target in named)
    if not failures:
        return Diagnosis(name="look-ups", found=f"{hosts}: resolved")
    return Diagnosis(
        name="look-ups",
        found=" ".join(failures),
        condition=Condition.FAILED if len(failures) == len(named) else Condition.WARNING,
        fix="correct the names, or the name servers of this machine (/etc/resolv.conf)",
    )


def _named_targets(settings: ServiceSettings) -> list[Target]:
    """A few targets of the files whose host is a name, each host once."""
    by_host: dict[str, Target] = {}
    for file in settings.targets_files:
        for target in read_targets_file(file).targets:
            if not is_ip_address(target.host):
                by_host.setdefault(target.host, target)
    return list(by_host.values())[:_MOST_NAMES]


async def _name_servers(settings: ServiceSettings) -> Diagnosis:
    probing = settings.probe_settings
    shown = ", ".join(settings.probe.name_servers) or "the name servers of this machine"
    try:
        lookup = DnsLookup(probing.name_servers, gate=settings.gate)
        await lookup.records(_ANSWERED_EVERYWHERE, "A")
    except LookupFailedError as error:
        return Diagnosis(
            name="DNS records",
            found=f"{shown}: {error}",
            condition=Condition.FAILED,
            fix="correct probe.name_servers, or switch probe.dns_records off",
        )
    return Diagnosis(name="DNS records", found=f"{shown}: answering")
