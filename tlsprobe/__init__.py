"""tlsprobe as a library: scan TLS endpoints, read their facts, evaluate policies.

``scan`` probes endpoints and returns an Observation for each address; ``scan_blocking`` does the same
outside asyncio. ``tlsprobe.policy`` evaluates Observations, ``to_json`` and ``from_json`` serialize them.
All errors are a TlsprobeError. docs/reference/python-api.md has an example of each.

Names are imported on first use: ``import tlsprobe`` loads no library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tlsprobe.errors import (
    InputError,
    JsonError,
    PolicyError,
    ShadowedPackageError,
    TlsprobeError,
)

if TYPE_CHECKING:
    from model.certificates.certificate import (
        Certificate,
        Judgement,
        KeyType,
        Problem,
        Revocation,
        Sct,
        ServedChain,
        TrustVerdict,
    )
    from model.intrusiveness import Intrusiveness
    from model.observation import (
        AcceptedSet,
        ClientAuth,
        ClientAuthMode,
        Contradiction,
        Cost,
        DhParameters,
        Mode,
        Observation,
        State,
    )
    from model.protocol_version import ProtocolVersion
    from model.target import Endpoint, Target
    from model.verdict import Evidence, Fact, Preference, Verdict
    from tlsprobe import policy
    from tlsprobe.observation_json import from_json, to_json
    from tlsprobe.options import ClientCertificate, ScanOptions
    from tlsprobe.scanning import scan, scan_blocking

    __version__: str

__all__ = [
    "AcceptedSet",
    "Certificate",
    "ClientAuth",
    "ClientAuthMode",
    "ClientCertificate",
    "Contradiction",
    "Cost",
    "DhParameters",
    "Endpoint",
    "Evidence",
    "Fact",
    "InputError",
    "Intrusiveness",
    "JsonError",
    "Judgement",
    "KeyType",
    "Mode",
    "Observation",
    "PolicyError",
    "Preference",
    "Problem",
    "ProtocolVersion",
    "Revocation",
    "ScanOptions",
    "Sct",
    "ServedChain",
    "ShadowedPackageError",
    "State",
    "Target",
    "TlsprobeError",
    "TrustVerdict",
    "Verdict",
    "__version__",
    "from_json",
    "policy",
    "scan",
    "scan_blocking",
    "to_json",
]

_MODULES: Final = {
    "model.certificates.certificate": (
        "Certificate",
        "Judgement",
        "KeyType",
        "Problem",
        "Revocation",
        "Sct",
        "ServedChain",
        "TrustVerdict",
    ),
    "model.intrusiveness": ("Intrusiveness",),
    "model.observation": (
        "AcceptedSet",
        "ClientAuth",
        "ClientAuthMode",
        "Contradiction",
        "Cost",
        "DhParameters",
        "Mode",
        "Observation",
        "State",
    ),
    "model.protocol_version": ("ProtocolVersion",),
    "model.target": ("Endpoint", "Target"),
    "model.verdict": ("Evidence", "Fact", "Preference", "Verdict"),
    "tlsprobe.observation_json": ("from_json", "to_json"),
    "tlsprobe.options": ("ClientCertificate", "ScanOptions"),
    "tlsprobe.scanning": ("scan", "scan_blocking"),
}
_MODULE_OF: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Imports the lazy name.

    Raises:
        AttributeError: if the name is not public.
        ShadowedPackageError: if another package hides one of tlsprobe's.
    """
    if name not in __all__:
        raise AttributeError(f"module 'tlsprobe' has no attribute {name!r}")
    from tlsprobe.own_packages import check_own_packages

    check_own_packages()
    if name == "policy":
        return import_module("tlsprobe.policy")
    if name == "__version__":
        value: Any = import_module("model.version").TOOL_VERSION
    else:
        value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
