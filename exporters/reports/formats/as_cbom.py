"""The report as a cryptographic bill of materials: CycloneDX 1.7 JSON, written piece by piece.

CycloneDX has no place for a no, an unknown or a question that was not asked, so these are properties in the namespace
``tlsprobe:``. The document is in canonical form (as ``jq --compact-output --sort-keys --ascii-output``) except for
its last member, which has the SHA-256 of the rest.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from exporters.reports.cbom.components import (
    facts_component,
    facts_reference,
    needed_assets,
    properties_of,
    used_assets,
)
from exporters.reports.cryptography import Cryptography
from exporters.reports.report import Report, ReportedEndpoint
from exporters.reports.report_json import report_digest
from model.encoding.times_json import time_to_json
from model.observation import State

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(:[0-9]+)?")
_SCHEME: Final = re.compile(r"([a-z][a-z0-9-]*)://")
_OWN_PROTOCOLS: Final = frozenset({State.SSH, State.IKE})
_LONGEST_VERSION: Final = 1024
"""By CycloneDX's schema."""

Json: TypeAlias = dict[str, Any]

CBOM_START: Final = '{"bomFormat":"CycloneDX"'
DIGEST_NAME: Final = "tlsprobe:sha256"
PROVED_AT: Final = "tlsprobe:proved_at"
FACTS_OF: Final = "tlsprobe:facts"
PROOFS: Final = "tlsprobe:proofs"


def write_cbom(report: Report) -> str:
    """The whole document."""
    return "".join(cbom_pieces(report))


def cbom_pieces(report: Report) -> Iterator[str]:
    """The document in pieces, so that an inventory of any size needs little memory."""
    hashed = hashlib.sha256()
    for piece in _members(report):
        hashed.update(piece.encode())
        yield piece
    hashed.update(b"}")
    stated = properties_of([(DIGEST_NAME, hashed.hexdigest())])
    yield f',"properties":{_text(stated)}}}\n'


def _members(report: Report) -> Iterator[str]:
    """The members in the order of their names, without the end of the document."""
    digest = report_digest(report)
    yield CBOM_START
    yield from _array("components", _components(report.endpoints))
    yield from _array("dependencies", map(_dependency, report.endpoints))
    yield f',"metadata":{_text(_metadata(report, digest))}'
    yield f',"serialNumber":"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}"'
    yield from _array("services", map(_service, report.endpoints))
    yield ',"specVersion":"1.7","version":1'


def _array(name: str, items: Iterable[Json]) -> Iterator[str]:
    yield f',"{name}":['
    for at, item in enumerate(items):
        yield f"{',' if at else ''}{_text(item)}"
    yield "]"


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _metadata(report: Report, digest: str) -> Json:
    version = report.tool_version[:_LONGEST_VERSION]
    tool = {"type": "application", "name": "tlsprobe", "version": version}
    labels = sorted(report.selection.items())
    return {
        "timestamp": time_to_json(report.generated_at),
        "lifecycles": [{"phase": "discovery"}],
        "tools": {"components": [tool]},
        "properties": properties_of(
            [
                ("tlsprobe:taken_at", time_to_json(report.taken_at)),
                ("tlsprobe:report_sha256", digest),
                *((f"tlsprobe:selection:{name}", value) for name, value in labels),
            ]
        ),
    }


def _components(endpoints: Iterable[ReportedEndpoint]) -> Iterator[Json]:
    written: set[str] = set()
    for endpoint in endpoints:
        found = endpoint.cryptography
        if found is None:
            continue
        for component in (facts_component(found.facts), *used_assets(found), *needed_assets(found)):
            if component["bom-ref"] not in written:
                written.add(component["bom-ref"])
                yield component


def _dependency(endpoint: ReportedEndpoint) -> Json:
    found = endpoint.cryptography
    used = () if found is None else used_assets(found)
    references = dict.fromkeys(one["bom-ref"] for one in used)
    return {"ref": _reference(endpoint), "dependsOn": list(references)}


def _service(endpoint: ReportedEndpoint) -> Json:
    visit = [
        ("tlsprobe:endpoint", endpoint.key),
        ("tlsprobe:address", endpoint.address),
        ("tlsprobe:state", endpoint.state),
        ("tlsprobe:reason", endpoint.reason),
        ("tlsprobe:mode", endpoint.mode),
        ("tlsprobe:version", endpoint.tool_version),
        ("tlsprobe:last_probe_at", time_to_json(endpoint.last_probe_at)),
        ("tlsprobe:last_success_at", time_to_json(endpoint.last_success_at)),
    ]
    if endpoint.quantum is not None:
        history = endpoint.quantum.history
        visit += [
            ("tlsprobe:post_quantum", endpoint.quantum.exposure.key_exchange.value),
            ("tlsprobe:post_quantum:first_proved_at", time_to_json(history.first_proved_at)),
            ("tlsprobe:post_quantum:lost_at", time_to_json(history.lost_at)),
        ]
    labels = [(f"tlsprobe:label:{name}", text) for name, text in endpoint.labels.items()]
    return {
        "bom-ref": _reference(endpoint),
        "name": endpoint.target,
        "endpoints": [_iri(endpoint)],
        "properties": properties_of([*visit, *labels, *_proved(endpoint.cryptography)]),
    }


def _iri(endpoint: ReportedEndpoint) -> str:
    """The target as an IRI (RFC 3987); what is not a host and a port is escaped as a whole."""
    stated = _SCHEME.match(endpoint.target)
    target = endpoint.target[stated.end() :] if stated else endpoint.target
    usual = endpoint.state if endpoint.state in _OWN_PROTOCOLS else "tls"
    safe = ":[]" if _AUTHORITY.fullmatch(target) else ""
    return f"{stated[1] if stated else usual}://{quote(target, safe=safe, errors='replace')}"


def _proved(found: Cryptography | None) -> Iterator[tuple[str, str | None]]:
    if found is not None:
        yield PROVED_AT, time_to_json(found.visited_at)
        yield FACTS_OF, facts_reference(found.facts)
        yield PROOFS, " ".join(found.proofs)


def _reference(endpoint: ReportedEndpoint) -> str:
    return f"endpoint:{endpoint.key}"
