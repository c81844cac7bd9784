"""All facts of one endpoint as sections of lines, for its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporters.pages.rows import Mark
from exporters.reports import words
from exporters.wording import COMPLIANCE
from model.certificates.certificate import ServedChain
from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.frozen import frozen
from model.observation import AcceptedSet, Observation
from model.protocol_version import ProtocolVersion
from model.registry import Strength, strength_by_name
from model.snapshot import EndpointStatus
from model.verdict import Fact, UnknownCause, Verdict

_MARKS: dict[Verdict, Mark] = {
    Verdict.YES: "plain",
    Verdict.NO: "plain",
    Verdict.UNKNOWN: "warning",
}


@frozen
class DetailLine:
    """A label and its value."""

    name: str
    text: str
    mark: Mark = "plain"


@frozen
class Section:
    """Lines under one heading."""

    title: str
    lines: tuple[DetailLine, ...]


def sections_of(status: EndpointStatus) -> tuple[Section, ...]:
    """The sections that have lines, in reading order."""
    observation = status.observation
    found = (
        Section(title="Findings", lines=tuple(map(_finding, _worst_first(status)))),
        Section(title="Policies", lines=tuple(_policies(status))),
        Section(title="Protocol versions", lines=tuple(_versions(observation))),
        Section(title="Cipher suites", lines=tuple(_suites(observation.cipher_suites))),
        Section(title="Groups", lines=tuple(_sets(observation.groups))),
        *(
            Section(title=f"Certificate {number}", lines=tuple(_chain(deployment)))
            for number, deployment in enumerate(observation.own_certificates, start=1)
        ),
        Section(title="Client certificates", lines=tuple(_client_auth(observation))),
        Section(
            title="Vulnerabilities", lines=tuple(_facts(observation.vulnerabilities, bad=True))
        ),
        Section(title="Plaintext", lines=tuple(_facts(observation.plaintext))),
        Section(title="HTTP", lines=tuple(_facts(observation.http))),
        Section(title="Features", lines=tuple(_facts(observation.features))),
        Section(title="Not asked", lines=tuple(_not_asked(observation))),
        Section(title="Last visit", lines=tuple(_visit(status))),
    )
    return tuple(section for section in found if section.lines)


def _not_asked(observation: Observation) -> Iterator[DetailLine]:
    for name, level in sorted(observation.not_asked.items()):
        yield DetailLine(name=name, text=f"needs intrusiveness {level}")


def _worst_first(status: EndpointStatus) -> list[Finding]:
    return sorted(status.findings, key=lambda finding: -finding.result.severity.rank)


def _finding(finding: Finding) -> DetailLine:
    result = finding.result
    text = f"{result.violation}. Requirement: {result.requirement} ({result.required})."
    name = f"{result.severity.value} · {result.policy} · {result.rule_label}"
    return DetailLine(name=name, text=f"{text} {_status(finding)}", mark=_mark(finding))


def _mark(finding: Finding) -> Mark:
    if finding.status is FindingStatus.WAIVED or finding.result.outcome is Outcome.UNKNOWN:
        return "plain"
    return "bad" if finding.result.severity.rank >= Severity.HIGH.rank else "warning"


def _status(finding: Finding) -> str:
    """Whether it is open, or who waived it until when, and why a rule could not be verified."""
    said = f"{finding.status.value.capitalize()}."
    if finding.waiver is not None:
        said = f"{said} Waiver {finding.waiver.name} of {words.waived(finding)}."
    if finding.result.cause is UnknownCause.NEEDS_CLIENT_CERTIFICATE:
        said = f"{said} Needs a client certificate (label client_identity)."
    return said


def _policies(status: EndpointStatus) -> Iterator[DetailLine]:
    marks: dict[Verdict, Mark] = {
        Verdict.YES: "good",
        Verdict.NO: "bad",
        Verdict.UNKNOWN: "warning",
    }
    for policy, verdict in sorted(status.compliance.items()):
        yield DetailLine(name=policy, text=COMPLIANCE[verdict], mark=marks[verdict])


def _versions(observation: Observation) -> Iterator[DetailLine]:
    for version, fact in sorted(observation.protocols.items(), reverse=True):
        is_old = version < ProtocolVersion.TLSV1_2
        mark: Mark = "bad" if fact.verdict is Verdict.YES and is_old else _MARKS[fact.verdict]
        yield DetailLine(name=version.display_name, text=fact.verdict.value, mark=mark)


def _suites(sets: Mapping[ProtocolVersion, AcceptedSet]) -> Iterator[DetailLine]:
    for version, found in sorted(sets.items(), reverse=True):
        for name in found.accepted:
            strength = strength_by_name(name) or Strength.INSECURE
            is_bad = strength in {Strength.INSECURE, Strength.WEAK}
            yield DetailLine(
                name=version.display_name,
                text=f"{name} ({strength.value})",
                mark="bad" if is_bad else "plain",
            )
        if not found.complete:
            yield DetailLine(name=version.display_name, text="there may be others", mark="warning")


def _sets(sets: Mapping[ProtocolVersion, AcceptedSet]) -> Iterator[DetailLine]:
    for version, found in sorted(sets.items(), reverse=True):
        yield DetailLine(name=version.display_name, text=", ".join(found.accepted) or "none")


def _chain(deployment: ServedChain) -> Iterator[DetailLine]:
    leaf = deployment.leaf
    yield DetailLine(name="subject", text=leaf.subject or "")
    yield DetailLine(name="issuer", text=leaf.issuer or "")
    names = (*leaf.dns_names, *leaf.ip_addresses)
    yield DetailLine(name="names", text=", ".join(names) or "none")
    if leaf.not_before is not None and leaf.not_after is not None:
        text = f"{leaf.not_before:%Y-%m-%d %H:%M} to {leaf.not_after:%Y-%m-%d %H:%M} UTC"
        yield DetailLine(name="valid", text=text)
    yield DetailLine(name="key", text=f"{leaf.key_type.value} {leaf.key_bits or ''}".strip())
    yield DetailLine(name="SHA-256", text=leaf.sha256)
    for store, trust in deployment.trust.items():
        mark: Mark = "bad" if trust.verdict is Verdict.NO else _MARKS[trust.verdict]
        text = trust.reason or trust.verdict.value
        yield DetailLine(name=f"trusted by {store}", text=text, mark=mark)
    for problem in deployment.problems:
        yield DetailLine(name="problem", text=problem.value.replace("_", " "), mark="warning")


def _client_auth(observation: Observation) -> Iterator[DetailLine]:
    for version, found in sorted(observation.client_auth.items(), reverse=True):
        verifies = f", verified: {found.verifies.value}" if found.verifies is not None else ""
        mark: Mark = "bad" if found.verifies is Verdict.NO else "plain"
        yield DetailLine(name=version.display_name, text=f"{found.mode.value}{verifies}", mark=mark)


def _facts(facts: Mapping[str, Fact], *, bad: bool = False) -> Iterator[DetailLine]:
    for name, fact in sorted(facts.items()):
        is_bad = bad and fact.verdict is Verdict.YES
        value = f" ({fact.value})" if fact.value else ""
        mark: Mark = "bad" if is_bad else _MARKS[fact.verdict]
        if fact.cause is UnknownCause.NEEDS_CLIENT_CERTIFICATE:
            value, mark = " (needs a client certificate)", "plain"
        yield DetailLine(name=name, text=f"{fact.verdict.value}{value}", mark=mark)


def _visit(status: EndpointStatus) -> Iterator[DetailLine]:
    observation = status.observation
    yield DetailLine(name="state", text=observation.state.value)
    if observation.reason:
        yield DetailLine(name="reason", text=observation.reason)
    yield DetailLine(name="ended", text=f"{status.last_probe_at:%Y-%m-%d %H:%M:%S} UTC")
    yield DetailLine(name="connections", text=str(observation.cost.connections))
    yield DetailLine(name="took", text=f"{observation.cost.duration_seconds:.2f} s")
    if status.config_changed_at is not None:
        yield DetailLine(name="last changed", text=f"{status.config_changed_at:%Y-%m-%d %H:%M} UTC")
