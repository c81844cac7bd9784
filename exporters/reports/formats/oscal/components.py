"""The guidelines as an OSCAL component definition: each service is a component, and so is each kind of server for it.

The component of a service implements the controls of its policies, with the settings that meet each. The component
of a server has the configuration lines, and names the rules that no line is about.
"""

from __future__ import annotations

from collections.abc import Iterator

from exporters.plurals import counted
from exporters.reports.formats.oscal.document import (
    Identifiers,
    Json,
    control_id,
    markup,
    metadata,
    prop,
    written,
)
from exporters.reports.guidance import guided, scope, settings
from exporters.reports.report import Report
from model.findings.guideline import Guideline, ServerGuide
from model.safe_output.markdown_text import block


def write_components(report: Report) -> str:
    """The ``component-definition`` document, indented."""
    ids = Identifiers(report, "component-definition")
    components = [
        one
        for number, guideline in enumerate(report.guidelines)
        for one in _components(report, guideline, ids, str(number))
    ]
    fields: Json = {
        "uuid": ids.document,
        "metadata": metadata(report, "Implementation guidelines", ids.digest),
    }
    if components:
        fields["components"] = components
    fields["back-matter"] = {"resources": [_catalog(ids)]}
    return written("component-definition", fields)


def _components(
    report: Report, guideline: Guideline, ids: Identifiers, number: str
) -> Iterator[Json]:
    service: Json = {
        "uuid": ids.of("service", number),
        "type": "service",
        "title": markup(guideline.service),
        "description": markup(scope(guideline)),
        "props": [prop("endpoints", str(guideline.endpoints))],
    }
    if guideline.unproved:
        service["remarks"] = markup(guideline.unproved)
    implementations = list(_implementations(report, guideline, ids, number))
    if implementations:
        service["control-implementations"] = implementations
    yield service
    for guide in guideline.servers:
        yield _server(guideline, guide, ids, number)


def _implementations(
    report: Report, guideline: Guideline, ids: Identifiers, number: str
) -> Iterator[Json]:
    for policy in guideline.policies:
        requirements = [
            {
                "uuid": ids.of("requirement", number, policy, one.rule.rule),
                "control-id": control_id(policy, one.rule.rule),
                "description": markup(
                    f"{one.rule.requirement}: {one.rule.required} ({one.rule.source}). "
                    f"Setting: {settings(one.settings)}."
                ),
            }
            for one in guided(report, guideline)
            if one.policy == policy
        ]
        if requirements:
            yield {
                "uuid": ids.of("implementation", number, policy),
                "source": f"#{_catalog_id(ids)}",
                "description": markup(f"How the service meets the policy {policy}."),
                "implemented-requirements": requirements,
            }


def _server(guideline: Guideline, guide: ServerGuide, ids: Identifiers, number: str) -> Json:
    remedy = guide.remedy
    lines = counted(len(remedy.lines), "line")
    return {
        "uuid": ids.of("server", number, remedy.server),
        "type": "software",
        "title": markup(f"{remedy.server} for {guideline.service}"),
        "description": markup(f"{lines}, {remedy.place}"),
        "props": [
            prop("service", ids.of("service", number)),
            *(prop("rule-without-a-line", rule) for rule in guide.uncovered),
        ],
        "remarks": "\n".join(block(remedy.lines)),
    }


def _catalog_id(ids: Identifiers) -> str:
    return ids.of("catalog")


def _catalog(ids: Identifiers) -> Json:
    return {
        "uuid": _catalog_id(ids),
        "title": "The policy",
        "description": "The catalog that the format policy-oscal of the same report writes.",
    }
