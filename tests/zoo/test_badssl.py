"""badssl.com's sub-sites about more than a chain, rebuilt on nginx; docs/explanation/badssl.md lists them all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509

from model.certificates.certificate import ServedChain, Validation
from model.clock import SystemClock
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.pki.certificates.making import SERVER_NAME, SERVER_NAMES, make
from tests.pki.certificates.scenarios import LEAF, LOWER, ROOT, UPPER, Scenario
from tests.pki.revocation.making import ISSUER
from tests.pki.transparency.making import write_list
from tests.pki.transparency.test_scts import ENDED, LISTED, ONE, THREE, with_embedded
from tests.probe.programmable.primes import prime
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.deployments import DEPLOYMENTS, served
from tests.zoo.nginx_servers import Nginx
from tests.zoo.test_deployments import ClockOfTheCertificates
from tests.zoo.test_key_exchanges import new_prime, write_parameters

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs/explanation/badssl.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^|]*)` \|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE)

PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.DH, Part.VULNERABILITIES})
TLSV1_2 = ProtocolVersion.TLSV1_2
DHE: Final = "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A configuration of nginx, and its expected facts.

    ``field`` is the prime of its own Diffie-Hellman parameters, ``named_field`` the file that every nginx of
    the zoo has, with ffdhe2048.
    """

    ciphers: str = "ECDHE+AESGCM"
    versions: str = "TLSv1.2"
    field: Callable[[], int] | None = None
    named_field: str | None = None
    shows: Callable[[Observation], object]


def _suites(observation: Observation) -> set[str]:
    return {name for found in observation.cipher_suites.values() for name in found.accepted}


def _versions(observation: Observation) -> set[str]:
    facts = observation.protocols.items()
    return {version.label for version, fact in facts if fact.verdict is Verdict.YES}


def _logjam(observation: Observation) -> tuple[int, Verdict]:
    (field,) = observation.dh
    return field.prime_bits, observation.vulnerabilities["logjam"].verdict


def _is_safe(observation: Observation) -> Verdict:
    (field,) = observation.dh
    return field.is_safe_prime


SITES: Final[Mapping[str, tuple[Site, object]]] = {
    "cbc": (
        Site(ciphers="ECDHE-RSA-AES128-SHA", shows=_suites),
        {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    ),
    "null": (
        Site(ciphers="NULL-SHA256:@SECLEVEL=0", shows=_suites),
        {"TLS_RSA_WITH_NULL_SHA256"},
    ),
    "static-rsa": (
        Site(ciphers="AES128-GCM-SHA256", shows=_suites),
        {"TLS_RSA_WITH_AES_128_GCM_SHA256"},
    ),
    "tls-v1-0": (Site(ciphers="ALL:@SECLEVEL=0", versions="TLSv1", shows=_versions), {"TLSv1.0"}),
    "tls-v1-1": (
        Site(ciphers="ALL:@SECLEVEL=0", versions="TLSv1.1", shows=_versions),
        {"TLSv1.1"},
    ),
    "tls-v1-2": (Site(shows=_versions), {"TLSv1.2"}),
    "tls-v1-3": (Site(versions="TLSv1.3", shows=_versions), {"TLSv1.3"}),
    "dh1024": (
        Site(ciphers=DHE, field=lambda: prime("RFC 2409 group 2"), shows=_logjam),
        (1024, Verdict.YES),
    ),
    "dh2048": (Site(ciphers=DHE, shows=_logjam, named_field="dh.pem"), (2048, Verdict.NO)),
    "dh-composite": (
        Site(ciphers=DHE, field=lambda: new_prime(512) * new_prime(512), shows=_is_safe),
        Verdict.NO,
    ),
}


@pytest.mark.integration
@pytest.mark.parametrize("name", SITES)
async def test_a_badssl_configuration_is_detected(
    name: str, certificates: Certificates, tmp_path: Path
) -> None:
    site, expected = SITES[name]
    directives = [f"ssl_protocols {site.versions};", f"ssl_ciphers {site.ciphers};"]
    if site.field is not None:
        # It writes dh.pem, and the code that starts nginx does so too.
        write_parameters(tmp_path, site.field())
        (tmp_path / "dh.pem").rename(tmp_path / "own.pem")
    parameters = "own.pem" if site.field else site.named_field
    if parameters is not None:
        directives.append(f"ssl_dhparam {parameters};")
    nginx = Nginx(identities=lambda all_of_them: (all_of_them.rsa,), directives=tuple(directives))
    with nginx.start(certificates, tmp_path) as port:
        engine = Engine(ProbeSettings(deadline_seconds=300.0, parts=PARTS), SystemClock())
        target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME)
        seen = await engine.visit(Endpoint(target=target, address="127.0.0.1"))
    assert site.shows(seen) == expected


_EXTENDED = x509.CertificatePolicies(
    [x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.1"), None)]
)
CHAINS: Final = {
    "no-sct": Scenario(sent=(LEAF, LOWER, UPPER), anchors=(ROOT,)),
    "invalid-expected-sct": Scenario(sent=(with_embedded(ENDED, ENDED), ISSUER), anchors=(ISSUER,)),
    "scts of two logs": Scenario(sent=(with_embedded(ONE, THREE), ISSUER), anchors=(ISSUER,)),
    "extended-validation": Scenario(
        sent=(make("server", issuer=ISSUER, names=SERVER_NAMES, hints=(_EXTENDED,)), ISSUER),
        anchors=(ISSUER,),
    ),
}


@pytest.mark.integration
async def test_timestamps_and_validation_are_read(tmp_path: Path) -> None:
    found: dict[str, ServedChain] = {}
    settings = ProbeSettings(
        parts=frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.REVOCATION}),
        log_list=write_list(tmp_path / "logs.json", *LISTED),
    )
    with served(tmp_path, CHAINS) as ports:
        for name, port in ports.items():
            target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME)
            engine = Engine(settings, ClockOfTheCertificates())
            seen = await engine.visit(Endpoint(target=target, address="127.0.0.1"))
            (found[name],) = seen.certificates
    told = {name: one.transparency["chrome"].verdict for name, one in found.items()}
    assert told["no-sct"] is Verdict.NO
    assert told["invalid-expected-sct"] is Verdict.NO
    assert told["scts of two logs"] is Verdict.YES
    assert {one.is_valid for one in found["scts of two logs"].scts} == {Verdict.YES}
    assert {one.is_valid for one in found["invalid-expected-sct"].scts} == {Verdict.NO}
    assert found["extended-validation"].leaf.validation is Validation.EXTENDED


def test_every_row_of_the_page_names_something_existing() -> None:
    known = {
        "deployment": set(DEPLOYMENTS),
        "site": {*SITES, *CHAINS},
        "server": {server.name for server in SERVERS},
    }
    assert len(ROWS) > 50
    for site, _, held in ROWS:
        named = re.findall(r"(deployment|site|server) `([^`]+)`", held)
        tests = re.findall(r"`([a-z_/]+\.py)::(test_[a-z0-9_]+)`", held)
        assert named or tests or "not TLS: " in held, site
        assert [(kind, name) for kind, name in named if name not in known[kind]] == [], site
        for file, test in tests:
            assert f"def {test}(" in (TESTS / file).read_text(encoding="utf-8"), site
