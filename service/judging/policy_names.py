"""The policies that a user means by a name: a profile's, a file's, or one policy of a file."""

from __future__ import annotations

from datetime import datetime

from policy import Policy, PolicyError, read_policies


def policies_of(name: str, at: datetime) -> tuple[Policy, ...]:
    """The policies of a profile or of a file, as of an aware moment; raises PolicyError."""
    return read_policies([name], at).policies


def one_policy(name: str, at: datetime) -> Policy:
    """The one policy that ``name`` means: ``policies.yml#web`` names one of several in a file.

    Raises:
        PolicyError: for a file that cannot be used, or that has several policies and ``name`` names none.
    """
    place, _, wanted = name.partition("#")
    policies = policies_of(place, at)
    chosen = [one for one in policies if wanted in ("", one.name)]
    if len(chosen) != 1:
        names = ", ".join(f"{place}#{one.name}" for one in policies)
        raise PolicyError(f"{name} must be one policy: name one of {names or 'another file'}")
    return chosen[0]
