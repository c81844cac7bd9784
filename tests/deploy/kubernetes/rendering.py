"""The objects that the Helm chart makes of given values, rendered by Helm's own engine."""

from __future__ import annotations

from typing import Any, Final

import yaml

from scripts.manifests import rendered

ONE_POD: Final[dict[str, Any]] = {
    "targets": ["www.example.com"],
    "listener": {"allowUnauthenticated": True},
}
EVERYTHING: Final[dict[str, Any]] = {
    **ONE_POD,
    "replicas": 2,
    "database": {"secret": "tlsprobe-database"},
    "workers": [{"name": "default", "replicas": 2}, {"name": "dmz", "zone": "dmz"}],
    "discovery": {"enabled": True},
    "listener": {"scheme": "HTTPS", "webConfig": "tlsprobe-web"},
    "secretVariables": [{"name": "TOKEN", "secret": "token", "key": "token"}],
    "secretFiles": [{"name": "identities", "secret": "identities"}],
    "serviceMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
}


def objects(values: dict[str, Any], **names: str) -> list[Any]:
    """All objects, in no particular order."""
    texts = rendered(values, **names).values()
    return [one for text in texts for one in yaml.safe_load_all(text) if one is not None]


def of_kind(found: list[Any], kind: str) -> list[Any]:
    return [one for one in found if one["kind"] == kind]


def one_of_kind(found: list[Any], kind: str) -> Any:
    (one,) = of_kind(found, kind)
    return one


def pods(found: list[Any]) -> list[Any]:
    """The Pod template of each Deployment."""
    return [one["spec"]["template"] for one in of_kind(found, "Deployment")]


def container(pod: Any) -> Any:
    (only,) = pod["spec"]["containers"]
    return only
