"""All facts of an endpoint as sections of lines: plain words first, with the raw name and a link to the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporters.fact_words import fact_words
from exporters.pages.rows import Mark
from model.frozen import frozen
from model.observation import AcceptedSet, ClientAuth, ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, UnknownCause, Verdict

_OLD = ProtocolVersion.TLSV1_2
_MODES = {
    ClientAuthMode.NONE: "does not ask for a client certificate",
    ClientAuthMode.REQUESTED: "asks for a client certificate, and accepts clients without one",
    ClientAuthMode.REQUIRED: "requires a client certificate",
    ClientAuthMode.UNKNOWN: "unknown",
}
_VERIFIES: dict[Verdict | None, tuple[str, Mark]] = {
    None: ("", "plain"),
    Verdict.YES: ("; refuses self-made certificates", "good"),
    Verdict.NO: ("; accepts a self-made certificate, so it verifies nothing", "bad"),
    Verdict.UNKNOWN: ("; whether it verifies certificates is unknown", "unknown"),
}


@frozen
class FactLine:
    """One fact: its name in words, its path in the Observation's JSON, and its value in words."""

    name: str
    path: str
    text: str
    mark: Mark = "plain"


@frozen
class FactSection:
    """Facts under one heading; ``summary`` is a few words about all of them."""

    title: str
    summary: str
    lines: tuple[FactLine, ...]


def version_lines(observation: Observation) -> tuple[FactLine, ...]:
    """The protocol versions, newest first."""
    return tuple(
        FactLine(
            name=version.display_name,
            path=f"protocols.{version.label}",
            text={"yes": "accepted", "no": "refused"}.get(fact.verdict.value, "unknown"),
            mark=_version_mark(version, fact.verdict),
        )
        for version, fact in sorted(observation.protocols.items(), reverse=True)
    )


def client_auth_lines(observation: Observation) -> tuple[FactLine, ...]:
    """What each version requires of client certificates, newest first."""
    found = sorted(observation.client_auth.items(), reverse=True)
    return tuple(_client_auth(version, auth) for version, auth in found)


def fact_sections(observation: Observation) -> tuple[FactSection, ...]:
    """Everything else, in reading order, without empty sections."""
    found = (
        _section("SSH", "ssh", observation.ssh),
        _section("IKE", "ike", observation.ike),
        _section("Attacks", "vulnerabilities", observation.vulnerabilities, is_bad=True),
        _section("HTTP", "http", observation.http),
        _section("QUIC", "quic", observation.quic),
        _section("Without TLS", "plaintext", observation.plaintext),
        _section("Features", "features", observation.features),
        _sets("Groups", "groups", observation.groups),
        _sets("Signature schemes", "signature_schemes", observation.signature_schemes),
        _texts("Fingerprints", "fingerprints", observation.fingerprints),
        _texts(
            "Not asked",
            "not_asked",
            {name: f"needs intrusiveness {at}" for name, at in observation.not_asked.items()},
        ),
    )
    return tuple(section for section in found if section.lines)


def _version_mark(version: ProtocolVersion, verdict: Verdict) -> Mark:
    if verdict is Verdict.UNKNOWN:
        return "unknown"
    if verdict is Verdict.NO:
        return "plain"
    return "bad" if version < _OLD else "good"


def _client_auth(version: ProtocolVersion, found: ClientAuth) -> FactLine:
    verified, mark = _VERIFIES[found.verifies]
    text = _MODES[found.mode]
    if found.asked_on_path:
        text += f", but HTTP asks for one on {found.asked_on_path}"
    text += verified
    if found.ca_names:
        text += f". Accepted authorities: {', '.join(found.ca_names)}"
    return FactLine(
        name=version.display_name, path=f"client_auth.{version.label}", text=text, mark=mark
    )


def _section(
    title: str, section: str, facts: Mapping[str, Fact], *, is_bad: bool = False
) -> FactSection:
    lines = tuple(_fact(section, name, fact, is_bad=is_bad) for name, fact in sorted(facts.items()))
    verdicts = [fact.verdict for fact in facts.values()]
    counts = ((Verdict.YES, "yes"), (Verdict.NO, "no"), (Verdict.UNKNOWN, "unknown"))
    summary = ", ".join(
        f"{verdicts.count(verdict)} {words}" for verdict, words in counts if verdict in verdicts
    )
    return FactSection(title=title, summary=summary, lines=lines)


def _fact(section: str, name: str, fact: Fact, *, is_bad: bool) -> FactLine:
    text = fact.verdict.value + (f": {fact.value}" if fact.value else "")
    mark: Mark = "plain"
    if fact.verdict is Verdict.UNKNOWN:
        mark = "unknown"
        if fact.cause is UnknownCause.NEEDS_CLIENT_CERTIFICATE:
            text += ": needs a client certificate"
    elif is_bad and fact.verdict is Verdict.YES:
        mark = "bad"
    return FactLine(name=fact_words(section, name), path=f"{section}.{name}", text=text, mark=mark)


def _sets(title: str, section: str, sets: Mapping[ProtocolVersion, AcceptedSet]) -> FactSection:
    lines = tuple(
        FactLine(
            name=version.display_name,
            path=f"{section}.{version.label}",
            text=_accepted(found),
            mark="plain" if found.complete else "unknown",
        )
        for version, found in sorted(sets.items(), reverse=True)
    )
    names = {name for found in sets.values() for name in found.accepted}
    return FactSection(title=title, summary=f"{len(names)} accepted", lines=lines)


def _accepted(found: AcceptedSet) -> str:
    text = ", ".join(found.accepted) or "none"
    return text if found.complete else f"{text}, and maybe others"


def _texts(title: str, section: str, texts: Mapping[str, str]) -> FactSection:
    lines = tuple(_text_lines(section, texts))
    return FactSection(title=title, summary=str(len(lines)), lines=lines)


def _text_lines(section: str, texts: Mapping[str, str]) -> Iterator[FactLine]:
    for name, text in sorted(texts.items()):
        yield FactLine(name=name.replace("_", " "), path=f"{section}.{name}", text=text)
