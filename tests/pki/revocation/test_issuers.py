"""Missing issuers are found through the URLs in certificates, in each form; loops end."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from pki.certificates import parse_certificate
from pki.revocation.fetch_budget import FetchBudget
from pki.revocation.issuers import missing_issuers
from tests.pki.certificates.making import SERVER_NAMES, Made, make
from tests.pki.revocation.fetching import fetcher
from tests.pki.revocation.making import STRANGER
from tests.pki.revocation.servers import WebServer, web_server

ROOT = make("root", is_ca=True)


def above(url: str) -> tuple[x509.ExtensionType, ...]:
    method = x509.oid.AuthorityInformationAccessOID.CA_ISSUERS
    place = x509.UniformResourceIdentifier(url)
    return (x509.AuthorityInformationAccess([x509.AccessDescription(method, place)]),)


def chain(server: WebServer) -> tuple[Made, Made]:
    """A leaf and its intermediate, each with the URL of its issuer."""
    lower = make("lower", issuer=ROOT, is_ca=True, hints=above(server.url("/root")))
    leaf = make("server", issuer=lower, names=SERVER_NAMES, hints=above(server.url("/lower")))
    return leaf, lower


async def found_for(*sent: Made) -> tuple[list[str | None], str | None]:
    issuers, reason = await missing_issuers(
        [parse_certificate(one.der) for one in sent], fetcher(), FetchBudget()
    )
    return [one.subject for one in issuers], reason


@pytest.mark.parametrize("form", ["der", "pem", "pkcs7", "pkcs7 pem"])
async def test_each_format_is_read_up_to_the_root(form: str) -> None:
    async with web_server() as server:
        leaf, lower = chain(server)
        server.files["/root"] = ROOT.der
        both = [STRANGER.certificate, lower.certificate]
        server.files["/lower"] = {
            "der": lower.der,
            "pem": STRANGER.pem + lower.pem,
            "pkcs7": pkcs7.serialize_certificates(both, Encoding.DER),
            "pkcs7 pem": pkcs7.serialize_certificates(both, Encoding.PEM),
        }[form]
        assert await found_for(leaf) == (["CN=lower", "CN=root"], None)
        assert await found_for(leaf, lower) == (["CN=root"], None)


async def test_a_failure_to_complete_the_path_is_reported() -> None:
    async with web_server() as server:
        leaf, lower = chain(server)
        assert "HTTP status 404" in ((await found_for(leaf))[1] or "")
        server.files["/lower"] = STRANGER.der
        assert "does not contain the issuer of CN=server" in ((await found_for(leaf))[1] or "")
        server.files |= {"/lower": lower.der, "/root": b"no certificate"}
        names, reason = await found_for(leaf)
        assert names == ["CN=lower"]
        assert "does not contain the issuer of CN=lower" in (reason or "")
    plain = make("plain", issuer=ROOT)
    assert await found_for(plain) == ([], "CN=plain has no further caIssuers URL.")


async def test_circular_issuers_terminate() -> None:
    async with web_server() as server:
        one = make(
            "one",
            is_ca=True,
            issuer_name=make("two").certificate.subject,
            key_identifiers=False,
            hints=above(server.url("/two")),
        )
        two = make(
            "two",
            issuer=one,
            is_ca=True,
            key_identifiers=False,
            hints=above(server.url("/one")),
        )
        server.files |= {"/one": one.der, "/two": two.der}
        _, reason = await found_for(two)
        assert reason is not None
        assert len(server.asked) <= 5
