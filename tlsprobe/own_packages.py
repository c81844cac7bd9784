"""Does Python find tlsprobe's packages, or others with the same names?

Their names are general (``model``, ``service``), so a folder in PYTHONPATH, the working directory of
``python -m`` or another distribution may hide them. Python would then import foreign code.
"""

from __future__ import annotations

from importlib.util import find_spec
from os.path import dirname, join, realpath
from typing import Final

from tlsprobe.errors import ShadowedPackageError

PACKAGES: Final = (
    "model",
    "pki",
    "probe",
    "discovery",
    "scheduling",
    "policy",
    "storage",
    "exporters",
    "service",
)
"""Every package that is installed together with this one."""

_HOME: Final = dirname(dirname(realpath(__file__)))


def check_own_packages() -> None:
    """Check that each of ``PACKAGES`` is the one next to this package; imports none of them.

    Raises:
        ShadowedPackageError: for the first one that is not.
    """
    for name in PACKAGES:
        found = _found_at(name)
        if found is None:
            raise ShadowedPackageError(
                f"the package {name!r} of tlsprobe is missing: reinstall tlsprobe"
            )
        if found != join(_HOME, name, "__init__.py"):
            raise ShadowedPackageError(
                f"{found} hides the package {name!r} of tlsprobe ({join(_HOME, name)}): remove it from "
                "PYTHONPATH, start tlsprobe in another directory, or install it in an environment "
                "of its own (pipx, uv tool, a container)"
            )


def _found_at(name: str) -> str | None:
    """The file that ``import name`` runs, or has run; None if there is none."""
    try:
        spec = find_spec(name)
    except ValueError:
        return None
    if spec is None or spec.origin is None:
        return None
    return realpath(spec.origin)
