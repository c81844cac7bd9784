"""A chain of bytes becomes one Deployment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.certificate import Deployment, KeyType, Problem, TrustVerdict
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from probe.certificates import MOST_CERTIFICATES, TrustStore, deployment
from tests.certificates.making import NOW, SERVER_NAME
from tests.certificates.scenarios import LEAF, LOWER, ROOT, UPPER

STORES = {
    "own": TrustStore("own", lambda: [ROOT.der]),
    "empty": TrustStore("empty", tuple[bytes, ...]),
}
VERSIONS = (ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3)
DER = [each.der for each in (LEAF, LOWER, UPPER)]


def deployed(chain_der: list[bytes], host: str = SERVER_NAME) -> Deployment:
    return deployment(
        chain_der,
        versions=VERSIONS,
        served_with_server_name=True,
        host=host,
        at=NOW,
        stores=STORES,
    )


def test_a_sound_chain() -> None:
    found = deployed(DER)
    assert [each.der for each in found.chain] == DER
    assert found.leaf.dns_names == (SERVER_NAME,)
    assert found.key_type is KeyType.ECDSA
    assert (found.versions, found.served_with_server_name) == (VERSIONS, True)
    assert (found.problems, found.hostname_matches) == ((), Verdict.YES)
    assert found.trust == {
        "own": TrustVerdict(verdict=Verdict.YES),
        "empty": TrustVerdict(
            verdict=Verdict.NO, reason="CN=root was not sent and is not in the store."
        ),
    }


def test_another_host() -> None:
    found = deployed(DER, host="127.0.0.1")
    assert found.hostname_matches is Verdict.NO
    assert found.problems == (Problem.HOSTNAME_MISMATCH,)


def test_more_certificates_than_any_path_has_are_dropped_and_called_surplus() -> None:
    found = deployed(DER + [DER[2] + bytes([number]) for number in range(100)])
    assert len(found.chain) == MOST_CERTIFICATES
    assert Problem.SURPLUS in found.problems
    assert found.trust["own"].verdict is Verdict.YES


def test_an_empty_chain_is_no_deployment() -> None:
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
