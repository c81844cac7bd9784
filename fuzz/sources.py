"""What the APIs of orchestrators answer: objects of Kubernetes, services of Consul, containers of Docker."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from discovery.apis import consul, docker
from discovery.apis.json_text import read_json
from discovery.found import Location, mappings, read_locations
from discovery.kubernetes.objects import locations_of
from discovery.source import SourceError

_URL: Final = "http://x.example"


def kubernetes_objects(some: bytes) -> None:
    """The objects of a cluster, by the API path of their list, yield targets or are skipped."""
    lists = _json(some)
    if isinstance(lists, dict):
        with suppress(SourceError):
            _read(locations_of({path: list(mappings(one, path)) for path, one in lists.items()}))


def consul_services(some: bytes) -> None:
    """A catalog and the instances of a service, in one list, yield targets, or are refused or skipped."""
    catalog, instances = _json(some), None
    if isinstance(catalog, list) and len(catalog) > 1:
        catalog, instances = catalog[:2]
    for wanted in (consul.Wanted(), consul.Wanted(services=("web",), tags=("tls",))):
        with suppress(SourceError):
            _read(wanted.missing(wanted.names_in(catalog, _URL)))
        with suppress(SourceError):
            _read(consul.locations_of(mappings(instances, _URL), wanted.tags))


def docker_containers(some: bytes) -> None:
    """A list of containers yields targets, or its entries are skipped."""
    with suppress(SourceError):
        _read(docker.locations_of(mappings(_json(some), _URL)))


def _read(locations: Iterable[Location]) -> None:
    """Every entry that yields no target says where it is and why."""
    reading = read_locations(locations, "source")
    assert all(one.place and one.problem for one in reading.skipped)
    assert all(one.host for one in reading.targets)


def _json(some: bytes) -> Any:
    with suppress(ValueError):
        return read_json(some.decode("utf-8", "replace"))
