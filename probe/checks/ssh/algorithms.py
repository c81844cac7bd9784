"""What does an SSH server offer? (RFC 4253, sections 4.2 and 7.1)

Both sides send their lists in plaintext, before they know each other's. So one conversation shows all lists of
the server, and a name that a complete list lacks is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.ssh.offers import EVERYTHING
from probe.checks.visit_facts import VisitFacts
from probe.crypto.ssh.exchange import SshAnswer, SshExchange
from probe.dialogue.answer import ConnectFailure
from probe.ssh.messages import LISTS, KexInit

STRICT_KEX: Final = "kex-strict-s-v00@openssh.com"
EXTENSION_INFO: Final = "ext-info-s"
_CHACHA20: Final = "chacha20-poly1305@openssh.com"
_POST_QUANTUM: Final = ("mlkem", "sntrup761")

ALGORITHM_FACTS: Final = (
    "identification",
    "version_1",
    *LISTS,
    "strict_key_exchange",
    "extension_info",
    "terrapin",
    "post_quantum_offered",
)


async def check_algorithms(prober: Prober, facts: VisitFacts) -> None:
    """Fills the facts of the identification and of KEXINIT."""
    answer = await prober.converse_in_plaintext(SshExchange(EVERYTHING, prober.nonce))
    facts.ssh_answers.append(answer)
    if isinstance(answer, ConnectFailure):
        unknown = Fact(verdict=Verdict.UNKNOWN, evidence=answer.evidence())
        facts.ssh.update(dict.fromkeys(ALGORITHM_FACTS, unknown))
        return
    facts.ssh.update(_facts_of_identification(answer))
    if answer.kexinit is None:
        unknown = Fact(verdict=Verdict.UNKNOWN, evidence=answer.evidence(answer.outcome))
        facts.ssh.update({name: facts.ssh.get(name, unknown) for name in ALGORITHM_FACTS})
        return
    facts.ssh.update(_facts_of_kexinit(answer, answer.kexinit))


def _facts_of_identification(answer: SshAnswer) -> dict[str, Fact]:
    found = answer.identification
    if found is None:
        return {}
    proof = answer.evidence("the server's identification string")
    speaks_1 = found.protocol.startswith("1.")
    return {
        "identification": Fact(
            verdict=Verdict.YES, value=found.line.decode("utf-8", "replace"), evidence=proof
        ),
        "version_1": Fact(verdict=Verdict.YES if speaks_1 else Verdict.NO, evidence=proof),
    }


def _facts_of_kexinit(answer: SshAnswer, kexinit: KexInit) -> dict[str, Fact]:
    proof = answer.evidence("the server's complete KEXINIT")
    methods = kexinit.named("kex_algorithms")
    post_quantum = [name for name in methods if name.startswith(_POST_QUANTUM)]
    weak = list(_ciphers_open_to_terrapin(kexinit))
    is_strict = STRICT_KEX in methods
    lists = {
        name: Fact(verdict=Verdict.YES, value=",".join(kexinit.named(name)), evidence=proof)
        for name in LISTS
    }
    return lists | {
        "strict_key_exchange": _stated(is_strict, proof),
        "extension_info": _stated(EXTENSION_INFO in methods, proof),
        "terrapin": _stated(bool(weak) and not is_strict, proof, "" if is_strict else weak),
        "post_quantum_offered": _stated(bool(post_quantum), proof, post_quantum),
    }


def _stated(is_so: bool, proof: Evidence, names: list[str] | str = "") -> Fact:
    return Fact(
        verdict=Verdict.YES if is_so else Verdict.NO,
        value=",".join(names) or None,
        evidence=proof,
    )


def _ciphers_open_to_terrapin(kexinit: KexInit) -> Iterator[str]:
    """The ciphers with which CVE-2023-48795 works if the key exchange is not strict: ChaCha20, and CBC with a MAC
    over the ciphertext."""
    found: dict[str, None] = {}
    for direction in ("client_to_server", "server_to_client"):
        ciphers = kexinit.named(f"encryption_algorithms_{direction}")
        macs = kexinit.named(f"mac_algorithms_{direction}")
        has_etm = any(name.endswith("-etm@openssh.com") for name in macs)
        for name in ciphers:
            if name == _CHACHA20 or (has_etm and name.endswith("-cbc")):
                found[name] = None
    return iter(found)
