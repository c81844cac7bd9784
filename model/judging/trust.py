"""Whether clients trust the certificates of an endpoint: the only rule for pages, the API and ``/probe``."""

from __future__ import annotations

from typing import Final

from model.certificates.certificate import ServedChain
from model.frozen import frozen
from model.observation import Observation
from model.verdict import Verdict


@frozen
class EndpointTrust:
    """The verdict on the worst chain that the target's clients get, and why it is not yes.

    ``is_for_other_names`` is whether the leaf of that chain is valid, but not for the requested name.
    """

    verdict: Verdict
    reason: str = ""
    is_for_other_names: bool = False


def endpoint_trust(observation: Observation) -> EndpointTrust | None:
    """The trust in an endpoint; None if it serves no certificates.

    A chain is trusted if at least one trust store verifies it and its leaf is for the requested name.
    """
    found = [_chain_trust(chain) for chain in observation.own_certificates]
    return min(found, key=lambda one: _WORST_FIRST.index(one.verdict), default=None)


_WORST_FIRST: Final = (Verdict.NO, Verdict.UNKNOWN, Verdict.YES)


def _chain_trust(chain: ServedChain) -> EndpointTrust:
    if chain.hostname_matches is Verdict.NO:
        return EndpointTrust(
            verdict=Verdict.NO, reason="the leaf is for other names", is_for_other_names=True
        )
    verdicts = {found.verdict for found in chain.trust.values()}
    if Verdict.YES not in verdicts:
        reasons = " ".join(found.reason for found in chain.trust.values() if found.reason)
        is_refused = verdicts == {Verdict.NO}
        return EndpointTrust(verdict=Verdict.NO if is_refused else Verdict.UNKNOWN, reason=reasons)
    if chain.hostname_matches is Verdict.UNKNOWN:
        return EndpointTrust(verdict=Verdict.UNKNOWN, reason="the names of the leaf cannot be read")
    return EndpointTrust(verdict=Verdict.YES)
