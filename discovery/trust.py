"""Which acting labels (``model.target_labels``) of a source count: only those that it is trusted with.

An answer from the network must not decide which client certificate we send, or which socket we connect to.
An untrusted label stays visible under a name that tlsprobe does not act on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Final

from model.frozen import frozen
from model.target_labels import ACTING_NAMES, ConfiguredNames


@frozen
class LabelRules:
    """What the labels of a source may do: ``trusted`` are the acting labels that it may set itself, ``configured``
    the names that labels may have as their values."""

    trusted: frozenset[str] = frozenset()
    configured: ConfiguredNames = field(default_factory=dict)


UNTRUSTED_PREFIX: Final = "untrusted_"


def untrusted_labels(labels: Mapping[str, str], trusted: Collection[str]) -> frozenset[str]:
    """The acting labels among ``labels`` that are not ``trusted``."""
    return ACTING_NAMES.intersection(labels).difference(trusted)


def disarmed(labels: Mapping[str, str], untrusted: Collection[str]) -> Mapping[str, str]:
    """``labels`` with the untrusted ones renamed to ``untrusted_<name>``, which have no effect."""
    if not untrusted:
        return labels
    return {
        f"{UNTRUSTED_PREFIX}{name}" if name in untrusted else name: text
        for name, text in labels.items()
    }
