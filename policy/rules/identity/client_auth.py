"""Rules on client certificates: required, verified, and from which authorities (RFC 9846, 4.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from model.findings.finding import Outcome, Severity
from model.judging.spoken import spoken, unsettled
from model.observation import ClientAuth, ClientAuthMode, ForgedCertificate, Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Verdict
from policy.judging.partial_results import Part, listed, not_applicable, not_asked, unknown, worst
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

VERIFIES: Final = "client_auth.verifies"
"""The name of the fact in ``Observation.not_asked``."""
_MODES: Final = {
    ClientAuthMode.NONE: "not requested",
    ClientAuthMode.REQUESTED: "requested, not required",
    ClientAuthMode.REQUIRED: "required",
    ClientAuthMode.UNKNOWN: "not known",
}
_FORGED: Final = {
    ForgedCertificate.SELF_SIGNED: "self-signed",
    ForgedCertificate.IMPOSTOR: "with the name of a trusted CA",
}


class Nothing(Parameters):
    """No parameters."""


class Authorities(Parameters):
    """``allowed``: the authorities (RFC 4514, ``*`` for anything) that the server may name."""

    allowed: tuple[str, ...] = Field(min_length=1)


def _of_each_version(
    required: str, violation: str, say: Callable[[ClientAuth], Part], needs: str = ""
) -> Judge:
    """A Judge that asks ``say`` about every version; SSL 2.0 has no such fact.

    ``violation`` is the text before the versions. ``needs`` names the fact without which ``say`` returns
    unknown.
    """

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        parts: dict[ProtocolVersion, Part] = {}
        for version in spoken(observation):
            found = observation.client_auth.get(version)
            if found is not None:
                parts[version] = say(found)
                if parts[version][0] is Outcome.UNKNOWN and needs in observation.not_asked:
                    parts[version] = not_asked(observation.not_asked[needs])
            else:
                parts[version] = (Outcome.UNKNOWN, "not probed")
        for version in unsettled(observation):
            parts[version] = (Outcome.UNKNOWN, "not known whether it is offered")
        if not parts:
            return unknown("no version is known", required)
        ruling = worst(
            [
                (outcome, f"{version.display_name}: {text}")
                for version, (outcome, text) in parts.items()
            ],
            required,
        )
        is_failure = ruling.outcome is Outcome.FAIL
        return replace(
            ruling,
            violation=f"{violation} ({ruling.observed})" if is_failure else "",
            evidence=_proof(observation, parts, ruling.outcome),
        )

    return judge


def _proof(
    observation: Observation, parts: Mapping[ProtocolVersion, Part], outcome: Outcome
) -> Evidence | None:
    for version, (one, _) in parts.items():
        found = observation.client_auth.get(version)
        if one is outcome and found is not None:
            taken = [attempt for attempt in found.attempts if attempt.is_accepted is Verdict.YES]
            return taken[0].evidence if taken else found.evidence
    return None


def _bind_required(_: Nothing) -> Judge:
    outcomes = {
        ClientAuthMode.REQUIRED: Outcome.PASS,
        ClientAuthMode.REQUESTED: Outcome.FAIL,
        ClientAuthMode.NONE: Outcome.FAIL,
        ClientAuthMode.UNKNOWN: Outcome.UNKNOWN,
    }
    return _of_each_version(
        "required at every version",
        "Client certificates are not required",
        lambda found: (outcomes[found.mode], _MODES[found.mode]),
    )


def _bind_verified(_: Nothing) -> Judge:
    def say(found: ClientAuth) -> Part:
        if found.mode is ClientAuthMode.NONE and found.asked_on_path is None:
            return Outcome.FAIL, "not requested"
        match found.verifies:
            case Verdict.YES:
                return Outcome.PASS, "verified"
            case Verdict.NO:
                taken = [one.forged for one in found.attempts if one.is_accepted is Verdict.YES]
                which = f" ({listed(_FORGED[one] for one in taken)})" if taken else ""
                return Outcome.FAIL, f"accepts forged certificates{which}"
            case _:
                return Outcome.UNKNOWN, "not known whether they are verified"

    required = "forged certificates are refused at every version"
    violation = "Client certificates are not verified"
    return _of_each_version(required, violation, say, needs=VERIFIES)


def _bind_authorities(parameters: Authorities) -> Judge:
    allowed = tuple(one.casefold() for one in parameters.allowed)
    required = f"only {listed(parameters.allowed)}"

    def judge(subject: Subject) -> Evaluation:
        asking = [
            found
            for found in subject.observation.client_auth.values()
            if found.mode is not ClientAuthMode.NONE
        ]
        if any(found.mode is ClientAuthMode.UNKNOWN for found in asking):
            return unknown("not known whether a certificate is requested", required)
        if not asking:
            missing = unknown("client certificates were not probed", required)
            none = not_applicable("no client certificate is requested", required)
            return none if subject.observation.client_auth else missing
        names = dict.fromkeys(name for found in asking for name in found.ca_names)
        strange = [
            name for name in names if not any(fnmatchcase(name.casefold(), one) for one in allowed)
        ]
        proof = asking[0].evidence
        if strange or not names:
            observed = listed(strange) if strange else "no authority is named, so any may issue"
            return Evaluation(
                outcome=Outcome.FAIL,
                observed=observed,
                required=required,
                violation=f"Client certificates are requested from other authorities: {observed}"
                if strange
                else "Client certificates are requested from any authority",
                evidence=proof,
            )
        return Evaluation(
            outcome=Outcome.PASS, observed=listed(names), required=required, evidence=proof
        )

    return judge


def _bind_none(_: Nothing) -> Judge:
    outcomes = {
        ClientAuthMode.NONE: Outcome.PASS,
        ClientAuthMode.REQUESTED: Outcome.FAIL,
        ClientAuthMode.REQUIRED: Outcome.FAIL,
        ClientAuthMode.UNKNOWN: Outcome.UNKNOWN,
    }
    return _of_each_version(
        "not requested at any version",
        "A client certificate is requested",
        lambda found: (outcomes[found.mode], _MODES[found.mode]),
    )


CLIENT_AUTH_RULES: Final = (
    Rule(
        identifier="TP-MTLS-001",
        name="client_certificate_required",
        family=Family.CLIENT_AUTHENTICATION,
        requirement="A client certificate must be required at every protocol version",
        violation="Client certificates are not required at every protocol version",
        why="A server that only requests one also admits clients without one.",
        severity=Severity.CRITICAL,
        parameters=Nothing,
        bind=_bind_required,
    ),
    Rule(
        identifier="TP-MTLS-002",
        name="client_certificate_verified",
        family=Family.CLIENT_AUTHENTICATION,
        requirement="Client certificates must be verified: forged ones must be refused",
        violation="Client certificates are not verified: forged ones are accepted",
        why="A server that accepts any certificate admits any client.",
        severity=Severity.CRITICAL,
        parameters=Nothing,
        bind=_bind_verified,
    ),
    Rule(
        identifier="TP-MTLS-003",
        name="client_certificate_authorities",
        family=Family.CLIENT_AUTHENTICATION,
        requirement="Client certificates must be requested only from the allowed authorities",
        violation="Client certificates are requested from authorities that are not allowed",
        why="Each further authority, or none named at all, admits more clients.",
        severity=Severity.MEDIUM,
        parameters=Authorities,
        bind=_bind_authorities,
    ),
    Rule(
        identifier="TP-MTLS-004",
        name="client_certificate_not_requested",
        family=Family.CLIENT_AUTHENTICATION,
        requirement="No client certificate may be requested",
        violation="A client certificate is requested",
        why="Browsers prompt their users for one, and some devices fail.",
        severity=Severity.LOW,
        parameters=Nothing,
        bind=_bind_none,
    ),
)
