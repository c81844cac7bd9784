"""SSL Labs' rating of a server by its published guide: a score, and caps on the resulting letter.

The source is SSL Server Rating Guide 2009r (2025-05-16). ``ssl_labs_score`` computes the score. Faults then
cap the grade, and each fault that does so is listed. T means that the chain is not trusted, M that the
certificate is for other names. The guide's exact wording on A- and A+ is uncertain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from model.certificates.certificate import Problem, ServedChain
from model.findings.attacks import attack_title
from model.frozen import frozen
from model.judging.asked import feature_does_not_apply, vulnerability_does_not_apply
from model.judging.spoken import has_no_certificates, spoken, suite_gaps
from model.judging.ssl_labs_score import accepted_suites, key_score, score_of
from model.observation import Observation
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import CipherSuite
from model.verdict import Verdict

GRADES: Final = ("A+", "A", "A-", "B", "C", "D", "E", "F", "T", "M")
"""Best first; T and M are outside the scale and worse than any other grade."""

_SSLV2, _SSLV3, _TLS10, _TLS11, _TLS12, _TLS13 = STREAM_VERSIONS
_LETTERS: Final = ((80, "A"), (65, "B"), (50, "C"), (35, "D"), (20, "E"), (0, "F"))
_BROKEN: Final = (
    *("heartbleed", "ccs_injection", "ticketbleed", "robot", "drown", "poodle_tls"),
    "insecure_renegotiation",
)
_LONG_HSTS_SECONDS: Final = 15_552_000


@frozen
class Grade:
    """The ``letter`` that follows from the known facts, the ``score`` out of 100, and why it is no better.

    ``unknown`` lists what is not known, each with the letter to which it could cap the grade. ``not_asked``
    does the same for what is asked only at a higher intrusiveness level.
    """

    letter: str
    score: int
    reasons: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]
    not_asked: tuple[tuple[str, str], ...] = ()

    def unknown_below(self, letter: str) -> list[str]:
        """The unknown facts that could make the grade worse than ``letter``."""
        return _below(letter, self.unknown)

    def not_asked_below(self, letter: str) -> list[str]:
        """The facts not asked about that could make the grade worse than ``letter``."""
        return _below(letter, self.not_asked)

    def is_at_least(self, letter: str) -> bool:
        """Whether the grade is ``letter`` or better."""
        return GRADES.index(self.letter) <= GRADES.index(letter)


@frozen
class _Cap:
    """A fault that caps the grade at ``letter``; ``holds`` is unknown if the fact behind it is.

    ``fact`` names that fact if visits of a low intrusiveness do not ask about it.
    """

    letter: str
    reason: str
    holds: Callable[[Observation, datetime], Verdict]
    fact: str = ""


def grade(observation: Observation, at: datetime) -> Grade:
    """The rating of one endpoint that answered with TLS, at an aware time."""
    score = score_of(observation)
    reached = "A+" if score >= 80 else _letter(score)
    reasons: list[tuple[str, str]] = []
    unknown = [("F", gap) for gap in suite_gaps(observation)]
    not_asked: list[tuple[str, str]] = []
    for cap in _CAPS:
        if cap.fact in observation.not_asked:
            not_asked.append((cap.letter, f"whether {cap.reason}"))
            continue
        verdict = cap.holds(observation, at)
        if verdict is Verdict.YES:
            reasons.append((cap.letter, cap.reason))
        elif verdict is Verdict.UNKNOWN:
            unknown.append((cap.letter, f"whether {cap.reason}"))
    letter = max([reached, *(letter for letter, _ in reasons)], key=GRADES.index)
    said = [f"{capped}: {reason}" for capped, reason in reasons]
    if reached not in ("A+", "A"):
        said.append(f"{reached}: the score is {score}")
    return Grade(
        letter=letter,
        score=score,
        reasons=tuple(said),
        unknown=tuple(unknown),
        not_asked=tuple(not_asked),
    )


def _below(letter: str, caps: Iterable[tuple[str, str]]) -> list[str]:
    least = GRADES.index(letter)
    return [what for capped, what in caps if GRADES.index(capped) > least]


def _letter(score: int) -> str:
    return next(letter for least, letter in _LETTERS if score >= least)


def _yes(is_so: bool) -> Verdict:
    return Verdict.YES if is_so else Verdict.NO


def _speaks(*versions: ProtocolVersion) -> Callable[[Observation, datetime], Verdict]:
    """Whether the endpoint speaks any of the versions."""

    def holds(observation: Observation, _: datetime) -> Verdict:
        facts = [observation.protocols.get(version) for version in versions]
        verdicts = {fact.verdict if fact else Verdict.UNKNOWN for fact in facts}
        if Verdict.YES in verdicts:
            return Verdict.YES
        return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.NO

    return holds


def _best_is_below(version: ProtocolVersion) -> Callable[[Observation, datetime], Verdict]:
    def holds(observation: Observation, _: datetime) -> Verdict:
        return _yes(max(spoken(observation), default=version) < version)

    return holds


def _has_suite(
    fits: Callable[[CipherSuite], bool], versions: Iterable[ProtocolVersion] = STREAM_VERSIONS
) -> Callable[[Observation, datetime], Verdict]:
    """Gaps in the suites are reported once, in addition to all caps."""
    wanted = tuple(versions)

    def holds(observation: Observation, _: datetime) -> Verdict:
        return _yes(any(map(fits, accepted_suites(observation, wanted))))

    return holds


def _lacks_suite(
    fits: Callable[[CipherSuite], bool],
) -> Callable[[Observation, datetime], Verdict]:
    def holds(observation: Observation, _: datetime) -> Verdict:
        return _yes(not any(map(fits, accepted_suites(observation))))

    return holds


def _vulnerable(name: str) -> Callable[[Observation, datetime], Verdict]:
    def holds(observation: Observation, _: datetime) -> Verdict:
        fact = observation.vulnerabilities.get(name)
        if fact is not None:
            return fact.verdict
        return Verdict.NO if vulnerability_does_not_apply(observation, name) else Verdict.UNKNOWN

    return holds


def _key_at_most(score: int) -> Callable[[Observation, datetime], Verdict]:
    def holds(observation: Observation, _: datetime) -> Verdict:
        return _yes(key_score(observation) <= score)

    return holds


def _chain(
    judge: Callable[[ServedChain, datetime], Verdict],
) -> Callable[[Observation, datetime], Verdict]:
    """Apply ``judge`` to the target's own chains: yes if it is yes for any of them."""

    def holds(observation: Observation, at: datetime) -> Verdict:
        chains = observation.own_certificates
        if not chains:
            return Verdict.NO if has_no_certificates(observation) else Verdict.UNKNOWN
        verdicts = [judge(chain, at) for chain in chains]
        if Verdict.YES in verdicts:
            return Verdict.YES
        return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.NO

    return holds


