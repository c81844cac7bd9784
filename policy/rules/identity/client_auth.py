"""Rules on client certificates: demanded, verified, and from which authorities (RFC 9846, 4.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from model.findings.finding import Outcome, Severity
from model.observation import ClientAuth, ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Verdict
from policy.judging.partial_results import (
    Part,
    listed,
    not_applicable,
    not_asked,
    spoken,
    unknown,
    unsettled,
    worst,
)
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

VERIFIES: Final = "client_auth.verifies"
"""The name under which ``Observation.not_asked`` has it."""


class Nothing(Parameters):
    """No parameters."""


class Authorities(Parameters):
    """``allowed``: the authorities (RFC 4514, ``*`` for anything) that the server may ask for."""

    allowed: tuple[str, ...] = Field(min_length=1)


def _of_each_version(required: str, say: Callable[[ClientAuth], Part], needs: str = "") -> Judge:
    """A Judge that asks ``say`` about every version; SSL 2.0 speaks, and knows no such answer.

    ``needs`` names the fact without which ``say`` does not know.
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
                parts[version] = (Outcome.UNKNOWN, "not asked")
        for version in unsettled(observation):
            parts[version] = (Outcome.UNKNOWN, "not learnt whether it is spoken")
        if not parts:
            return unknown("no version is known", required)
        ruling = worst(
            [(outcome, f"{version.label}: {text}") for version, (outcome, text) in parts.items()],
            required,
        )
        return replace(ruling, evidence=_proof(observation, parts, ruling.outcome))

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
        "required at every version", lambda found: (outcomes[found.mode], found.mode.value)
    )


def _bind_verified(_: Nothing) -> Judge:
    def say(found: ClientAuth) -> Part:
        if found.mode is ClientAuthMode.NONE and found.asked_on_path is None:
            return Outcome.FAIL, "none is asked for"
        match found.verifies:
            case Verdict.YES:
                return Outcome.PASS, "refuses forged ones"
            case Verdict.NO:
                taken = [one.forged for one in found.attempts if one.is_accepted is Verdict.YES]
                which = f", {listed(one.value.replace('_', '-') for one in taken)}" if taken else ""
                return Outcome.FAIL, f"takes forged ones{which}"
            case _:
                return Outcome.UNKNOWN, "not learnt whether it verifies them"

    required = "forged certificates are refused at every version"
    return _of_each_version(required, say, needs=VERIFIES)


def _bind_authorities(parameters: Authorities) -> Judge:
    allowed = tuple(one.casefold() for one in parameters.allowed)
    required = f"no authorities but {listed(parameters.allowed)}"

    def judge(subject: Subject) -> Evaluation:
        asking = [
            found
            for found in subject.observation.client_auth.values()
            if found.mode is not ClientAuthMode.NONE
        ]
        if any(found.mode is ClientAuthMode.UNKNOWN for found in asking):
            return unknown("not learnt whether a certificate is asked for", required)
        if not asking:
            missing = unknown("client certificates were not asked about", required)
            none = not_applicable("no client certificate is asked for", required)
            return none if subject.observation.client_auth else missing
        names = dict.fromkeys(name for found in asking for name in found.ca_names)
        strange = [
            name for name in names if not any(fnmatchcase(name.casefold(), one) for one in allowed)
        ]
        proof = asking[0].evidence
        if strange or not names:
            observed = listed(strange) if strange else "names none, and so takes any"
            return Evaluation(
                outcome=Outcome.FAIL, observed=observed, required=required, evidence=proof
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
        "not asked for at any version", lambda found: (outcomes[found.mode], found.mode.value)
    )


CLIENT_AUTH_RULES: Final = (
    Rule(
        id="client_certificate_required",
        family=Family.CLIENT_AUTHENTICATION,
        title="A client certificate is required at every version.",
        why="A server that only requests one lets in whoever has none.",
        severity=Severity.CRITICAL,
        parameters=Nothing,
        bind=_bind_required,
    ),
    Rule(
        id="client_certificate_verified",
        family=Family.CLIENT_AUTHENTICATION,
        title="Client certificates that nobody issued are refused.",
        why="A server that takes any certificate takes anybody.",
        severity=Severity.CRITICAL,
        parameters=Nothing,
        bind=_bind_verified,
    ),
    Rule(
        id="client_certificate_authorities",
        family=Family.CLIENT_AUTHENTICATION,
        title="Client certificates are asked for from the allowed authorities alone.",
        why="Each authority that is named, or none at all, widens who gets in.",
        severity=Severity.MEDIUM,
        parameters=Authorities,
        bind=_bind_authorities,
    ),
    Rule(
        id="client_certificate_not_asked",
        family=Family.CLIENT_AUTHENTICATION,
        title="No client certificate is asked for.",
        why="Browsers ask their users for one, and some devices fail.",
        severity=Severity.LOW,
        parameters=Nothing,
        bind=_bind_none,
    ),
)
