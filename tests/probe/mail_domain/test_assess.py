"""Mail domains on real servers: the verdict of each follows from how its zone, its MTA and its policy are configured."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from model.clock import SystemClock
from model.mail.mail_domain import MailDomain, Rollover, StsMode, TlsStripping
from model.verdict import Verdict
from pki.certificates import load_trust_store
from pki.dns import DnsLookup
from probe.checks.check_groups import parse_parts
from probe.mail_domain.assess import MailDomainAssessor, MailPorts
from probe.mail_domain.policy_fetch import PolicyFetcher
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.mail_domain.mail_world import POLICIES, World

pytestmark = pytest.mark.integration

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A domain, who can strip TLS there, and facts of the domain and of its only host."""

    domain: str
    stripping: TlsStripping
    facts: dict[str, Verdict] = field(default_factory=dict)
    host: dict[str, Verdict] = field(default_factory=dict)
    rollover: Rollover | None = None
    words: str = ""


_DANE = {"addresses_dnssec": YES, "starttls": YES, "tlsa": YES}
_STS = {"mta_sts_record": YES, "mta_sts_policy": YES}
CASES = (
    Case(
        domain="dane.signed",
        stripping=TlsStripping.NO_ONE,
        facts={"mx_dnssec": YES, "dnssec_validation": YES, "mta_sts_record": NO, "tls_rpt": YES},
        host=_DANE | {"dane": YES},
        rollover=Rollover.SAME_KEY,
    ),
    Case(
        domain="rolled.signed",
        stripping=TlsStripping.NO_ONE,
        facts={"tls_rpt": NO},
        host=_DANE | {"dane": NO},
        rollover=Rollover.BROKEN,
        words="Senders with DANE do not deliver",
    ),
    Case(
        domain="ca.signed",
        stripping=TlsStripping.NO_ONE,
        host=_DANE | {"dane": YES},
        rollover=Rollover.SAME_CA,
    ),
    Case(
        domain="next.signed",
        stripping=TlsStripping.NO_ONE,
        host=_DANE | {"dane": YES},
        rollover=Rollover.OTHER_RECORD,
    ),
    Case(domain="pkix.signed", stripping=TlsStripping.ANY_CERTIFICATE, host=_DANE),
    Case(
        domain="sts.plain",
        stripping=TlsStripping.FIRST_CONTACT,
        facts=_STS | {"mx_dnssec": NO},
        host={"starttls": YES, "tlsa": NO, "mta_sts_name": YES, "mta_sts_certificate": YES},
    ),
    Case(
        domain="wildcard.plain",
        stripping=TlsStripping.FIRST_CONTACT,
        host={"mta_sts_name": YES},
    ),
    Case(
        domain="mismatch.plain",
        stripping=TlsStripping.FIRST_CONTACT,
        facts=_STS,
        host={"mta_sts_name": NO, "mta_sts_certificate": YES},
        words="no mx of the policy names it",
    ),
    Case(
        domain="untrusted-mx.plain",
        stripping=TlsStripping.FIRST_CONTACT,
        host={"mta_sts_name": YES, "mta_sts_certificate": NO},
        words="its certificate is not valid",
    ),
    Case(domain="testing.plain", stripping=TlsStripping.ANYONE, facts=_STS, words="testing"),
    Case(
        domain="opportunistic.plain",
        stripping=TlsStripping.ANYONE,
        facts={"mta_sts_record": NO, "mx": YES},
        host={"starttls": YES, "tlsa": NO},
    ),
    Case(domain="cleartext.plain", stripping=TlsStripping.NO_TLS, host={"starttls": NO}),
    Case(domain="implicit.plain", stripping=TlsStripping.ANYONE, host={"starttls": YES}),
    Case(
        domain="unsigned-mx.plain",
        stripping=TlsStripping.ANYONE,
        facts={"mx_dnssec": NO},
        host={"tlsa": YES, "dane": YES},
        rollover=Rollover.SAME_KEY,
        words="Its TLSA records do not count",
    ),
    Case(domain="null.plain", stripping=TlsStripping.NO_MAIL, facts={"mx": NO}, words="null MX"),
    Case(domain="absent.plain", stripping=TlsStripping.NO_MAIL, facts={"mx": NO}),
    Case(
        domain="failing.signed",
        stripping=TlsStripping.UNKNOWN,
        facts={"mta_sts_record": UNKNOWN},
        words="Whether MTA-STS applies is unknown",
    ),
    Case(
        domain="silent.plain",
        stripping=TlsStripping.UNKNOWN,
        facts={"mta_sts_record": YES, "mta_sts_policy": UNKNOWN},
    ),
    *(
        Case(
            domain=f"{name}.plain",
            stripping=TlsStripping.ANYONE,
            facts={"mta_sts_record": YES, "mta_sts_policy": NO},
        )
        for name in ("invalid", "untrusted", "redirected", "html", "big", "missing")
    ),
    Case(domain="twice.plain", stripping=TlsStripping.ANYONE, facts={"mta_sts_record": NO}),
)


