"""A chain's sources are used in turn, each once, and openssl's own responder is understood."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from model.certificates.certificate import Revocation, RevocationMethod
from model.clock import SystemClock
from model.verdict import Verdict
from pki.certificates import parse_certificate
from pki.revocation.checker import RevocationChecker, judge_staple
from pki.revocation.fetch_budget import FetchBudget
from tests.pki.certificates.making import DAY, NOW, SERVER_NAMES, Made, make
from tests.pki.revocation.fetching import fetcher
from tests.pki.revocation.making import ISSUER, response, revocation_list
from tests.pki.revocation.servers import web_server
from tests.zoo.process import Command, running

ISOLATED = Path(__file__).parents[2] / "zoo" / "isolated.py"
KEY = x509.ReasonFlags.key_compromise


def pointing(*, crl: str | None = None, ocsp: str | None = None, issuer: Made = ISSUER) -> Made:
    """A leaf that names these sources."""
    extensions: list[x509.ExtensionType] = []
    if crl is not None:
        where = [x509.UniformResourceIdentifier(crl)]
        point = x509.DistributionPoint(where, None, None, None)
        extensions.append(x509.CRLDistributionPoints([point]))
    if ocsp is not None:
        method = x509.oid.AuthorityInformationAccessOID.OCSP
        place = x509.UniformResourceIdentifier(ocsp)
        extensions.append(x509.AuthorityInformationAccess([x509.AccessDescription(method, place)]))
    return make("server", issuer=issuer, names=SERVER_NAMES, hints=tuple(extensions))


async def check(checker: RevocationChecker, leaf: Made) -> tuple[Revocation, ...]:
    return await checker.check(
        [parse_certificate(one.der) for one in (leaf, ISSUER)], NOW, FetchBudget()
    )


async def test_the_crl_is_used_if_the_responder_fails_and_fetched_once() -> None:
    async with web_server() as server:
        leaf = pointing(crl=server.url("/crl"), ocsp=server.url("/ocsp"))
        server.files["/crl"] = revocation_list((leaf, KEY))
        checker = RevocationChecker(fetcher())
        answers = await asyncio.gather(*(check(checker, leaf) for _ in range(5)))
        for found in answers:
            assert [(one.method, one.is_revoked) for one in found] == [
                (RevocationMethod.OCSP, Verdict.UNKNOWN),
                (RevocationMethod.CRL, Verdict.YES),
            ]
            assert "HTTP status 404" in (found[0].reason or "")
        await check(checker, leaf)
        assert sorted(server.asked) == ["/crl", "/ocsp"]


async def test_a_list_is_read_once_for_all_endpoints_that_serve_the_certificate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[bytes] = []
    load = x509.load_der_x509_crl

    def counting(crl: bytes) -> x509.CertificateRevocationList:
        read.append(crl)
        return load(crl)

    monkeypatch.setattr(x509, "load_der_x509_crl", counting)
    async with web_server() as server:
        leaf = pointing(crl=server.url("/crl"))
        server.files["/crl"] = revocation_list((leaf, KEY))
        checker = RevocationChecker(fetcher())
        first = await check(checker, leaf)
        asked = len(read)
        for _ in range(20):
            assert await check(checker, leaf) == first
    assert len(read) == asked


async def test_a_stale_answer_is_fetched_again() -> None:
    async with web_server() as server:
        leaf = pointing(crl=server.url("/crl"))
        server.files["/crl"] = revocation_list(next_update=NOW + DAY)
        checker = RevocationChecker(fetcher())
        chain = [parse_certificate(one.der) for one in (leaf, ISSUER)]
        for moment in (NOW, NOW + DAY / 24, NOW + DAY / 2):
            await checker.check(chain, moment, FetchBudget())
        assert server.asked == ["/crl", "/crl"]


async def test_without_the_issuer_no_responder_is_queried() -> None:
    async with web_server() as server:
        leaf = parse_certificate(pointing(crl=server.url("/crl")).der)
        assert await RevocationChecker(fetcher()).check([leaf], NOW, FetchBudget()) == ()
        assert server.asked == []


async def test_an_address_that_may_not_be_queried_is_unknown() -> None:
    leaf = pointing(crl="http://169.254.169.254/crl")
    (found,) = await check(RevocationChecker(fetcher()), leaf)
    assert found.is_revoked is Verdict.UNKNOWN
    assert "must not be contacted" in (found.reason or "")


def test_a_staple_is_about_the_leaf() -> None:
    leaf = pointing()
    chain = [parse_certificate(one.der) for one in (leaf, ISSUER)]
    (found,) = judge_staple(chain, response(about=leaf), NOW)
    assert (found.position, found.method, found.is_revoked) == (0, "staple", "no")
    assert judge_staple(chain, None, NOW) == ()
    (unknown,) = judge_staple(chain[:1], response(about=leaf), NOW)
    assert unknown.is_revoked is Verdict.UNKNOWN


@pytest.mark.integration
@pytest.mark.parametrize(("status", "verdict"), [("V", Verdict.NO), ("R", Verdict.YES)])
async def test_openssl_s_own_responder_is_understood(
    status: str, verdict: Verdict, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        leaf = pointing(ocsp=url)
        command = Command(
            arguments=[
                *(sys.executable, str(ISOLATED), str(listener.fileno()), "waiting for OCSP client"),
                *_responder(leaf, status, tmp_path),
            ],
            ready="^relaying$",
            inherited_descriptors=[listener.fileno()],
        )
        with running(command, tmp_path):
            chain = [parse_certificate(one.der) for one in (leaf, ISSUER)]
            # The responder dates its answers by the machine's clock.
            (found,) = await RevocationChecker(fetcher()).check(
                chain, SystemClock().now(), FetchBudget()
            )
    assert (found.is_revoked, found.source) == (verdict, url)
    if verdict is Verdict.YES:
        assert found.reason == "The CA's reason: keyCompromise."


def _responder(leaf: Made, status: str, directory: Path) -> list[str]:
    revoked = "260101000000Z,keyCompromise" if status == "R" else ""
    serial = f"{leaf.certificate.serial_number:X}"
    serial = serial if len(serial) % 2 == 0 else f"0{serial}"
    index = directory / "index.txt"
    index.write_text(f"{status}\t360101000000Z\t{revoked}\t{serial}\tunknown\t/CN=server\n")
    ca, key = directory / "ca.pem", directory / "ca.key"
    ca.write_bytes(ISSUER.pem)
    key.write_bytes(ISSUER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return [
        *("openssl", "ocsp", "-index", str(index), "-port", "{port}"),
        *("-CA", str(ca), "-rsigner", str(ca), "-rkey", str(key), "-ndays", "1"),
    ]
