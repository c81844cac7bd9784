"""Which acting labels (``model.target_labels``) of a source count: only those that it is trusted with.

An answer from the network must not decide which client certificate we send, or which socket we connect to.
An untrusted label stays visible under a name that tlsprobe does not act on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from model.target import Target
from model.target_labels import ACTING_NAMES

UNTRUSTED_PREFIX: Final = "untrusted_"


def untrusted_labels(target: Target, trusted: Collection[str]) -> frozenset[str]:
    """The acting labels of ``target`` that are not ``trusted``."""
    return ACTING_NAMES.intersection(target.labels).difference(trusted)


def disarmed(target: Target, untrusted: Collection[str]) -> Target:
    """``target`` with these labels renamed to ``untrusted_<name>``, which have no effect."""
    if not untrusted:
        return target
    labels = {
        f"{UNTRUSTED_PREFIX}{name}" if name in untrusted else name: text
        for name, text in target.labels.items()
    }
    return replace(target, labels=labels)
