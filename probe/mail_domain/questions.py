"""What the DNS says about a mail domain: each answer as records, whether DNSSEC proves it, and its bytes."""

from __future__ import annotations

from typing import Final, TypeVar

from dns.rdata import Rdata
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from model.frozen import frozen
from model.verdict import Evidence, Fact, Verdict
from pki.dns.lookup import DnsLookup, LookupFailedError, Records

_Record = TypeVar("_Record", bound=Rdata)
_ROOT: Final = "."


@frozen
class Question:
    """One question and its ``answer``; None if there was none, for which ``failure`` is a sentence."""

    name: str
    record_type: str
    answer: Records | None
    failure: str = ""

    def evidence(self, note: str | None = None) -> Evidence:
        """The answer's bytes."""
        words = note or self.failure or f"{self.record_type} of {self.name}"
        return Evidence(answer=self.answer.answer if self.answer is not None else None, note=words)

    def fact(self, verdict: Verdict, note: str | None = None, value: str | None = None) -> Fact:
        """A fact that the answer proves; unknown without an answer."""
        found = verdict if self.answer is not None else Verdict.UNKNOWN
        return Fact(verdict=found, evidence=self.evidence(note), value=value)

    def of(self, kind: type[_Record]) -> list[_Record]:
        """The records of that class."""
        found = self.answer.found if self.answer is not None else ()
        return [one for one in found if isinstance(one, kind)]

    @property
    def is_authenticated(self) -> bool:
        """Whether the name server validated the answer."""
        return self.answer is not None and self.answer.is_authenticated


async def ask(lookup: DnsLookup, name: str, record_type: str) -> Question:
    """One question; it never fails."""
    try:
        answer = await lookup.records(f"{name.rstrip('.')}.", record_type)
    except LookupFailedError as error:
        return Question(name=name, record_type=record_type, answer=None, failure=str(error))
    return Question(name=name, record_type=record_type, answer=answer)


async def validation(lookup: DnsLookup) -> Question:
    """The SOA record of the root, which is signed: its answer shows whether the name server validates."""
    return await ask(lookup, _ROOT, "SOA")


def dnssec_fact(asked: Question, validates: Fact) -> Fact:
    """Whether DNSSEC protects the answer: yes if it was validated; no only from a name server that validates."""
    if asked.answer is None:
        return asked.fact(Verdict.UNKNOWN)
    if asked.is_authenticated:
        return asked.fact(Verdict.YES, f"{asked.record_type} of {asked.name} is validated.")
    if validates.verdict is Verdict.YES:
        return asked.fact(Verdict.NO, f"{asked.record_type} of {asked.name} is not signed.")
    words = f"The name server did not validate {asked.record_type} of {asked.name}, and does not show that it validates."
    return asked.fact(Verdict.UNKNOWN, words)


def mx_records(asked: Question) -> list[MX]:
    """The MX records by preference, then by name."""
    return sorted(asked.of(MX), key=lambda one: (one.preference, one.exchange))


def texts(asked: Question) -> list[bytes]:
    """The strings of each TXT record, joined (RFC 7208, section 3.3)."""
    return [b"".join(one.strings) for one in asked.of(TXT)]
