"""The JSON of answers about endpoints as types, for the OpenAPI document; ``model.encoding`` writes most of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from model.comparisons.change import ChangeKind
from model.findings.finding import FindingStatus, Outcome, Severity
from model.observation import State
from model.query import Transition
from model.verdict import UnknownCause, Verdict


def _none_required(schema: dict[str, Any]) -> None:
    """Any field may be left out, because the client may select others."""
    schema.pop("required", None)


class Item(BaseModel):
    """An item of a list, of which clients may select fields."""

    model_config = ConfigDict(json_schema_extra=_none_required)


class Page(BaseModel):
    """A page of a list."""

    next: str | None = Field(description="the `cursor` of the next page; null on the last page")


class CountedPage(Page):
    """A page of a list whose length is known."""

    total: int = Field(description="how many items match, on all pages")


class Target(Item):
    """A target of the discovery sources."""

    id: str
    key: str
    host: str
    port: int
    server_name: str | None
    protocol: str
    labels: dict[str, str]
    source: str


class Endpoint(Item):
    """The newest status of an endpoint: a target at one address."""

    id: str
    key: str
    target: Target
    address: str | None
    state: State
    reason: str | None
    versions: list[str] = Field(description="the protocol versions that it accepts")
    trusted: Verdict | None = Field(
        description="whether clients trust its chains: each verifies and is for its name; null without any"
    )
    expires_at: datetime | None = Field(description="the earliest expiry of its own certificates")
    severity: Severity | None = Field(description="of its worst open violation")
    findings: dict[str, int] = Field(
        description="open violations by severity, `unknown` and `waived`"
    )
    compliance: dict[str, Verdict] = Field(description="by policy")
    last_probe_at: datetime
    last_success_at: datetime | None
    consecutive_failures: int
    interval_seconds: float
    config_changed_at: datetime | None
    certificate_changed_at: datetime | None


class Endpoints(CountedPage):
    """Endpoints."""

    items: list[Endpoint]


class Observation(BaseModel):
    """All facts of one visit, in the format of `tlsprobe scan --json`: docs/reference/observation.schema.json."""

    model_config = ConfigDict(extra="allow")

    schema_: int = Field(alias="schema")
    state: State
    started_at: datetime
    address: str | None


class Period(Item):
    """Consecutive visits with the same facts; `observation` has the facts, without evidence."""

    first_at: datetime
    last_at: datetime
    visits: int
    transition: Transition
    observation: Observation


class Periods(Page):
    """The history of an endpoint, newest first."""

    items: list[Period]


class RecordedCall(Item):
    """A call that an audit trail records. Own calls are those whose caller says that it is tlsprobe."""

    name: str
    at: datetime
    event_id: str
    principal: str
    source_address: str
    own: bool
    others: int


class Attribution(Item):
    """The call that caused a change, or why none is known."""

    call: RecordedCall | None
    unknown: str | None


class Change(Item):
    """A fact that differs from the visit before; without an attribution, no audit trail was asked yet."""

    endpoint: str
    at: datetime
    fact: str
    kind: ChangeKind
    before: str | None
    after: str | None
    message: str
    attribution: Attribution | None


class Changes(Page):
    """Changes, newest first."""

    items: list[Change]


class Certificate(Item):
    """A leaf certificate, and where it is served."""

    sha256: str
    subject: str | None
    issuer: str | None
    serial_number: str | None
    dns_names: list[str]
    ip_addresses: list[str]
    not_before: datetime | None
    not_after: datetime | None
    key_type: str
    key_bits: int | None
    public_key_sha256: str | None
    signature_algorithm: str | None
    endpoints: list[str] = Field(description="the keys of the endpoints that serve it")


class Certificates(CountedPage):
    """Certificates."""

    items: list[Certificate]


class Waiver(Item):
    """Findings that an owner accepts until a given time."""

    name: str
    rule: str
    policy: str | None
    target: str | None
    labels: dict[str, str]
    reason: str
    owner: str
    expires_at: datetime


class ListedWaiver(Waiver):
    """A waiver, and whether it is in a policy file or was added by the API."""

    origin: str = Field(json_schema_extra={"enum": ["file", "api"]})
    expired: bool


class Waivers(CountedPage):
    """Waivers."""

    items: list[ListedWaiver]


class Finding(Item):
    """A rule that an endpoint violates, or is not proved to meet."""

    fingerprint: str
    endpoint: str
    policy: str
    rule: str
    rule_id: str | None
    severity: Severity
    outcome: Outcome
    requirement: str
    violation: str
    observed: str
    required: str
    source: str
    cause: UnknownCause | None = None
    evidence: Any = None
    status: FindingStatus
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    reopened: int
    waiver: Waiver | None


class Findings(CountedPage):
    """Findings."""

    items: list[Finding]


class Opening(Item):
    """A finding from when it opened, or reopened, until it was resolved, with its newest texts of that time."""

    opened_at: datetime
    resolved_at: datetime | None
    severity: Severity
    outcome: Outcome
    violation: str
    observed: str
    required: str


class Openings(CountedPage):
    """The history of a finding, newest first."""

    items: list[Opening]


class PolicyRule(BaseModel):
    """A rule as it occurs in a policy."""

    name: str
    rule: str
    rule_id: str
    parameters: dict[str, Any]
    severity: Severity
    requirement: str
    violation: str
    required: str
    source: str


class Policy(Item):
    """A policy in force, and how many endpoints are compliant (yes), not compliant (no) or unknown."""

    name: str
    title: str
    description: str
    digest: str
    extends: list[str]
    applies_to: Mapping[str, Any]
    endpoints: list[str]
    rules: list[PolicyRule]
    compliance: dict[Verdict, int]


class Policies(CountedPage):
    """Policies."""

    items: list[Policy]


class ListedTarget(Target):
    """A target, and the labels that clients have given it; null if no client has added it."""

    api_labels: dict[str, str] | None


class Targets(CountedPage):
    """The targets of all sources."""

    items: list[ListedTarget]


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="one sentence that says what to change")
    errors: list[dict[str, str]] = Field([], description="where in the request it is wrong")
