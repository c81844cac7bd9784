"""All checks of a chain together: a missing issuer is found, and its revocation status too."""

from __future__ import annotations

from cryptography import x509

from model.certificates.certificate import Problem, RevocationMethod, ServedChain
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from pki.certificates import TrustStore, deployment
from probe.checks.visit_facts import Stapled
from probe.visit.chain_checks import ChainChecks
from probe.visit.settings import ProbeSettings
from tests.pki.certificates.making import NOW, SERVER_NAME, SERVER_NAMES, Made, make
from tests.pki.revocation.fetching import LOOPBACK, fetch_gate
from tests.pki.revocation.making import ISSUER, STRANGER, response, revocation_list
from tests.pki.revocation.servers import WebServer, web_server

STORES = {"own": TrustStore("own", lambda: [ISSUER.der])}
MUST_STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])


def online() -> ChainChecks:
    settings = ProbeSettings(fetch=True, gate=fetch_gate(LOOPBACK))
    return ChainChecks(settings, STORES)


def offline() -> ChainChecks:
    return ChainChecks(ProbeSettings(), STORES)


def served(*sent: Made) -> ServedChain:
    return deployment(
        [made.der for made in sent],
        versions=(ProtocolVersion.TLSV1_2,),
        served_with_server_name=True,
        host=SERVER_NAME,
        at=NOW,
        stores=STORES,
    )


def hinting(server: WebServer) -> tuple[Made, Made]:
    """A leaf, and the intermediate that its server omits; both name their issuer's URL."""
    method = x509.oid.AuthorityInformationAccessOID.CA_ISSUERS
    place = x509.UniformResourceIdentifier(server.url("/lower"))
    where = [x509.UniformResourceIdentifier(server.url("/crl"))]
    lower = make("lower", issuer=ISSUER, is_ca=True)
    leaf = make(
        "server",
        issuer=lower,
        names=SERVER_NAMES,
        hints=(
            x509.AuthorityInformationAccess([x509.AccessDescription(method, place)]),
            x509.CRLDistributionPoints([x509.DistributionPoint(where, None, None, None)]),
        ),
    )
    server.files["/lower"] = lower.der
    server.files["/crl"] = revocation_list(
        (leaf, x509.ReasonFlags.superseded), signer=lower, name=lower
    )
    return leaf, lower


async def test_a_missing_issuer_is_fetched_and_verifies_the_list() -> None:
    async with web_server() as server:
        leaf, _ = hinting(server)
        before = served(leaf)
        assert Problem.INCOMPLETE in before.problems
        (found,) = await online().check((before,), [], NOW, 10.0)
    assert found.completion is not None
    assert [issuer.subject for issuer in found.completion.issuers] == ["CN=lower"]
    assert found.completion.trust["own"].verdict is Verdict.YES
    assert [(one.method, one.is_revoked) for one in found.revocations] == [
        (RevocationMethod.CRL, Verdict.YES)
    ]
    assert {Problem.INCOMPLETE, Problem.REVOKED} <= set(found.problems)


async def test_offline_no_server_is_contacted() -> None:
    async with web_server() as server:
        leaf, lower = hinting(server)
        (found,) = await offline().check((served(leaf, lower),), [], NOW, 10.0)
        assert server.asked == []
    assert (found.revocations, found.completion) == ((), None)


async def test_a_required_staple_counts_only_if_it_is_good() -> None:
    leaf = make("server", issuer=ISSUER, names=SERVER_NAMES, hints=(MUST_STAPLE,))
    other = make("other", issuer=ISSUER)
    for staple, expected in (
        (response(about=leaf), set()),
        (response(about=other), {Problem.STAPLE_MISSING}),
        (None, {Problem.STAPLE_MISSING}),
    ):
        came = [Stapled(leaf=leaf.der, ocsp_response=staple, sct_list=None)]
        (found,) = await offline().check((served(leaf, ISSUER),), came, NOW, 10.0)
        assert set(found.problems) - {Problem.CONTAINS_ROOT} == expected
        (again,) = await offline().check((found,), None, NOW, 10.0)
        assert (again.problems, again.revocations) == (found.problems, found.revocations)


async def test_a_silent_responder_is_abandoned_at_the_end_of_the_visit() -> None:
    async with web_server() as server:
        method = x509.oid.AuthorityInformationAccessOID.OCSP
        place = x509.UniformResourceIdentifier(server.url("/silence"))
        hint = x509.AuthorityInformationAccess([x509.AccessDescription(method, place)])
        leaf = make("server", issuer=ISSUER, names=SERVER_NAMES, hints=(hint,))
        (found,) = await online().check((served(leaf, ISSUER),), [], NOW, 0.2)
        assert server.asked == ["/silence"]
    (said,) = found.revocations
    assert (said.is_revoked, said.source) == (Verdict.UNKNOWN, server.url("/silence"))
    assert "time was up" in (said.reason or "")


async def test_an_issuer_of_the_trust_store_need_not_be_sent() -> None:
    leaf = make("server", issuer=ISSUER, names=SERVER_NAMES, hints=(MUST_STAPLE,))
    came = [Stapled(leaf=leaf.der, ocsp_response=response(about=leaf), sct_list=None)]
    (found,) = await offline().check((served(leaf),), came, NOW, 10.0)
    assert found.problems == ()
    assert [(one.method, one.is_revoked) for one in found.revocations] == [
        (RevocationMethod.STAPLE, Verdict.NO)
    ]


async def test_a_staple_without_an_issuer_is_unknown() -> None:
    leaf = make("server", issuer=STRANGER, names=SERVER_NAMES)
    came = [Stapled(leaf=leaf.der, ocsp_response=response(about=leaf), sct_list=None)]
    (found,) = await offline().check((served(leaf),), came, NOW, 10.0)
    (said,) = found.revocations
    assert (said.is_revoked, said.reason) == (
        Verdict.UNKNOWN,
        "The issuer was not sent and is in no trust store.",
    )
