"""CAA and TLSA from a real signed zone, through a validating resolver and through one that does not validate."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from model.certificates.certificate import Judgement, ServedChain
from model.clock import SystemClock
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from pki.certificates import TrustStore, deployment
from pki.dns import DnsLookup, judge_caa, judge_tlsa
from pki.dns.tlsa import MAX_DNS_RECORDS
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.pki.certificates.making import NOW, make
from tests.pki.dns.name_servers import NameServers, name_servers
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates

HOSTS = ("free", "ours", "others", "closed", "strange", "iodef", "a.wild", "b.wild")


def _named(organization: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])


CA = make(_named("Let's Encrypt"), is_ca=True)
INTERNAL = make(_named("Zoo CA"), is_ca=True)
NAMES = tuple(
    x509.DNSName(name) for name in (*(f"{host}.test" for host in HOSTS[:-1]), "*.wild.test")
)
LEAF, INTERNAL_LEAF = (make("server", issuer=issuer, names=NAMES) for issuer in (CA, INTERNAL))
STRANGER = make("stranger", issuer=CA, names=NAMES)


def _tlsa(usage: int, selector: int, matching: int, der: bytes) -> str:
    if selector == 1:
        key = x509.load_der_x509_certificate(der).public_key()
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = {0: bytes, 1: lambda it: hashlib.sha256(it).digest()}.get(matching)
    matched = digest(der) if digest else hashlib.sha512(der).digest()
    return f"{usage} {selector} {matching} {matched.hex()}"


TLSA = {
    1001: [_tlsa(3, 1, 1, LEAF.der)],
    1002: [_tlsa(3, 0, 2, LEAF.der)],
    1003: [_tlsa(2, 0, 1, CA.der)],
    1004: [_tlsa(2, 1, 0, INTERNAL.der), _tlsa(3, 1, 1, STRANGER.der)],
    1005: [_tlsa(1, 1, 1, LEAF.der)],
    1006: [_tlsa(2, 0, 1, LEAF.der)],
    1007: ["3 1 9 00", f"9 1 1 {32 * '00'}"],
    1008: [f"3 1 1 {number:064x}" for number in range(MAX_DNS_RECORDS + 1)],
}
RECORDS = (
    'ours CAA 0 issue "letsencrypt.org; validationmethods=dns-01"',
    'others CAA 0 issue "ca.example"',
    'closed CAA 0 issue ";"',
    'strange CAA 128 tbs "unknown"',
    'iodef CAA 0 iodef "mailto:security@test"',
    'wild CAA 0 issue "letsencrypt.org"',
    'wild CAA 0 issuewild "ca.example"',
    *(f"_{port}._tcp.free TLSA {text}" for port, texts in TLSA.items() for text in texts),
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServers]:
    with name_servers(RECORDS, tmp_path_factory.mktemp("dns")) as ports:
        yield ports


def at(port: int) -> DnsLookup:
    return DnsLookup([("127.0.0.1", port)])


def served(*ders: bytes, trusted: bool = True) -> ServedChain:
    anchors = [CA.der] if trusted else []
    return deployment(
        ders,
        versions=(ProtocolVersion.TLSV1_3,),
        served_with_server_name=True,
        host="free.test",
        at=NOW,
        stores={"own": TrustStore("own", lambda: anchors)},
    )


@pytest.mark.integration
@pytest.mark.parametrize(
    ("host", "verdict", "words"),
    [
        ("free.test", Verdict.YES, "No CAA record applies to free.test."),
        ("ours.test", Verdict.YES, None),
        ("deep.below.ours.test", Verdict.YES, None),
        ("others.test", Verdict.NO, "others.test permits ca.example, but not Let's Encrypt."),
        ("closed.test", Verdict.NO, "The CAA records of closed.test forbid issuance by any CA."),
        ("iodef.test", Verdict.YES, "The CAA records of iodef.test do not restrict issuance."),
        ("a.wild.test", Verdict.YES, None),
        ("b.wild.test", Verdict.NO, "wild.test permits ca.example, but not Let's Encrypt."),
    ],
)
async def test_caa_records_decide_who_may_issue(
    host: str, verdict: Verdict, words: str | None, servers: NameServers
) -> None:
    found = await judge_caa(served(LEAF.der).leaf, host, at(servers.resolver))
    assert found == Judgement(verdict=verdict, reason=words)


@pytest.mark.integration
async def test_an_unknown_critical_property_forbids_every_issuer(servers: NameServers) -> None:
    found = await judge_caa(served(LEAF.der).leaf, "strange.test", at(servers.resolver))
    assert found.verdict is Verdict.NO
    assert "tbs" in (found.reason or "")


@pytest.mark.integration
async def test_an_issuer_without_a_known_domain_is_unknown(servers: NameServers) -> None:
    found = await judge_caa(served(INTERNAL_LEAF.der).leaf, "others.test", at(servers.resolver))
    assert found.verdict is Verdict.UNKNOWN


@pytest.mark.integration
@pytest.mark.parametrize(
    ("port", "verdict"),
    [
        (1001, Verdict.YES),
        (1002, Verdict.YES),
        (1003, Verdict.YES),
        (1004, Verdict.NO),
        (1005, Verdict.YES),
        (1006, Verdict.NO),
        (1007, Verdict.NO),
        (1008, Verdict.UNKNOWN),
    ],
)
async def test_the_chain_is_checked_against_the_tlsa_records(
    port: int, verdict: Verdict, servers: NameServers
) -> None:
    chain = served(LEAF.der, CA.der)
    found = await judge_tlsa(chain, "free.test", port, at(servers.resolver))
    assert found is not None
    assert found.verdict is verdict, found.reason


@pytest.mark.integration
async def test_a_pkix_usage_needs_a_trusted_chain(servers: NameServers) -> None:
    chain = served(LEAF.der, CA.der, trusted=False)
    found = await judge_tlsa(chain, "free.test", 1005, at(servers.resolver))
    assert found is not None
    assert found.verdict is Verdict.NO


@pytest.mark.integration
async def test_without_dnssec_validation_nothing_is_claimed(servers: NameServers) -> None:
    chain = served(LEAF.der, CA.der)
    found = await judge_tlsa(chain, "free.test", 1001, at(servers.authority))
    assert found is not None
    assert found.verdict is Verdict.UNKNOWN
    assert "DNSSEC" in (found.reason or "")


@pytest.mark.integration
async def test_no_records_and_no_answer_are_distinguished(servers: NameServers) -> None:
    chain = served(LEAF.der, CA.der)
    assert await judge_tlsa(chain, "free.test", 443, at(servers.resolver)) is None
    # No root server answers here, so the resolver fails for names outside its zone.
    found = await judge_tlsa(chain, "free.example", 443, at(servers.resolver))
    assert found is not None
    assert found.verdict is Verdict.UNKNOWN
    caa = await judge_caa(chain.leaf, "free.example", at(servers.resolver))
    assert caa.verdict is Verdict.UNKNOWN


@pytest.mark.integration
async def test_a_visit_has_caa_and_tlsa_if_they_are_requested(
    certificates: Certificates, tmp_path: Path
) -> None:
    (server,) = [one for one in SERVERS if one.name == "openssl-tls12-only"]
    pem = certificates.rsa.leaf_file.read_bytes()
    leaf = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    (tmp_path / "dns").mkdir()
    (tmp_path / "server").mkdir()
    with server.start(certificates, tmp_path / "server") as port:
        records = [f"_{port}._tcp.zoo TLSA {_tlsa(3, 1, 1, leaf)}", 'zoo CAA 0 issue ";"']
        with name_servers(records, tmp_path / "dns") as ports:
            asked = (("127.0.0.1", ports.resolver),)
            settings = ProbeSettings(dns_records=True, name_servers=asked)
            engine = Engine(settings, SystemClock())
            target = Target(host="zoo.test", port=port, server_name="zoo.test")
            found = await engine.visit(Endpoint(target=target, address="127.0.0.1"))
    (chain,) = found.certificates
    assert {name: one.verdict for name, one in chain.dns.items()} == {
        "caa": Verdict.NO,
        "tlsa": Verdict.YES,
    }