async def assess(
    world: World, domain: str, name_server: int | None = None, timeout_seconds: float = 5.0
) -> MailDomain:
    stores: dict[str, Path | None] = {"own": world.root_file}
    settings = ProbeSettings(trust_stores=stores, parts=parse_parts(["certificates", "plaintext"]))
    clock = SystemClock()
    engine = Engine(settings, clock)
    anchors = {name: load_trust_store(name, path) for name, path in stores.items()}
    assessor = MailDomainAssessor(
        DnsLookup([("127.0.0.1", name_server or world.resolver)], timeout_seconds=timeout_seconds),
        engine.visit,
        PolicyFetcher(settings.gate, engine.politeness, anchors),
        clock,
        ports=MailPorts(smtp=world.smtp, https=world.https),
    )
    return await assessor.assess(domain)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.domain)
async def test_the_verdict_follows_from_the_configuration(case: Case, world: World) -> None:
    found = await assess(world, case.domain)
    assert found.stripping is case.stripping, found.reason
    verdicts = {name: fact.verdict for name, fact in found.facts.items()}
    assert verdicts | case.facts == verdicts
    assert case.words in found.reason
    if case.stripping is TlsStripping.NO_MAIL:
        assert not found.hosts
        return
    (host,) = found.hosts
    seen = {name: fact.verdict for name, fact in host.facts.items()}
    assert seen | case.host == seen
    assert host.rollover is case.rollover
    for facts in (found.facts, host.facts):
        proofs = {
            name: fact.evidence for name, fact in facts.items() if fact.verdict is not UNKNOWN
        }
        assert all(proof is not None and proof.answer for proof in proofs.values()), proofs


async def test_the_bytes_of_a_policy_are_its_evidence(world: World) -> None:
    found = await assess(world, "sts.plain")
    assert found.policy is not None
    assert (found.policy.mode, found.policy.mx) == (StsMode.ENFORCE, ("mx.sts.plain",))
    proof = found.facts["mta_sts_policy"].evidence
    assert proof is not None
    assert proof.answer == POLICIES["sts.plain"]
    assert found.facts["mta_sts_record"].value == "20261201"


async def test_a_refused_certificate_is_the_evidence_against_the_policy(world: World) -> None:
    found = await assess(world, "untrusted.plain")
    proof = found.facts["mta_sts_policy"].evidence
    assert proof is not None
    assert proof.answer is not None
    assert b"mta-sts.untrusted.plain" in proof.answer


async def test_the_weakest_host_decides(world: World) -> None:
    found = await assess(world, "two.plain")
    assert [host.name for host in found.hosts] == ["mx.dane.signed", "mx.sts.plain"]
    assert found.stripping is TlsStripping.ANYONE


async def test_a_name_server_that_does_not_validate_leaves_dane_unknown(world: World) -> None:
    found = await assess(world, "dane.signed", name_server=world.authority)
    assert found.stripping is TlsStripping.UNKNOWN
    assert found.facts["mx_dnssec"].verdict is UNKNOWN
    assert "did not validate" in found.reason
    opportunistic = await assess(world, "opportunistic.plain", name_server=world.authority)
    assert opportunistic.stripping is TlsStripping.ANYONE


async def test_no_name_server_leaves_everything_unknown(world: World) -> None:
    found = await assess(world, "dane.signed", name_server=world.https, timeout_seconds=0.1)
    assert found.stripping is TlsStripping.UNKNOWN
    assert {fact.verdict for fact in found.facts.values()} == {UNKNOWN}
