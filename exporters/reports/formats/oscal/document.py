"""What every OSCAL document has: metadata, identifiers, properties and escaped texts."""

from __future__ import annotations

import json
import re
from typing import Any, Final, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from exporters.reports.report import Report
from exporters.reports.report_json import report_digest
from model.encoding.times_json import time_to_json
from model.safe_output.markdown_text import plain
from model.safe_output.one_line import clean

Json: TypeAlias = dict[str, Any]

NAMESPACE: Final = "urn:tlsprobe:report"
_OSCAL_VERSION: Final = "1.1.3"
_ROOT: Final = uuid5(NAMESPACE_URL, NAMESPACE)
_NAME: Final = re.compile(r"(?!.*__)[A-Za-z0-9][A-Za-z0-9._-]*")


class Identifiers:
    """The UUIDs of one document: all depend on the digest of the report's data and on the kind of document."""

    def __init__(self, report: Report, kind: str) -> None:
        self.digest = report_digest(report)
        self._base = uuid5(_ROOT, f"{kind} {self.digest}")

    @property
    def document(self) -> str:
        """The UUID of the document."""
        return str(self._base)

    def of(self, *parts: str) -> str:
        """The UUID of what ``parts`` name."""
        return str(uuid5(self._base, json.dumps(parts)))


def written(kind: str, fields: Json) -> str:
    """The document as text, indented."""
    return json.dumps({kind: fields}, indent=2) + "\n"


def metadata(report: Report, title: str, digest: str) -> Json:
    """The metadata; the version of a document is the time of its report."""
    return {
        "title": title,
        "last-modified": time_to_json(report.generated_at),
        "version": time_to_json(report.generated_at),
        "oscal-version": _OSCAL_VERSION,
        "props": [prop("report-sha256", digest)],
    }


def group_id(policy: str) -> str:
    """The identifier of a policy's group: a token that no other policy has."""
    return _token("policy", policy)


def control_id(policy: str, rule: str) -> str:
    """The identifier of a control: a token that no other policy and rule have."""
    return _token("rule", policy, rule)


def objective_id(policy: str, rule: str) -> str:
    """The identifier of the control's assessment objective."""
    return f"{control_id(policy, rule)}.obj"


def _token(kind: str, *names: str) -> str:
    """The names as they are in policy files; two underscores separate them and are in none. Else a digest."""
    if all(_NAME.fullmatch(name) for name in names):
        return "__".join((kind, *names))
    return f"{kind}_{uuid5(_ROOT, json.dumps(names)).hex}"


def prop(name: str, value: str, *, is_ours: bool = True) -> Json:
    """A property; ``is_ours`` is whether the name is tlsprobe's and not OSCAL's."""
    own = {"ns": NAMESPACE} if is_ours else {}
    return {"name": name, **own, "value": string(value)}


def markup(text: str) -> str:
    """``text`` as OSCAL's ``markup-line`` and ``markup-multiline``, fully escaped; never empty."""
    return plain(string(text))


def string(text: str) -> str:
    """One line without leading and trailing spaces, and never empty, as OSCAL's strings require."""
    return clean(text).strip() or "none"
