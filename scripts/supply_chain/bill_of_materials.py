"""Writes a bill of materials (CycloneDX 1.6, JSON) of locks: every package with its version, hashes and dependencies.

    python -m scripts.supply_chain.bill_of_materials LOCK... > tlsprobe.cdx.json

A lock has everything that may be installed on any platform, so the bill needs no installation and no network. It is
the same for the same locks and the same SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from model.version import TOOL_VERSION

PROJECT: Final = "tlsprobe"
_PIN: Final = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_REQUIRED_BY: Final = re.compile(r"^    #(?: via|  ) ([a-z0-9][a-z0-9-]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One package of a lock; ``required_by`` are the packages that need it, or ``tlsprobe`` itself."""

    name: str
    version: str
    hashes: tuple[str, ...]
    required_by: tuple[str, ...]


def merged(packages: Iterable[Pinned]) -> dict[str, Pinned]:
    """The packages of several locks by name; a package in two of them is required by what requires it in either."""
    found: dict[str, Pinned] = {}
    for one in packages:
        earlier = found.get(one.name, one)
        required_by = dict.fromkeys((*earlier.required_by, *one.required_by))
        found[one.name] = replace(one, required_by=tuple(required_by))
    return found


def pinned(lock: str) -> Iterator[Pinned]:
    """The packages in the text of a lock that uv wrote with hashes and annotations."""
    pins = list(_PIN.finditer(lock))
    ends = [*(one.start() for one in pins[1:]), len(lock)]
    for found, end in zip(pins, ends, strict=True):
        block = lock[found.end() : end]
        yield Pinned(
            name=found[1],
            version=found[2],
            hashes=tuple(_HASH.findall(block)),
            required_by=tuple(_REQUIRED_BY.findall(block)),
        )


def bill_of_materials(lock: str, *, version: str, moment: datetime) -> str:
    """The bill of the project at ``version`` with the packages of ``lock``, as JSON.

    ``lock`` is the text of one lock, or of several that pin the same versions.
    """
    packages = merged(pinned(lock))
    components = {name: _component(one) for name, one in packages.items()}
    project = Component(
        name=PROJECT, version=version, type=ComponentType.APPLICATION, bom_ref=PROJECT
    )
    bom = Bom(
        metadata=BomMetaData(component=project, timestamp=moment),
        components=components.values(),
        serial_number=uuid5(NAMESPACE_URL, f"{PROJECT} {version}\n{lock}"),
    )
    for name, component in {PROJECT: project, **components}.items():
        needed = [components[one] for one in packages if name in packages[one].required_by]
        bom.register_dependency(component, needed)
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)


def _component(one: Pinned) -> Component:
    url = PackageURL("pypi", None, one.name, one.version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(url.to_string()),
        comment="the files of this version that the lock permits",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in one.hashes],
    )
    return Component(
        name=one.name,
        version=one.version,
        purl=url,
        bom_ref=url.to_string(),
        external_references=[files],
    )


def source_moment(environment: Mapping[str, str]) -> datetime:
    """SOURCE_DATE_EPOCH as a time; now, if it is not set."""
    seconds = environment.get("SOURCE_DATE_EPOCH")
    return datetime.now(UTC) if seconds is None else datetime.fromtimestamp(int(seconds), UTC)


if __name__ == "__main__":
    text = "".join(Path(one).read_text(encoding="utf-8") for one in sys.argv[1:])
    print(bill_of_materials(text, version=TOOL_VERSION, moment=source_moment(os.environ)))