def _has_problem(*problems: Problem) -> Callable[[Observation, datetime], Verdict]:
    return _chain(lambda chain, _: _yes(any(one in chain.problems for one in problems)))


def _signed_over(*hashes: str) -> Callable[[Observation, datetime], Verdict]:
    def judge(chain: ServedChain, _: datetime) -> Verdict:
        algorithm = (chain.leaf.signature_algorithm or "").casefold()
        return _yes(any(one in algorithm for one in hashes))

    return _chain(judge)


def _is_untrusted(chain: ServedChain, _: datetime) -> Verdict:
    verdicts = {found.verdict for found in chain.trust.values()}
    if Verdict.YES in verdicts:
        return Verdict.NO
    return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts or not verdicts else Verdict.YES


def _is_out_of_date(chain: ServedChain, at: datetime) -> Verdict:
    begin, end = chain.leaf.not_before, chain.leaf.not_after
    if begin is None or end is None:
        return Verdict.UNKNOWN
    return _yes(not begin <= at <= end)


def _is_for_others(chain: ServedChain, _: datetime) -> Verdict:
    opposite = {Verdict.YES: Verdict.NO, Verdict.NO: Verdict.YES}
    return opposite.get(chain.hostname_matches, Verdict.UNKNOWN)


def _lacks_secure_renegotiation(observation: Observation, _: datetime) -> Verdict:
    fact = observation.features.get("secure_renegotiation")
    if fact is None:
        is_moot = feature_does_not_apply(observation, "secure_renegotiation")
        return Verdict.NO if is_moot else Verdict.UNKNOWN
    return {Verdict.YES: Verdict.NO, Verdict.NO: Verdict.YES}.get(fact.verdict, Verdict.UNKNOWN)


def _lacks_tls13(observation: Observation, at: datetime) -> Verdict:
    verdict = _speaks(_TLS13)(observation, at)
    return {Verdict.YES: Verdict.NO, Verdict.NO: Verdict.YES}.get(verdict, Verdict.UNKNOWN)


