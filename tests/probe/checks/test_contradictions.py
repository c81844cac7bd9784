"""Several backends behind one address are recognised by their answers; a single server never is."""

from __future__ import annotations

from itertools import cycle

from hypothesis import given, settings

from probe.checks.prober import Prober
from probe.checks.versions_and_suites.contradictions import check_contradictions
from probe.checks.versions_and_suites.versions import check_versions
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import Offer
from tests.probe.checks.simulation import Simulation
from tests.probe.checks.test_enumeration import models
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel

ONE = ServerModel(cipher_suites={wire.TLSV1_2: (0xC02B, 0xC02C)})
OTHER = ServerModel(cipher_suites={wire.TLSV1_2: (0xC02C, 0xC02B)})
WITHOUT_IT = ServerModel(cipher_suites={wire.TLSV1_1: (0xC009,)})


class Backends(Simulation):
    """Each connection goes to the next of several servers."""

    def __init__(self, *backends: ServerModel) -> None:
        super().__init__(backends[0])
        self._turns = cycle(backends)

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        self.model = next(self._turns)
        return await super().ask(offer, patient=patient, is_chained=is_chained)


async def learn(way: Simulation) -> VisitFacts:
    facts, prober = VisitFacts(inputs=VisitInputs(server_name="zoo.test")), Prober(way)
    await check_versions(prober, facts)
    await check_contradictions(prober, facts)
    return facts


async def test_two_backends_that_differ_are_reported() -> None:
    for backends in ((ONE, OTHER, ONE, OTHER, OTHER), (ONE, ONE, ONE, WITHOUT_IT, WITHOUT_IT)):
        found = [
            contradiction
            for turn in range(len(backends))
            for contradiction in (
                await learn(Backends(*backends[turn:], *backends[:turn]))
            ).contradictions
        ]
        assert found
        assert all(len(contradiction.answers) == 3 for contradiction in found)
        assert all("TLSv1" in contradiction.subject for contradiction in found)


@settings(deadline=None)
@given(model=models())
async def test_one_server_never_contradicts_itself(model: ServerModel) -> None:
    assert (await learn(Simulation(model))).contradictions == ()
