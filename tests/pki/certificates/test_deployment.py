"""A chain of bytes becomes one ServedChain."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from model.certificates.certificate import KeyType, Problem, ServedChain
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from pki.certificates import MOST_CERTIFICATES, TrustStore, deployment, load_trust_store
from pki.certificates.trust_files import read_anchors
from service.demo.authority import DemoAuthority
from tests.pki.certificates.making import NOW, SERVER_NAME
from tests.pki.certificates.scenarios import LEAF, LOWER, ROOT, UPPER
from tests.zoo.certificates import Certificates
from tests.zoo.truth import SERVER_NAME as ZOO_NAME
from tests.zoo.truth import TRUST_STORE

STORES = {
    "own": TrustStore("own", lambda: [ROOT.der]),
    "empty": TrustStore("empty", tuple[bytes, ...]),
}
VERSIONS = (ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3)
DER = [each.der for each in (LEAF, LOWER, UPPER)]


def deployed(chain_der: list[bytes], host: str = SERVER_NAME) -> ServedChain:
    return deployment(
        chain_der,
        versions=VERSIONS,
        served_with_server_name=True,
        host=host,
        at=NOW,
        stores=STORES,
    )


def test_a_sound_chain_has_no_problems() -> None:
    found = deployed(DER)
    assert [each.der for each in found.chain] == DER
    assert found.leaf.dns_names == (SERVER_NAME,)
    assert found.key_type is KeyType.ECDSA
    assert (found.versions, found.served_with_server_name) == (VERSIONS, True)
    assert (found.problems, found.hostname_matches) == ((), Verdict.YES)
    assert {name: (one.verdict, one.reason) for name, one in found.trust.items()} == {
        "own": (Verdict.YES, None),
        "empty": (Verdict.NO, "CN=root was not sent and is not in the store."),
    }


def test_a_certificate_of_another_host_is_a_mismatch() -> None:
    found = deployed(DER, host="127.0.0.1")
    assert found.hostname_matches is Verdict.NO
    assert found.problems == (Problem.HOSTNAME_MISMATCH,)


def test_more_certificates_than_any_path_has_are_dropped_and_reported_as_surplus() -> None:
    found = deployed(DER + [DER[2] + bytes([number]) for number in range(100)])
    assert len(found.chain) == MOST_CERTIFICATES
    assert Problem.SURPLUS in found.problems
    assert found.trust["own"].verdict is Verdict.YES


def test_an_empty_chain_is_not_a_deployment() -> None:
    with pytest.raises(ValueError, match="at least the server's own certificate"):
        deployed([])


@given(
    st.lists(
        st.sampled_from(DER)
        | st.binary(max_size=40)
        | st.tuples(st.sampled_from(DER), st.integers(0, 400), st.binary(max_size=3)).map(
            lambda cut: cut[0][: cut[1]] + cut[2] + cut[0][cut[1] + len(cut[2]) :]
        ),
        min_size=1,
        max_size=5,
    )
)
def test_hostile_chains_never_raise(chain_der: list[bytes]) -> None:
    found = deployed(chain_der)
    assert len(found.chain) == len(chain_der)
    assert set(found.trust) == set(STORES)


def test_the_chains_of_the_zoo_have_the_expected_facts(certificates: Certificates) -> None:
    stores = {TRUST_STORE: load_trust_store(TRUST_STORE, certificates.root_file)}
    identities = (
        certificates.rsa,
        certificates.ecdsa,
        certificates.ed25519,
        certificates.expired,
        certificates.without_intermediate,
    )
    for identity in identities:
        found = deployment(
            read_anchors(identity.chain_file),
            versions=VERSIONS,
            served_with_server_name=True,
            host=ZOO_NAME,
            at=datetime.now(UTC),
            stores=stores,
        )
        trusted = Verdict.NO if identity.chain.problems else Verdict.YES
        assert tuple(each.sha256 for each in found.chain) == identity.chain.sha256s
        assert found.key_type is identity.key_type
        assert frozenset(found.problems) == identity.chain.problems
        assert (found.trust[TRUST_STORE].verdict, found.hostname_matches) == (trusted, Verdict.YES)


@pytest.mark.parametrize(
    ("days_left", "sends_intermediate", "problems"),
    [(60, True, ()), (-3, True, (Problem.EXPIRED,)), (60, False, (Problem.INCOMPLETE,))],
)
def test_the_demo_has_its_intended_problems(
    days_left: int, sends_intermediate: bool, problems: tuple[Problem, ...]
) -> None:
    authority = DemoAuthority(NOW)
    leaf = authority.server("x.demo.test", "ecdsa", days_left)
    issued = [leaf, authority.intermediate] if sends_intermediate else [leaf]
    root = authority.root.certificate.public_bytes(serialization.Encoding.DER)
    stores = {"demo": TrustStore("demo", lambda: [root]), "mozilla": load_trust_store("m", None)}
    found = deployment(
        [each.certificate.public_bytes(serialization.Encoding.DER) for each in issued],
        versions=VERSIONS,
        served_with_server_name=True,
        host="x.demo.test",
        at=NOW,
        stores=stores,
    )
    assert found.problems == problems
    assert found.trust["demo"].verdict is (Verdict.NO if problems else Verdict.YES)
    assert found.trust["mozilla"].verdict is Verdict.NO
