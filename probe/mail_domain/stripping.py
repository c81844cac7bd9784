"""The verdict: who can strip TLS from mail to a host, and to the whole domain. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from model.frozen import frozen
from model.mail.mail_domain import WEAKEST_FIRST, MailHost, StsMode, StsPolicy, TlsStripping
from model.verdict import Fact, Verdict

_NOT_THERE: Final = Fact(verdict=Verdict.UNKNOWN)


@frozen
class Published:
    """What a domain publishes about its mail: its facts by name, and its MTA-STS policy if one was read."""

    facts: Mapping[str, Fact]
    policy: StsPolicy | None = None

    @property
    def is_enforced(self) -> Verdict:
        """Whether senders with MTA-STS must use TLS with a valid certificate."""
        record = self.facts.get("mta_sts_record", _NOT_THERE).verdict
        if record is not Verdict.YES:
            return record
        policy = self.facts.get("mta_sts_policy", _NOT_THERE).verdict
        if policy is Verdict.YES and self.policy is not None:
            return Verdict.YES if self.policy.mode is StsMode.ENFORCE else Verdict.NO
        return policy


def of_host(
    facts: Mapping[str, Fact], published: Published, *, has_usable_tlsa: bool
) -> tuple[TlsStripping, str]:
    """Who can strip TLS from mail to a host with these facts, and one sentence why.

    DANE comes first: senders that have both apply it before MTA-STS (RFC 8461, section 2).
    """
    has_dane = _has_dane(facts, published)
    if has_dane is Verdict.YES and has_usable_tlsa:
        return (
            TlsStripping.NO_ONE,
            f"DNSSEC vouches for its certificate (DANE).{_failing_dane(facts)}",
        )
    if published.is_enforced is Verdict.YES and has_dane is not Verdict.UNKNOWN:
        return TlsStripping.FIRST_CONTACT, f"MTA-STS is enforced.{_failing_sts(facts)}"
    if has_dane is Verdict.YES:
        words = (
            "It has TLSA records, but none that SMTP clients can use: any certificate is accepted."
        )
        if published.is_enforced is Verdict.UNKNOWN:
            return (
                TlsStripping.UNKNOWN,
                f"{words} {_note(published.facts, 'mta_sts_record', 'mta_sts_policy')}",
            )
        return TlsStripping.ANY_CERTIFICATE, words
    if has_dane is Verdict.UNKNOWN:
        why = _note(facts, "addresses_dnssec", "tlsa") or _note(published.facts, "mx_dnssec")
        least = " MTA-STS is enforced." if published.is_enforced is Verdict.YES else ""
        return TlsStripping.UNKNOWN, f"Whether DANE applies is unknown.{least} {why}".rstrip()
    if published.is_enforced is Verdict.UNKNOWN:
        why = _note(published.facts, "mta_sts_record", "mta_sts_policy")
        return TlsStripping.UNKNOWN, f"Whether MTA-STS applies is unknown. {why}".rstrip()
    if facts.get("starttls", _NOT_THERE).verdict is Verdict.NO:
        return TlsStripping.NO_TLS, "It does not offer STARTTLS."
    return (
        TlsStripping.ANYONE,
        f"Neither DANE nor MTA-STS obliges senders to use TLS.{_why_not(facts, published)}",
    )


def of_domain(hosts: Sequence[MailHost], *, are_all: bool) -> tuple[TlsStripping, str]:
    """The verdict on the weakest host, to which an attacker can direct mail by blocking the others.

    ``are_all`` is whether these are all hosts of the domain.
    """
    ranked = [one for kind in WEAKEST_FIRST for one in hosts if one.stripping is kind]
    weakest = ranked[0] if ranked else None
    if weakest is not None and weakest.stripping in {TlsStripping.NO_TLS, TlsStripping.ANYONE}:
        return weakest.stripping, f"{weakest.name}: {weakest.reason}"
    open_ones = [one for one in hosts if one.stripping is TlsStripping.UNKNOWN]
    if open_ones:
        return TlsStripping.UNKNOWN, f"{open_ones[0].name}: {open_ones[0].reason}"
    if weakest is None or not are_all:
        return TlsStripping.UNKNOWN, "Not all hosts of the domain were examined."
    return weakest.stripping, f"{weakest.name}: {weakest.reason}"


def _has_dane(facts: Mapping[str, Fact], published: Published) -> Verdict:
    """Whether senders with DANE find validated TLSA records: MX, addresses and records must all be secure."""
    parts = [
        published.facts.get("mx_dnssec", _NOT_THERE).verdict,
        facts.get("addresses_dnssec", _NOT_THERE).verdict,
        facts.get("tlsa", _NOT_THERE).verdict,
    ]
    if Verdict.NO in parts:
        return Verdict.NO
    return Verdict.UNKNOWN if Verdict.UNKNOWN in parts else Verdict.YES


def _failing_dane(facts: Mapping[str, Fact]) -> str:
    if facts.get("dane", _NOT_THERE).verdict is Verdict.NO:
        return " Senders with DANE do not deliver: the certificate matches no usable TLSA record."
    return _without_tls(facts)


def _failing_sts(facts: Mapping[str, Fact]) -> str:
    if facts.get("mta_sts_name", _NOT_THERE).verdict is Verdict.NO:
        return " Senders with MTA-STS do not deliver to it: no mx of the policy names it."
    if facts.get("mta_sts_certificate", _NOT_THERE).verdict is Verdict.NO:
        return " Senders with MTA-STS do not deliver to it: its certificate is not valid."
    return _without_tls(facts)


def _without_tls(facts: Mapping[str, Fact]) -> str:
    if facts.get("starttls", _NOT_THERE).verdict is Verdict.NO:
        return " Such senders do not deliver to it: it does not offer STARTTLS."
    return ""


def _why_not(facts: Mapping[str, Fact], published: Published) -> str:
    """Why what is published has no effect."""
    tlsa, mode = facts.get("tlsa", _NOT_THERE), published.policy and published.policy.mode
    said = f" The MTA-STS policy is in mode {mode}." if mode else ""
    if tlsa.verdict is Verdict.YES:
        return f"{said} Its TLSA records do not count: MX or addresses are not signed."
    return said


def _note(facts: Mapping[str, Fact], *names: str) -> str:
    """The note of the first of these facts that is unknown."""
    for name in names:
        fact = facts.get(name)
        if fact is not None and fact.verdict is Verdict.UNKNOWN:
            return (fact.evidence and fact.evidence.note) or ""
    return ""
