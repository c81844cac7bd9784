"""Does Python find tlsprobe's packages, or others of the same names?

Their names are general (``model``, ``service``), so a folder on PYTHONPATH, the working directory of
``python -m`` or another distribution may hide them. What is imported then is somebody else's code.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
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

_HOME: Final = Path(__file__).resolve().parents[1]


def check_own_packages() -> None:
    """Check that each of ``PACKAGES`` is the one next to this package; imports none of them.

    Raises:
        ShadowedPackageError: for the first that is not.
    """
    for name in PACKAGES:
        found = _found_at(name)
        if found is None:
            raise ShadowedPackageError(
                f"the package {name!r} of tlsprobe is not there: reinstall tlsprobe"
            )
        if found != _HOME / name / "__init__.py":
            raise ShadowedPackageError(
                f"{found} hides the package {name!r} of tlsprobe ({_HOME / name}): remove it from "
                "PYTHONPATH, start tlsprobe in another folder, or install tlsprobe in an environment "
                "of its own (pipx, uv tool, a container)"
            )


def _found_at(name: str) -> Path | None:
    """The file that ``import name`` would run, or has run; None where there is none."""
    try:
        spec = find_spec(name)
    except ValueError:
        return None
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve()