def _lacks_long_hsts(observation: Observation, _: datetime) -> Verdict:
    fact = observation.http.get("hsts")
    if fact is None or fact.verdict is Verdict.UNKNOWN:
        return Verdict.UNKNOWN
    age = fact.value or ""
    is_long = age.isdecimal() and int(age) >= _LONG_HSTS_SECONDS
    return _yes(fact.verdict is Verdict.NO or not is_long)


def _is_weak(suite: CipherSuite) -> bool:
    return suite.export or suite.encryption_bits < 112


def _is_rc4(suite: CipherSuite) -> bool:
    return suite.encryption == "RC4"


def _is_short_block(suite: CipherSuite) -> bool:
    return suite.encryption in ("3DES", "IDEA", "DES", "RC2")


_CAPS: Final = (
    _Cap(letter="F", reason="SSL 2.0 is offered", holds=_speaks(_SSLV2)),
    _Cap(letter="F", reason="SSL 3.0 is the best version", holds=_best_is_below(_TLS10)),
    _Cap(
        letter="F",
        reason="a cipher suite is under 112 bits or for export",
        holds=_has_suite(_is_weak),
    ),
    _Cap(letter="F", reason="a key is under 1024 bits", holds=_key_at_most(40)),
    *(
        _Cap(
            letter="F",
            reason=f"it is vulnerable to {attack_title(name)}",
            holds=_vulnerable(name),
            fact=name,
        )
        for name in _BROKEN
    ),
    _Cap(
        letter="F",
        reason="the certificate is signed with MD5 or MD2",
        holds=_signed_over("md5", "md2"),
    ),
    _Cap(letter="C", reason="no version is TLS 1.2 or better", holds=_best_is_below(_TLS12)),
    _Cap(
        letter="C",
        reason="RC4 is accepted at TLS 1.1 or better",
        holds=_has_suite(_is_rc4, (_TLS11, _TLS12)),
    ),
    _Cap(
        letter="C",
        reason="64-bit block ciphers are accepted at TLS 1.1 or better",
        holds=_has_suite(_is_short_block, (_TLS11, _TLS12)),
    ),
    _Cap(
        letter="C",
        reason=f"it is vulnerable to {attack_title('crime')}",
        holds=_vulnerable("crime"),
    ),
    _Cap(
        letter="C",
        reason=f"it is vulnerable to {attack_title('poodle_ssl3')}",
        holds=_vulnerable("poodle_ssl3"),
    ),
    _Cap(letter="B", reason="SSL 3.0 is offered", holds=_speaks(_SSLV3)),
    _Cap(letter="B", reason="TLS 1.0 or TLS 1.1 is offered", holds=_speaks(_TLS10, _TLS11)),
    _Cap(letter="B", reason="a key is under 2048 bits", holds=_key_at_most(80)),
    _Cap(
        letter="B",
        reason="no suite has authenticated encryption",
        holds=_lacks_suite(lambda suite: suite.aead),
    ),
    _Cap(
        letter="B",
        reason="no suite has forward secrecy",
        holds=_lacks_suite(lambda suite: suite.forward_secrecy),
    ),
    _Cap(letter="B", reason="RC4 is accepted", holds=_has_suite(_is_rc4)),
    _Cap(
        letter="B",
        reason="an intermediate certificate may be missing",
        holds=_has_problem(Problem.INCOMPLETE),
    ),
    _Cap(letter="A-", reason="TLS 1.3 is not offered", holds=_lacks_tls13),
    _Cap(
        letter="A-",
        reason="secure renegotiation is missing",
        holds=_lacks_secure_renegotiation,
    ),
    _Cap(letter="A", reason="HSTS lasts less than 180 days", holds=_lacks_long_hsts, fact="hsts"),
    _Cap(letter="T", reason="the chain is not trusted", holds=_chain(_is_untrusted)),
    _Cap(letter="T", reason="the certificate is not valid now", holds=_chain(_is_out_of_date)),
    _Cap(letter="T", reason="the chain is revoked", holds=_has_problem(Problem.REVOKED)),
    _Cap(letter="T", reason="the certificate is signed with SHA-1", holds=_signed_over("sha1")),
    _Cap(letter="M", reason="the certificate is for other names", holds=_chain(_is_for_others)),
)
