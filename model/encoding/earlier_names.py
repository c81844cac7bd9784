"""Names that 1.0 replaced.

What a user writes with an earlier name is refused with a sentence that gives the new one. Facts that an earlier
version stored or printed are read under their new names.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

_Names: TypeAlias = Mapping[str, str]

FACTS: Final[_Names] = MappingProxyType({"answers_in_clear": "answers_in_plaintext"})
"""Named facts of an Observation. Both names of a fact have the same place in the order of their section, in which
proofs are stored."""

FACTS_IN_DIGESTS: Final[_Names] = MappingProxyType({new: old for old, new in FACTS.items()})
"""Digests keep the earlier names: otherwise each endpoint of an existing database would be stored once more."""

RULES: Final[_Names] = MappingProxyType(
    {
        "certificate_time_left": "certificate_expiry",
        "client_certificate_not_asked": "client_certificate_not_requested",
        "no_login_in_clear": "no_plaintext_login",
        "reached": "reachable",
    }
)

RULE_SETTINGS: Final[_Names] = MappingProxyType(
    {"but": "except_suites", "title": "requirement", "to": "vulnerabilities"}
)

SETTINGS: Final[_Names] = MappingProxyType(
    {
        "at_once": "max_concurrent_probes",
        "closed": "maintenance_windows",
        "dead_after_seconds": "heartbeat_timeout_seconds",
        "hosts": "allowed_hosts",
        "keep_failed_seconds": "max_stale_seconds",
        "most_series_per_endpoint": "max_series_per_endpoint",
        "refuses": "refused_versions",
        "shows_client_identity": "use_client_identity",
        "trusts_labels": "trust_labels",
        "visits_at_once": "max_concurrent_probes",
        "visits_per_job": "probes_per_job",
        "wait_seconds": "group_wait_seconds",
        "with_unknown": "include_unknown",
    }
)
"""Keys of the configuration, each in the section that has the new key."""

SETTING_VALUES: Final[_Names] = MappingProxyType(
    {"seen_names": "certificate_names", "withdrawn": "target_removed"}
)

EVENT_KINDS: Final[_Names] = MappingProxyType(
    {
        "clock": "clock_jumped",
        "endpoint_set_aside": "endpoint_quarantined",
        "not_stored": "storage_limit_reached",
    }
)

OPTIONS: Final[_Names] = MappingProxyType({"--clock-is-right": "--trust-clock"})

COMMANDS: Final[_Names] = MappingProxyType({"policy verify": "policy test"})

ANSWER_FILTERS: Final[_Names] = MappingProxyType({"tls": "yes", "other": "no"})
"""Values of the filter ``answer`` of the page of endpoints."""


def renamed(earlier: str, name: str) -> str:
    """The sentence that refuses an earlier name."""
    return f"{earlier} was renamed: use {name}"
