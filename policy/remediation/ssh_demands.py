"""What all policies together demand of an SSH server's configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from model.frozen import frozen
from model.judging.ssh import ALGORITHM_LISTS, algorithms
from model.verdict import Fact, Verdict
from policy.policy import PolicyRule
from policy.rules.handshake.ssh_algorithms import SshAlgorithms
from policy.rules.identity.ssh_host_keys import RsaBits

_TERRAPIN: Final = "ssh_terrapin"
_CIPHERS: Final = "ciphers"
_CHACHA20: Final = "chacha20-poly1305@openssh.com"
_CBC: Final = "-cbc"


@frozen
class SshDemands:
    """``allowed`` and ``offered`` are names by the kinds of ``ALGORITHM_LISTS``; a kind without a limit is absent.

    ``rsa_bits`` is the minimum size of an RSA host key, None without a rule. ``avoids_terrapin`` is whether the
    ciphers that Terrapin attacks must go.
    """

    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    offered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rsa_bits: int | None = None
    avoids_terrapin: bool = False

    def names(self, kind: str) -> tuple[str, ...]:
        """What to offer of a kind, in the server's order; empty if nothing has to change.

        A server refuses names that it does not know, so only those that it offers now are kept. If none of
        them is allowed, all allowed names are returned.
        """
        offered, allowed = self.offered.get(kind, ()), self.allowed.get(kind)
        kept = self._good(
            kind, offered if allowed is None else filter(allowed.__contains__, offered)
        )
        if offered and kept == offered:
            return ()
        return kept or self._good(kind, allowed or ())

    def _good(self, kind: str, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if not self._is_attacked(kind, name))

    def _is_attacked(self, kind: str, name: str) -> bool:
        is_affected = name == _CHACHA20 or name.endswith(_CBC)
        return self.avoids_terrapin and kind == _CIPHERS and is_affected


def ssh_demands_of(rules: Iterable[PolicyRule], facts: Mapping[str, Fact]) -> SshDemands:
    """What ``rules`` demand of the server with these ``facts``, or of any server if there are none."""
    rules = tuple(rules)
    limits = [rule.parameters for rule in rules if isinstance(rule.parameters, SshAlgorithms)]
    sizes = [one.parameters.min_rsa_bits for one in rules if isinstance(one.parameters, RsaBits)]
    terrapin = facts.get("terrapin")
    return SshDemands(
        allowed={
            kind: names for kind in ALGORITHM_LISTS if (names := _allowed_by_all(limits, kind))
        },
        offered={kind: found for kind in ALGORITHM_LISTS if (found := algorithms(facts, kind))},
        rsa_bits=max(sizes, default=None),
        avoids_terrapin=any(one.rule.name == _TERRAPIN for one in rules)
        and terrapin is not None
        and terrapin.verdict is Verdict.YES,
    )


def _allowed_by_all(limits: Iterable[SshAlgorithms], kind: str) -> tuple[str, ...]:
    """The names of the first list that all lists have; empty if no rule limits the kind."""
    lists = [names for one in limits if (names := one.allowed(kind))]
    return tuple(name for name in lists[0] if all(name in one for one in lists)) if lists else ()
