"""The chains that an endpoint serves, drawn from the leaf to the root: dates, keys, trust, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from exporters.pages.rows import Badge, Mark
from model.certificates.certificate import (
    Certificate,
    Judgement,
    NameAsked,
    Problem,
    Revocation,
    ServedChain,
    TrustVerdict,
)
from model.certificates.lifetime import Lifetime, expiry_text
from model.certificates.problem_text import problem_text
from model.frozen import frozen
from model.verdict import Verdict

_NAMES_SHOWN = 20
_TRUST: dict[Verdict, tuple[str, Mark]] = {
    Verdict.YES: ("trusted by", "good"),
    Verdict.NO: ("not trusted by", "bad"),
    Verdict.UNKNOWN: ("unknown whether trusted by", "unknown"),
}
_REVOKED: dict[Verdict, tuple[str, Mark]] = {
    Verdict.YES: ("revoked", "bad"),
    Verdict.NO: ("not revoked", "good"),
    Verdict.UNKNOWN: ("unknown whether revoked", "unknown"),
}
_LOGGED: dict[Verdict, tuple[str, Mark]] = {
    Verdict.YES: ("meets", "good"),
    Verdict.NO: ("does not meet", "warning"),
    Verdict.UNKNOWN: ("unknown whether it meets", "unknown"),
}
_ASKED = {
    NameAsked.OWN: "clients that send this name",
    NameAsked.NO_NAME: "clients that send no name",
    NameAsked.UNKNOWN_NAME: "clients that send another name",
}


@frozen
class Link:
    """One certificate of a drawn chain; ``is_missing`` is one that the server should have sent."""

    title: str
    role: str
    facts: tuple[tuple[str, str], ...] = ()
    expiry: Badge | None = None
    is_missing: bool = False


@frozen
class DrawnChain:
    """One chain: the sentence about who gets it, the verdicts on it, the problems, and its certificates."""

    title: str
    served_to: str
    verdicts: tuple[Badge, ...]
    problems: tuple[str, ...]
    links: tuple[Link, ...]


def drawn_chains(chains: tuple[ServedChain, ...], now: datetime) -> tuple[DrawnChain, ...]:
    """The chains that the target's own clients get come first."""
    ordered = sorted(chains, key=lambda chain: not chain.is_own)
    return tuple(_drawn(chain, now) for chain in ordered)


def _drawn(chain: ServedChain, now: datetime) -> DrawnChain:
    versions = ", ".join(version.display_name for version in sorted(chain.versions, reverse=True))
    asked = " and ".join(_ASKED[name] for name in chain.names)
    return DrawnChain(
        title=f"{chain.key_type.value.upper()} certificate",
        served_to=f"Served to {asked}{f', at {versions}' if versions else ''}.",
        verdicts=tuple(_verdicts(chain)),
        problems=tuple(problem_text(problem, chain) for problem in chain.problems),
        links=tuple(_links(chain, now)),
    )


def _verdicts(chain: ServedChain) -> Iterator[Badge]:
    for store, found in sorted(chain.trust.items()):
        words, mark = _TRUST[found.verdict]
        yield Badge(text=f"{words} {store}", mark=mark, title=_why(found))
    if chain.is_own and chain.hostname_matches is not Verdict.UNKNOWN:
        matches = chain.hostname_matches is Verdict.YES
        words = "is for this name" if matches else "is for other names"
        yield Badge(text=words, mark="good" if matches else "bad")
    yield from map(_revocation, chain.revocations)
    for program, judged in sorted(chain.transparency.items()):
        yield _log_policy(program, judged)


def _log_policy(program: str, judged: Judgement) -> Badge:
    words, mark = _LOGGED[judged.verdict]
    return Badge(text=f"{words} {program}'s log policy", mark=mark, title=judged.reason or "")


def _revocation(found: Revocation) -> Badge:
    words, mark = _REVOKED[found.is_revoked]
    position = "" if found.position == 0 else f", certificate {found.position + 1}"
    text = f"{words} ({found.method.value}{position})"
    return Badge(text=text, mark=mark, title=found.reason or "")


def _why(found: TrustVerdict) -> str:
    return found.reason or found.strict_reason or ""


def _links(chain: ServedChain, now: datetime) -> Iterator[Link]:
    last = len(chain.chain) - 1
    for position, certificate in enumerate(chain.chain):
        role = "leaf" if position == 0 else "root" if certificate.is_self_signed else "issuer"
        yield _link(certificate, role, now)
        if position == last and Problem.INCOMPLETE in chain.problems:
            yield from _missing(chain, certificate, now)


def _missing(chain: ServedChain, last: Certificate, now: datetime) -> Iterator[Link]:
    """The certificates that the server does not send; by name only, if they were not fetched."""
    fetched = chain.completion.issuers if chain.completion else ()
    for issuer in fetched:
        found = _link(issuer, "not sent, fetched by its URL", now)
        yield Link(title=found.title, role=found.role, facts=found.facts, is_missing=True)
    if not fetched:
        yield Link(title=last.issuer or "unknown issuer", role="not sent", is_missing=True)


def _link(certificate: Certificate, role: str, now: datetime) -> Link:
    names = (*certificate.dns_names, *certificate.ip_addresses)
    title = certificate.subject or ", ".join(names[:1]) or "a certificate without a subject"
    return Link(
        title=title,
        role=role,
        facts=tuple(_facts(certificate, names if role == "leaf" else ())),
        expiry=_expiry(certificate, now),
    )


def _facts(certificate: Certificate, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if names:
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        yield "names", ", ".join(names[:_NAMES_SHOWN]) + more
    if certificate.not_before and certificate.not_after:
        yield "valid", f"{certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}"
    key = f"{certificate.key_type.value.upper()} {certificate.key_bits or ''}".strip()
    yield "key", key
    if certificate.signature_algorithm:
        yield "signature", certificate.signature_algorithm
    yield "issuer", certificate.issuer or "unknown"
    yield "SHA-256", certificate.sha256
    if certificate.parse_error:
        yield "cannot be read", certificate.parse_error


def _expiry(certificate: Certificate, now: datetime) -> Badge | None:
    if certificate.not_after is None:
        return None
    lifetime = Lifetime.of(certificate.not_before, certificate.not_after)
    mark: Mark = "good"
    if certificate.not_after <= now:
        mark = "bad"
    elif lifetime is not None and now >= lifetime.warning_at:
        mark = "warning"
    return Badge(text=expiry_text(certificate.not_after, now), mark=mark)
