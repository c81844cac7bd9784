"""Resolves the policy names that a user gives: a profile, a file, or one policy of a file."""

from __future__ import annotations

from datetime import datetime

from policy import Policy, PolicyError, read_policies


def policies_of(name: str, at: datetime) -> tuple[Policy, ...]:
    """The policies of a profile or of a file, as of an aware time; raises PolicyError."""
    return read_policies([name], at).policies


def one_policy(name: str, at: datetime) -> Policy:
    """The one policy that ``name`` denotes: ``policies.yml#web`` names one of several policies in a file.

    Raises:
        PolicyError: if the file is invalid, or has several policies and ``name`` does not choose one.
    """
    place, _, wanted = name.partition("#")
    policies = policies_of(place, at)
    chosen = [one for one in policies if wanted in ("", one.name)]
    if len(chosen) != 1:
        names = ", ".join(f"{place}#{one.name}" for one in policies)
        raise PolicyError(f"{name} must be one policy: use one of {names or 'another file'}")
    return chosen[0]
