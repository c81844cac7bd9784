"""The verdict follows from the facts alone, and nothing follows from silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from model.mail.mail_domain import WEAKEST_FIRST, MailHost, StsMode, StsPolicy, TlsStripping
from model.verdict import Fact, Verdict
from probe.mail_domain.stripping import Published, of_domain, of_host

_VERDICTS: Final = st.sampled_from(Verdict)
_FACTS: Final = st.fixed_dictionaries(
    {
        name: _VERDICTS.map(lambda verdict: Fact(verdict=verdict))
        for name in ("addresses_dnssec", "tlsa", "starttls", "dane", "mta_sts_name")
    }
)
_PUBLISHED: Final = st.builds(
    Published,
    facts=st.fixed_dictionaries(
        {
            name: _VERDICTS.map(lambda verdict: Fact(verdict=verdict))
            for name in ("mx_dnssec", "mta_sts_record", "mta_sts_policy")
        }
    ),
    policy=st.sampled_from(StsMode).map(
        lambda mode: StsPolicy(mode=mode, max_age=1, mx=("mx.test",))
    ),
)
_SECURE: Final = ("addresses_dnssec", "tlsa")


@given(_FACTS, _PUBLISHED, st.booleans())
def test_a_protection_needs_its_proofs(
    facts: Mapping[str, Fact], published: Published, is_usable: bool
) -> None:
    found, reason = of_host(facts, published, has_usable_tlsa=is_usable)
    assert reason
    secure = {facts[name].verdict for name in _SECURE} | {published.facts["mx_dnssec"].verdict}
    if found in {TlsStripping.NO_ONE, TlsStripping.ANY_CERTIFICATE}:
        assert secure == {Verdict.YES}
        assert is_usable is (found is TlsStripping.NO_ONE)
    if found is TlsStripping.FIRST_CONTACT:
        assert published.facts["mta_sts_record"].verdict is Verdict.YES
        assert published.facts["mta_sts_policy"].verdict is Verdict.YES
    if found in {TlsStripping.ANYONE, TlsStripping.NO_TLS}:
        assert Verdict.NO in secure
        assert published.is_enforced is Verdict.NO
    if found is TlsStripping.NO_TLS:
        assert facts["starttls"].verdict is Verdict.NO


@given(st.lists(st.sampled_from(TlsStripping), min_size=1), st.booleans())
def test_the_weakest_host_decides_unless_an_unknown_one_may_be_weaker(
    kinds: list[TlsStripping], are_all: bool
) -> None:
    hosts = [
        MailHost(name=f"mx{number}.test", preference=number, stripping=kind, reason="why")
        for number, kind in enumerate(kinds)
    ]
    found, _ = of_domain(hosts, are_all=are_all)
    known = [kind for kind in WEAKEST_FIRST if kind in kinds]
    is_open = not are_all or TlsStripping.UNKNOWN in kinds or not known
    if known and known[0] in {TlsStripping.NO_TLS, TlsStripping.ANYONE}:
        assert found is known[0]
    elif is_open:
        assert found is TlsStripping.UNKNOWN
    else:
        assert found is known[0]
